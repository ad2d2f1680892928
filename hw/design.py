"""From a model file to the circuit behind the pads, the same for a board and for its simulation."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hw.board.shell import Shell
from hw.core import Core
from plan.capacities import Capacities
from plan.contents import contents
from plan.engine import Engine
from plan.link import WINDOW
from plan.planner import Plan, plan
from spec import artifact, reference, selftest
from spec.protocol import CHUNK_BYTES
from spec.quantized import QuantizedNetwork
from spec.replies import Identity, digest, labels_digest

_SOURCES = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """A quantized network on an engine, with what its board says of itself.

    Parameters
    ----------
    quantized
        The network.
    model
        Digest of its file.
    engine, clock_hz
        What computes it, and how fast its clock is.
    build
        Tells bitstreams apart, eight bytes: see :func:`hw.provenance.build_id`.
    """

    quantized: QuantizedNetwork
    model: bytes
    engine: Engine
    clock_hz: int
    build: bytes = bytes(8)

    @classmethod
    def load(cls, path: Path, engine: Engine, clock_hz: int, build: bytes = bytes(8)) -> "Design":
        """The design of a model file.

        Raises
        ------
        spec.artifact.ArtifactError
            If the file cannot be read or is outside the contract.
        """
        quantized = artifact.load(path)
        return cls(
            quantized=quantized,
            model=digest(path.read_bytes()),
            engine=engine,
            clock_hz=clock_hz,
            build=build,
        )

    @cached_property
    def plan(self) -> Plan:
        """Raises :class:`plan.planner.PlanError` if the network does not fit the engine."""
        return plan(self.quantized.network, self.engine)

    @cached_property
    def identity(self) -> Identity:
        network = self.quantized.network
        return Identity(
            height=network.image.height,
            width=network.image.width,
            classes=network.classes,
            chunk_bytes=CHUNK_BYTES,
            window=WINDOW,
            rows=self.engine.rows,
            columns=self.engine.columns,
            pixels=self.engine.pixels,
            clock_hz=self.clock_hz,
            cycles=self.plan.cycles,
            model=self.model,
            labels=labels_digest(self.quantized.labels),
            build=self.build,
            name=network.name,
        )

    @cached_property
    def sums(self) -> list[int]:
        """What the self-test's image must give."""
        network = self.quantized.network
        picture = selftest.image(network.image.height, network.image.width)
        return reference.run(self.quantized, picture)["sums"].tolist()

    @cached_property
    def capacities(self) -> Capacities:
        """What the circuit can hold."""
        return self.plan.needs()

    @property
    def core(self) -> Core:
        """The accelerator, with the network in its memories."""
        memories = contents(self.quantized, self.plan, self.capacities)
        return Core(engine=self.engine, capacities=self.capacities, contents=memories)

    def shell(self, *, divisors: tuple[int, ...], tick: int, leds: int) -> Shell:
        """The circuit behind the pads; see :class:`hw.board.shell.Shell`."""
        return Shell(
            core=self.core,
            identity=self.identity,
            sums=self.sums,
            decision=self.quantized.decision,
            divisors=divisors,
            tick=tick,
            leds=leds,
        )


def fingerprint(*settings: object) -> bytes:
    """Eight bytes: a digest of the circuit's sources and of these settings, for what is kept."""
    state = hashlib.sha256(repr(settings).encode())
    for room in ("spec", "plan", "hw"):
        for path in sorted((_SOURCES / room).rglob("*.py")):
            state.update(path.read_bytes())
    return digest(state.digest())

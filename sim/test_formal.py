"""Every handshake, for every stall pattern; and no proof holds for a part that is broken."""

import inspect
import sys
from types import ModuleType

import pytest
from amaranth.hdl import Cover, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.board.cobs import Stuffer
from hw.board.feeder import Feeder
from hw.board.frames import FrameSender
from hw.board.guard import FrameGuard
from hw.board.responder import Responder
from hw.board.uart import Transmitter
from hw.engine.window import WindowGenerator
from hw.fire.fetcher import Fetcher
from hw.fire.issuer import Issuer
from hw.fire.loader import WeightLoader
from hw.fire.results import Results
from hw.fire.rows import MemoryRows, StreamedRows
from hw.fire.writer import Writer
from hw.sdram.controller import Controller
from hw.sdram.memtest import MemoryTest
from hw.sdram.rows import RowCutter, RowJoiner
from hw.store import Store
from sim.core_harnesses import SentResults, WindowedPixels
from sim.fire_harnesses import OF_PAIRS, FetchedSteps, FinishedSteps
from sim.formal import ProofError, prove
from sim.image_harness import FedImages, GuardedFrames
from sim.link_harnesses import SentWords, StuffedBytes, ToldResults, WiredBytes
from sim.row_harnesses import JoinedRows, StoredWords
from sim.sdram_harnesses import ComparedWords, StreamedWords, WrittenWords
from sim.weight_harnesses import ChosenRows, LoadedWeights

#: Padding above, left and below; no rows of the ring to spare.
WINDOW = {"width": 5, "kernel": 2, "stride": 2, "padding": 1, "ring_rows": 1}

#: By name: the harness, its arguments, and the depth at which all its covers are reached.
PROOFS = {
    "stuffer": (StuffedBytes, {}, 24),
    "sender": (SentWords, {}, 20),
    "transmitter": (WiredBytes, {}, 48),
    "feeder": (FedImages, {"undisturbed": True}, 48),
    "feeder disturbed": (FedImages, {"undisturbed": False}, 34),
    "guard": (GuardedFrames, {}, 24),
    "responder": (ToldResults, {}, 20),
    "window rows": (WindowedPixels, WINDOW | {"height": 2, "word_bytes": 12}, 28),
    "window pairs": (WindowedPixels, WINDOW | {"height": 2, "word_bytes": 12, "pixels": 2}, 28),
    "window words": (WindowedPixels, WINDOW | {"height": 1, "word_bytes": 4}, 22),
    "results": (SentResults, {}, 24),
    "weights": (LoadedWeights, {}, 24),
    "streamed weights": (ChosenRows, {}, 24),
    "fetcher": (FetchedSteps, {}, 28),
    "steps": (FinishedSteps, {}, 46),
    "steps of pairs": (FinishedSteps, {"format": OF_PAIRS}, 46),
    "sdram stream": (StreamedWords, {"interval": 60, "undisturbed": True}, 46),
    "sdram stream refreshed": (StreamedWords, {"interval": 38, "undisturbed": True}, 60),
    "sdram stream anew": (StreamedWords, {"interval": 60, "undisturbed": False}, 34),
    "sdram writes": (WrittenWords, {}, 24),
    "sdram rows": (JoinedRows, {"width": 18, "rows": 3}, 30),
    "sdram row": (JoinedRows, {"width": 18, "rows": 1}, 20),
    "sdram words": (JoinedRows, {"width": 16, "rows": 2}, 20),
    "sdram word": (JoinedRows, {"width": 16, "rows": 1}, 20),
    "store": (StoredWords, {}, 17),
    "sdram test": (ComparedWords, {}, 24),
}

#: A proof, the part that is broken in it, a text of the part's source, and what takes its place.
BREAKS = [
    ("stuffer", Stuffer, "at.eq(at + 1)", "at.eq(at)"),
    ("stuffer", Stuffer, "payload.eq(size + 1)", "payload.eq(size + 2)"),
    (
        "sender",
        FrameSender,
        "with m.If(self.o.ready):\n                    m.d.comb += crc.valid",
        "with m.If(1):\n                    m.d.comb += crc.valid",
    ),
    (
        "sender",
        FrameSender,
        'with m.If(self.i.valid):\n                    m.next = "give"',
        'with m.If(1):\n                    m.next = "give"',
    ),
    ("transmitter", Transmitter, "ready.eq(count == 0)", "ready.eq(count <= 1)"),
    ("feeder", Feeder, "chunks.available & ~chunks.free", "chunks.available"),
    (
        "feeder disturbed",
        Feeder,
        "settle.eq(0)\n                with m.If(self.drop):",
        "settle.eq(0)\n                with m.If(0):",
    ),
    ("feeder disturbed", FrameGuard, "with m.If(dropped):", "with m.If(0):"),
    ("guard", FrameGuard, "dropped | (offered & self.i.payload.first)", "dropped"),
    (
        "guard",
        FrameGuard,
        "[left.eq(self.frame - 1), final",
        "[left.eq(self.frame), final",
    ),
    ("responder", Responder, "with m.Elif(self.i.valid):", "with m.Else():"),
    (
        "responder",
        Responder,
        "with m.If(self.o.ready):\n                    with m.If(left == 0):",
        "with m.If(1):\n                    with m.If(left == 0):",
    ),
    ("window words", WindowGenerator, "& (padding | self.i.valid)", ""),
    ("window words", WindowGenerator, " | (completes & busy)", ""),
    ("window rows", WindowGenerator, "(begins & full) | ", ""),
    ("window words", WindowGenerator, "running & ~blocked & ~padding", "running & ~padding"),
    ("window pairs", WindowGenerator, "full = odd | newest.ends_row", "full = odd"),
    (
        "results",
        Results,
        "with m.If(taken):\n                        m.d.sync += [",
        "with m.If(1):\n                        m.d.sync += [",
    ),
    (
        "weights",
        MemoryRows,
        "If(asked & self.known):\n            m.d.sync += [\n",
        "If(asked):\n            m.d.sync += [\n",
    ),
    ("weights", WeightLoader, "with m.If(self.i.valid):", "with m.If(1):"),
    (
        "streamed weights",
        StreamedRows,
        "self.i.ready.eq(outside & opened & self.o.ready)",
        "self.i.ready.eq(outside & opened)",
    ),
    (
        "streamed weights",
        StreamedRows,
        "Mux(outside, opened & self.i.valid, self.memory.valid)",
        "Mux(outside, self.i.valid, self.memory.valid)",
    ),
    (
        "streamed weights",
        StreamedRows,
        "self.memory.ready.eq(~outside & self.o.ready)",
        "self.memory.ready.eq(self.o.ready)",
    ),
    (
        "streamed weights",
        StreamedRows,
        'delayed(m, outside, latency.MEMORY_READ, "chosen"',
        'delayed(m, outside, 0, "chosen"',
    ),
    ("fetcher", Fetcher, "self.known.eq(0)", "self.known.eq(1)"),
    ("steps", Issuer, "(unfinished <= next_step.wait)", "1"),
    ("steps", Writer, "with m.If(~have | step_end):", "with m.If(~have):"),
    ("steps of pairs", Writer, "half = x.end & step.x_odd", "half = x.end"),
    ("steps of pairs", Issuer, "(unfinished <= next_step.wait)", "1"),
    ("sdram stream", Controller, "opened.eq(opened_next)]", "opened.eq(1)]"),
    (
        "sdram stream refreshed",
        Controller,
        "[begun.eq(0), opened_next.eq(0), opened_before.eq(0)]",
        "[begun.eq(0), opened_before.eq(0)]",
    ),
    ("sdram stream anew", Controller, "room.eq(1), coming.eq(0)]", "room.eq(1)]"),
    ("sdram writes", Controller, "(held & (word_page != page))", "0"),
    ("sdram rows", RowJoiner, "drop.eq(~place.all())", "drop.eq(0)"),
    (
        "sdram rows",
        RowCutter,
        "with m.If(self.o.ready):\n                    m.d.comb += move",
        "with m.If(1):\n                    m.d.comb += move",
    ),
    ("sdram words", RowJoiner, "Mux(fresh, two, left == 2)", "Mux(fresh, one, left == 2)"),
    ("sdram word", RowJoiner, "Mux(fresh, one, last)", "Mux(fresh, two, last)"),
    ("sdram row", RowJoiner, "[word.eq(0), place.eq(0), drop", "[place.eq(0), drop"),
    ("store", Store, "settled.eq(0), coming.eq(0)]", "settled.eq(0)]"),
    ("sdram test", MemoryTest, "with m.If(self.settled):", "with m.If(1):"),
    (
        "sdram test",
        MemoryTest,
        "with m.If(self.o.ready):\n                    m.d.sync += onward",
        "with m.If(1):\n                    m.d.sync += onward",
    ),
    (
        "sdram test",
        MemoryTest,
        "with m.If(self.i.valid):\n                    m.d.sync += onward",
        "with m.If(1):\n                    m.d.sync += onward",
    ),
    ("store", Store, "readable + settled - read", "readable + put - read"),
    ("store", Store, "self.run & ~stored[-1]", "self.run"),
]


def broken(part: type, old: str, new: str) -> type:
    """The part, from its file with one text changed."""
    original = sys.modules[part.__module__]
    source = inspect.getsource(original)
    assert source.count(old) == 1, f"{part.__module__} has {source.count(old)} times: {old}"
    module = ModuleType(part.__module__)
    exec(compile(source.replace(old, new), original.__file__, "exec"), module.__dict__)
    return getattr(module, part.__name__)


@pytest.mark.parametrize("name", PROOFS)
def test_handshake(name):
    harness, arguments, depth = PROOFS[name]
    prove(harness(**arguments), depth=depth)


@pytest.mark.parametrize(("name", "part", "old", "new"), BREAKS)
def test_broken_part_is_found(name, part, old, new):
    harness, arguments, depth = PROOFS[name]
    place = {"issuer": Issuer, "writer": Writer, "guard": FrameGuard, "source": MemoryRows}
    place |= {"joiner": RowJoiner, "cutter": RowCutter}
    keys = [key for key, value in place.items() if value is part and key != name] or ["part"]
    with pytest.raises(ProofError, match="Assert failed"):
        prove(harness(**{keys[0]: broken(part, old, new)}, **arguments), depth=depth)


def test_unreached_cover_is_found():
    class Never(wiring.Component):
        i: In(1)

        def elaborate(self, platform):
            m = Module()
            m.d.comb += Cover(self.i & ~self.i)
            return m

    with pytest.raises(ProofError, match="Unreached cover"):
        prove(Never(), depth=2)

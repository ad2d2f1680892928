"""The drivers, the monitor and the runner: a good register slice passes, bad ones are caught."""

import shutil

import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sim import runner, verilate


class Slice(wiring.Component):
    """A register slice; ``fault`` breaks one rule of streams."""

    i: In(stream.Signature(unsigned(8)))
    o: Out(stream.Signature(unsigned(8)))

    def __init__(self, fault: str):
        self.fault = fault
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        free = ~self.o.valid | self.o.ready
        m.d.comb += self.i.ready.eq(free)
        with m.If(free):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
        with m.Elif(self.fault == "withdraws"):
            m.d.sync += self.o.valid.eq(0)
        with m.Elif(self.fault == "changes"):
            m.d.sync += self.o.payload.eq(self.o.payload + 1)
        if self.fault == "loses":
            m.d.comb += self.i.ready.eq(free | self.i.payload[7])
        return m


def test_a_slice_passes_everything():
    runner.run(Slice("none"), "sim.bench_streams", parameters={"seed": 1})


@pytest.mark.parametrize(
    ("fault", "message"),
    [("withdraws", "valid withdrawn"), ("changes", "while waiting"), ("loses", "tests failed")],
)
def test_a_fault_is_caught(fault, message):
    with pytest.raises(runner.SimulationError, match=message):
        runner.run(Slice(fault), "sim.bench_streams", parameters={"seed": 1})


def test_an_unchanged_circuit_is_not_built_again():
    model = runner.build(Slice("none"))
    before = model.stat().st_mtime_ns
    assert runner.build(Slice("none")) == model
    assert model.stat().st_mtime_ns == before
    assert runner.build(Slice("changes")) != model


def test_a_missing_compiler_is_one_line(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    with pytest.raises(runner.SimulationError, match=r"^g\+\+ is not installed: apt-get install"):
        runner.require_tools()


def test_a_missing_libpython_is_one_line(monkeypatch):
    monkeypatch.setattr(verilate.find_libpython, "find_libpython", lambda: None)
    with pytest.raises(runner.SimulationError, match=r"as a library: apt-get install libpython3"):
        runner.require_tools()


def test_a_tool_that_fails_is_one_short_line_and_its_log_a_note(tmp_path):
    log = tmp_path / "build.log"
    log.write_text("compiling\nboard.cpp:3: error: " + "no such thing " * 100 + "\nmake: left\n\n")
    error = verilate.failure("make failed", log)
    said = str(error)
    assert said.startswith("make failed: board.cpp:3: error: no such") and said.endswith(
        f"; see {log}"
    )
    assert "\n" not in said and len(said) < verilate.LONGEST_REASON + len(str(log)) + 30
    assert error.__notes__ == [log.read_text().rstrip("\n") + "\n"]
    log.write_text("stopped\n")
    assert str(verilate.failure("make failed", log)) == f"make failed: stopped; see {log}"
    assert (
        str(verilate.failure("make failed", tmp_path / "no"))
        == f"make failed; see {tmp_path / 'no'}"
    )

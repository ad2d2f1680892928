"""What is around a netlist on its board: oscillator, line, lamps, and the SDRAM's chip."""

from fractions import Fraction

from amaranth.vendor import LatticePlatform

from hw.board.boards import Board
from plan.sdram import ACCESS_NS, PADS_NS
from sim.sdram_chip import CHIP, START_NS

PINS = {
    "clk": "clk",
    "cke": "clk_en",
    "cs_n": "cs",
    "ras_n": "ras",
    "cas_n": "cas",
    "we_n": "we",
    "ba": "ba",
    "a": "a",
    "dqm": "dqm",
}
"""The chip's ports, and what ``amaranth_boards`` calls the wires to them: those of the pins; some
assert when low."""


def wrapper(
    ports: dict[str, dict], board: Board, platform: LatticePlatform, clock_hz: int
) -> dict[str, str]:
    """Files of a module with the simulated board's ports around a netlist with ``ports``, as in
    yosys' JSON.

    It has the board's oscillator and inverts what the board does. Outputs that it does not know
    are left open, inputs pulled up.
    """
    wires = {
        _pin(platform.default_clk, 0): ("clock", False),
        _pin("uart", 0, "rx"): ("rx", False),
        _pin("uart", 0, "tx"): ("tx", False),
    }
    if board.button:
        wires[_pin(*board.button)] = ("button", _inverted(platform, *board.button))
    for index, (name, number, color) in enumerate(board.leds):
        wires[_pin(name, number, color)] = (
            f"leds[{index}]",
            _inverted(platform, name, number, color),
        )
    missing = wires.keys() - ports.keys()
    assert not missing, f"the netlist has no {', '.join(missing)}"
    around = []
    for number, (pin, port) in enumerate(ports.items()):
        wire, inverted = wires.get(pin, (None, False))
        around.append(f"wire [{len(port['bits']) - 1}:0] pad{number};")
        pad = ("~" if inverted else "") + f"pad{number}"
        if port["direction"] == "input":
            level = wire or "'1"
            around.append(f"assign pad{number} = {'~' if inverted else ''}{level};")
        elif wire:
            around.append(f"assign {wire} = {pad};")
    pads = {pin: f"pad{number}" for number, pin in enumerate(ports)}
    files = {}
    if board.sdram and _pin(*board.sdram, "dq") in pads:
        around.append(_chip(board.sdram, pads, clock_hz))
        files[CHIP.name] = CHIP.read_text()
    half = Fraction(10**12, 2 * int(platform.default_clk_frequency))
    connections = ", ".join(f".{pin}({pad})" for pin, pad in pads.items())
    files["board.sv"] = "\n  ".join(
        [
            "`timescale 1ps/1ps\n"
            "module board(input rx, button, output tx, "
            f"output [{max(1, len(board.leds)) - 1}:0] leds);",
            "reg clock = 0;",
            f"always #{round(half)} clock = ~clock;",
            *around,
            f"top top({connections});\nendmodule\n",
        ]
    )
    return files


def _chip(resource: tuple[str, int], pads: dict[str, str], clock_hz: int) -> str:
    """The SDRAM. Its words take their time to come back; both ways through the pads are in that."""
    pins = ", ".join(f".{port}({pads[_pin(*resource, name)]})" for port, name in PINS.items())
    dq = pads[_pin(*resource, "dq")]
    delay = round(1000 * (ACCESS_NS + PADS_NS))
    return "\n  ".join(
        [
            "wire [15:0] dq_o; wire dq_oe; reg [15:0] dq_late; reg dq_late_oe;",
            f"always @(dq_o) dq_late <= #{delay} dq_o;",
            f"always @(dq_oe) dq_late_oe <= #{delay} dq_oe;",
            f"assign {dq} = dq_late_oe ? dq_late : 16'bz;",
            f"sdram_chip #(.PERIOD_PS({10**12 // clock_hz}), .START_PS({START_NS * 1000}))",
            f"sdram(.dq_i({dq}), .dq_driven(~top.\\sdram.dq.buf.buf0 .T), "
            f".dq_o(dq_o), .dq_oe(dq_oe), {pins});",
        ]
    )


def _pin(name: str, number: int, part: str | None = None) -> str:
    """The port that Amaranth makes of a resource."""
    return f"{name}_{number}__{part}__io" if part else f"{name}_{number}__io"


def _inverted(platform: LatticePlatform, name: str, number: int, part: str | None = None) -> bool:
    resource = platform.resources[name, number]
    ios = resource.ios
    if part:
        (sub,) = (sub for sub in ios if sub.name == part)
        ios = sub.ios
    return ios[0].invert

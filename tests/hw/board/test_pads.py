"""The pads of every board against a table typed in from its own documents."""

import re

import pytest
from amaranth.hdl import _nir
from amaranth.hdl._ir import build_netlist

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.top import Top

# Of each pad: the site, and what the document says of it: IO_TYPE, and PULLMODE where it matters.
ULX3S = {
    # emard/ulx3s, doc/constraints/ulx3s_v20.lpf (boards 2.x and 3.0) and
    # doc/constraints/prototype/ulx3s_v316.lpf (3.1: F1 is wifi_gpio0, J5 wifi_en).
    "clk25_0__io": ("G2", "LVCMOS33", "NONE"),
    "uart_0__rx__io": ("M1", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("L4", "LVCMOS33", None),
    "led_0__io": ("B2", "LVCMOS33", None),
    "led_1__io": ("C2", "LVCMOS33", None),
    "led_2__io": ("C1", "LVCMOS33", None),
    "led_3__io": ("D2", "LVCMOS33", None),
    "led_4__io": ("D1", "LVCMOS33", None),
    "led_5__io": ("E2", "LVCMOS33", None),
    "led_6__io": ("E1", "LVCMOS33", None),
    "led_7__io": ("H3", "LVCMOS33", None),
    "button_fire_0__io": ("R1", "LVCMOS33", "DOWN"),
    "wifi_gpio0_0__io": ("L2", "LVCMOS33", "NONE"),
    "wifi_en_0__io": ("F1", "LVCMOS33", "UP"),
    "wifi_en_v31_0__io": ("J5", "LVCMOS33", "UP"),
    "spi_flash_0__cs__io": ("R2", "LVCMOS33", "NONE"),
    "spi_flash_0__copi__io": ("W2", "LVCMOS33", "NONE"),
    "spi_flash_0__cipo__io": ("V2", "LVCMOS33", "NONE"),
    "spi_flash_0__wp__io": ("Y2", "LVCMOS33", "NONE"),
    "spi_flash_0__hold__io": ("W1", "LVCMOS33", "NONE"),
}
ORANGECRAB = {
    # orangecrab-fpga/orangecrab-examples, verilog/orangecrab_r0.2.1.pcf; the serial line is on
    # gpio_0 and gpio_1.
    "clk_0__io": ("A9", "LVCMOS33", None),
    "uart_0__rx__io": ("N17", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("M18", "LVCMOS33", None),
    "rgb_led_0__r__io": ("K4", "LVCMOS33", None),
    "rgb_led_0__g__io": ("M3", "LVCMOS33", None),
    "rgb_led_0__b__io": ("J3", "LVCMOS33", None),
    "button_0__io": ("J17", "SSTL135_I", None),
}
ECPIX5 = {
    # Baldanos/ecpix5-blinky, ecpix5.lpf (LD5 to LD8, their green part)
    "clk100_0__io": ("K23", "LVCMOS33", None),
    "uart_0__rx__io": ("R26", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("R24", "LVCMOS33", "UP"),
    "rgb_led_0__g__io": ("R21", "LVCMOS33", "UP"),
    "rgb_led_1__g__io": ("W21", "LVCMOS33", "UP"),
    "rgb_led_2__g__io": ("K24", "LVCMOS33", "UP"),
    "rgb_led_3__g__io": ("R23", "LVCMOS33", "UP"),
}
ECP5_EVN = {
    # YosysHQ/prjtrellis, examples/soc_ecp5_evn/ecp5evn.lpf; P4 is BTN3's, Lattice FPGA-EB-02017.
    "clk12_0__io": ("A10", "LVCMOS33", None),
    "uart_0__rx__io": ("P2", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("P3", "LVCMOS33", "UP"),
    "led_0__io": ("A13", "LVCMOS25", None),
    "led_1__io": ("A12", "LVCMOS25", None),
    "led_2__io": ("B19", "LVCMOS25", None),
    "led_3__io": ("A18", "LVCMOS25", None),
    "led_4__io": ("B18", "LVCMOS25", None),
    "led_5__io": ("C17", "LVCMOS25", None),
    "led_6__io": ("A17", "LVCMOS25", None),
    "led_7__io": ("B17", "LVCMOS25", None),
    "button_0__io": ("P4", "LVCMOS33", None),
}
VERSA = {
    # YosysHQ/prjtrellis, examples/soc_versa5g/versa.lpf
    "clk100_0__p": ("P3", "LVDS", None),
    "uart_0__rx__io": ("C11", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("A11", "LVCMOS33", "UP"),
    "led_0__io": ("E16", "LVCMOS25", None),
    "led_1__io": ("D17", "LVCMOS25", None),
    "led_2__io": ("D18", "LVCMOS25", None),
    "led_3__io": ("E18", "LVCMOS25", None),
    "led_4__io": ("F17", "LVCMOS25", None),
    "led_5__io": ("F18", "LVCMOS25", None),
    "led_6__io": ("E17", "LVCMOS25", None),
    "led_7__io": ("F16", "LVCMOS25", None),
}
ICEPI_ZERO = {
    # gallicchio/icepi-zero-dac-adc, src/verilog/icepi_adda.lpf; firmware/v1.3/icepi-zero-v1_3.lpf
    # of the board agrees in all but the clock, which an early state of it has on M2.
    "clk50_0__io": ("M1", "LVCMOS33", "NONE"),
    "uart_0__rx__io": ("K16", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("K15", "LVCMOS33", "UP"),
    "led_0__io": ("E13", "LVCMOS33", None),
    "led_1__io": ("D14", "LVCMOS33", None),
    "led_2__io": ("E12", "LVCMOS33", None),
    "led_3__io": ("C13", "LVCMOS33", None),
    "led_4__io": ("D13", "LVCMOS33", None),
    "button_0__io": ("C4", "LVCMOS33", "UP"),
}
COLORLIGHT = {
    # q3k/chubby75, 5a-75b/hardware_V7.0.md: Clock; LED, Button
    "clk25_0__io": ("P6", "LVCMOS33", None),
    "uart_0__rx__io": ("M13", "LVCMOS33", "UP"),
    "uart_0__tx__io": ("P11", "LVCMOS33", None),
}
FACTS = {
    "ulx3s": ULX3S,
    "orangecrab": ORANGECRAB,
    "ecpix5": ECPIX5,
    "ecp5-evn": ECP5_EVN,
    "versa-ecp5": VERSA,
    "versa-ecp5-5g": VERSA,
    "icepi-zero": ICEPI_ZERO,
    "colorlight-5a75b": COLORLIGHT,
}

OSCILLATORS = {
    "ulx3s": 25,
    "orangecrab": 48,
    "ecpix5": 100,
    "ecp5-evn": 12,
    "versa-ecp5": 100,
    "versa-ecp5-5g": 100,
    "icepi-zero": 50,
    "colorlight-5a75b": 25,
}
"""In MHz, of the same documents."""


def constraints_of(name: str, make_shell) -> str:
    board = BOARDS[name]
    platform = board.variants[board.default]()
    hz = 100_000_000
    top = Top(
        board=board,
        shell=make_shell(len(board.leds), flash=bool(board.flash)),
        pll=Pll.of(int(platform.default_clk_frequency), hz),
        clock_hz=hz,
    )
    return platform.prepare(top, "top").files["top.lpf"]


@pytest.mark.parametrize("name", BOARDS)
def test_the_pads_are_those_of_the_documents(name, make_shell):
    constraints = constraints_of(name, make_shell)
    sites = dict(re.findall(r'LOCATE COMP "(\S+)" SITE "(\w+)";', constraints))
    told = {
        port: dict(pair.split("=") for pair in words.split())
        for port, words in re.findall(r'IOBUF PORT "(\S+)" (.*);', constraints)
    }
    sites.pop("clk100_0__n", None)  # the other half of a pair
    found = {
        port: (site, told[port]["IO_TYPE"], told[port].get("PULLMODE"))
        for port, site in sites.items()
    }
    assert found == FACTS[name]
    clock = re.findall(r"FREQUENCY PORT \S+ (\S+) HZ;", constraints)
    assert [float(hz) / 1e6 for hz in clock] == [OSCILLATORS[name]]
    # Words that nextpnr reads; it passes over others.
    words = {key for attributes in told.values() for key in attributes}
    assert words <= {"IO_TYPE", "PULLMODE", "DRIVE", "SLEWRATE"}


def test_the_esp32_is_kept_out(make_shell):
    board = BOARDS["ulx3s"]
    platform = board.variants["85F"]()
    pll = Pll.of(25_000_000, 100_000_000)
    top = Top(board=board, shell=make_shell(8), pll=pll, clock_hz=100_000_000)
    platform.prepare(top, "top")
    netlist = build_netlist(platform._design)
    drivers = {
        netlist.io_ports[net.port].name: netlist.cells[cell.ports_i["I"][0].cell]
        for cell in netlist.cells
        if isinstance(cell, _nir.Instance) and cell.type == "OBZ"
        for net in cell.ports_io["O"][0]
    }
    # Amaranth inverts a pad, or not, with a gate before it.
    held = drivers["wifi_gpio0_0__io"]
    assert held.operator == "^"
    assert sorted(map(repr, held.inputs)) == ["1'd0", "1'd1"]

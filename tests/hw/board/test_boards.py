"""Every board of the table elaborates to pins and constraints, with no change outside the table."""

import re

import pytest

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.top import Top
from hw.board.uart import divisors
from hw.flash import IDCODES
from plan.device import DEVICES
from plan.engine import ENGINES
from spec.protocol import RATES

VARIANTS = [(name, variant) for name, board in BOARDS.items() for variant in board.variants]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_table_holds_together(name, variant):
    board, device = BOARDS[name], DEVICES[variant]
    platform = board.variants[variant]()
    assert platform.device.endswith(f"-{variant}")
    assert platform.device in IDCODES
    engine = ENGINES[device.engine]
    assert engine.multipliers <= device.dsp
    Pll.of(int(platform.default_clk_frequency), int(device.clock_mhz * 1e6))
    divisors(device.clock_mhz * 1e6, RATES)


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_gets_its_pins(name, make_shell):
    board = BOARDS[name]
    platform = board.variants[board.default]()
    hz = 100_000_000
    top = Top(
        board=board,
        shell=make_shell(len(board.leds)),
        pll=Pll.of(int(platform.default_clk_frequency), hz),
        clock_hz=hz,
    )
    constraints = platform.prepare(top, "top").files["top.lpf"]
    pins = re.findall(r'LOCATE COMP "(\S+)" SITE "(\w+)"', constraints)
    places = [site for _, site in pins]
    assert len(set(places)) == len(places)
    wanted = {"uart_0__rx__io", "uart_0__tx__io"}
    assert wanted < {port for port, _ in pins}
    lamps = [port for port, _ in pins if "led" in port]
    assert len(lamps) == len(board.leds)
    buttons = [port for port, _ in pins if "button" in port]
    assert len(buttons) == bool(board.button)
    assert re.search(r'FREQUENCY PORT "\S+" \d+\.0 HZ', constraints)


def test_the_first_board_is_wired_as_its_schematic_says(make_shell):
    # ULX3S v2/v3: clock G2, FTDI's data to the FPGA M1, from it L4, lamp 0 B2, button F1 R1.
    platform = BOARDS["ulx3s"].variants["85F"]()
    top = Top(
        board=BOARDS["ulx3s"],
        shell=make_shell(8),
        pll=Pll.of(25_000_000, 125_000_000),
        clock_hz=125_000_000,
    )
    constraints = platform.prepare(top, "top").files["top.lpf"]
    for port, site in {
        "clk25_0__io": "G2",
        "uart_0__rx__io": "M1",
        "uart_0__tx__io": "L4",
        "led_0__io": "B2",
        "button_fire_0__io": "R1",
    }.items():
        assert f'LOCATE COMP "{port}" SITE "{site}";' in constraints

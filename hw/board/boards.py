"""The boards: everything that differs from one to the next, in one table."""

from dataclasses import dataclass

from amaranth.build import Attrs, Resource
from amaranth_boards.colorlight_5a75b_r7_0 import Colorlight_5A75B_R70Platform
from amaranth_boards.ecp5_5g_evn import ECP55GEVNPlatform
from amaranth_boards.ecpix5 import ECPIX545Platform, ECPIX585Platform
from amaranth_boards.icepi_zero import IcepiZero1_3Platform
from amaranth_boards.orangecrab_r0_2 import (
    OrangeCrabR0_2_25FPlatform,
    OrangeCrabR0_2_85FPlatform,
)
from amaranth_boards.resources import UARTResource
from amaranth_boards.ulx3s import (
    ULX3S_12F_Platform,
    ULX3S_25F_Platform,
    ULX3S_45F_Platform,
    ULX3S_85F_Platform,
)
from amaranth_boards.versa_ecp5 import VersaECP5Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board of ``amaranth_boards`` with what the shell needs to know of it.

    Parameters
    ----------
    title
        Its name for people.
    variants
        Platform classes by the device on the board, the default one first.
    leds
        Resources of the lamps, nearest to the class first: name, number and, of a lamp in several
        colours, the one to use.
    button
        Resource of the button that runs the self-test, if there is one.
    uart
        A resource to add, for a board without a UART of its own.
    programmer
        The board's name for openFPGALoader.
    fujprog
        fujprog can program it, too.
    """

    title: str
    variants: dict[str, type]
    leds: tuple[tuple[str, int, str | None], ...] = ()
    button: tuple[str, int] | None = None
    uart: tuple[Resource, ...] = ()
    programmer: str
    fujprog: bool = False

    @property
    def default(self) -> str:
        return next(iter(self.variants))


def _leds(count: int) -> tuple[tuple[str, int, None], ...]:
    return tuple(("led", index, None) for index in range(count))


BOARDS = {
    "ulx3s": Board(
        title="Radiona ULX3S",
        variants={
            "85F": ULX3S_85F_Platform,
            "45F": ULX3S_45F_Platform,
            "25F": ULX3S_25F_Platform,
            "12F": ULX3S_12F_Platform,
        },
        leds=_leds(8),
        button=("button_fire", 0),
        programmer="ulx3s",
        fujprog=True,
    ),
    "orangecrab": Board(
        title="OrangeCrab r0.2, a serial adapter on its pins 0 (in) and 1 (out)",
        variants={"85F": OrangeCrabR0_2_85FPlatform, "25F": OrangeCrabR0_2_25FPlatform},
        leds=tuple(("rgb_led", 0, color) for color in "rgb"),
        button=("button", 0),
        uart=(UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33")),),
        programmer="orangeCrab",
    ),
    "ecpix5": Board(
        title="LambdaConcept ECPIX-5",
        variants={"85F": ECPIX585Platform, "45F": ECPIX545Platform},
        leds=tuple(("rgb_led", index, "g") for index in range(4)),
        programmer="ecpix5",
    ),
    "ecp5-evn": Board(
        title="Lattice ECP5-5G Evaluation Board",
        variants={"85F": ECP55GEVNPlatform},
        leds=_leds(8),
        button=("button", 0),
        programmer="ecp5_evn",
    ),
    "versa-ecp5": Board(
        title="Lattice ECP5 Versa",
        variants={"45F": VersaECP5Platform},
        leds=_leds(8),
        programmer="ecp5_versa",
    ),
    "icepi-zero": Board(
        title="Icepi Zero",
        variants={"25F": IcepiZero1_3Platform},
        leds=_leds(5),
        button=("button", 0),
        programmer="icepi-zero",
    ),
    "colorlight-5a75b": Board(
        title="Colorlight 5A-75B r7.0; its lamp and button are the serial line",
        variants={"25F": Colorlight_5A75B_R70Platform},
        programmer="colorlight",
    ),
}

"""The boards: everything that differs from one to the next, in one table."""

from dataclasses import dataclass, field

from amaranth.build import Attrs, Pins, Resource
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
from amaranth_boards.versa_ecp5_5g import VersaECP55GPlatform

from hw.board.wirings import ULX3S, Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board of ``amaranth_boards`` with what the shell and its user need to know of it.

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
    pulls
        Resources whose pads want another pull than ``amaranth_boards`` gives them: name, number,
        mode.
    held
        Pads of the board that something else listens to, kept at 1.
    released
        Pads of the board that something else drives or pulls, kept as inputs with a pull-up.
    sdram
        Resource of a 16-bit SDRAM of 32 MiB, if there is one that :mod:`hw.sdram` knows.
    flash
        Resource of the flash memory that it is configured from, if a network is looked for behind
        the bitstream there; its clock is the configuration's.
    cameras
        Where a camera may hang, by the name of the header, the default one first.
    screen
        Resource of a GPDI connector: pads of blue, green, red and the clock, the first of each
        pair, if it has one that :mod:`hw.display` knows.
    programmers
        The programs of :mod:`hw.programmers` that can program it, the preferred one first, each
        with the names it may have for the board, or for its loader.
    dfu
        USB id of its loader, if it takes bitstreams by DFU instead of JTAG.
    cable
        It has a JTAG cable of its own.
    since
        The first openFPGALoader that knows it, if that is a late one.
    hints
        What its user should know before plugging it in, a sentence each.
    """

    title: str
    variants: dict[str, type]
    leds: tuple[tuple[str, int, str | None], ...] = ()
    button: tuple[str, int] | None = None
    uart: tuple[Resource, ...] = ()
    pulls: tuple[tuple[str, int, str], ...] = ()
    held: tuple[Resource, ...] = ()
    released: tuple[Resource, ...] = ()
    sdram: tuple[str, int] | None = None
    flash: tuple[str, int] | None = None
    cameras: dict[str, Wiring] = field(default_factory=dict)
    screen: Resource | None = None
    programmers: dict[str, tuple[str, ...]]
    dfu: str | None = None
    cable: bool = True
    since: str | None = None
    hints: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        return next(iter(self.variants))

    @property
    def devices(self) -> list[str]:
        """Names of the devices, such as ``LFE5U-85F``, in the order of ``variants``."""
        return [platform.device for platform in self.variants.values()]


def _leds(count: int) -> tuple[tuple[str, int, None], ...]:
    return tuple(("led", index, None) for index in range(count))


def _wifi(name: str, pin: str, *, dir: str, **attributes: str) -> Resource:
    """A pad to the ULX3S' ESP32.

    A pad that is not used pulls down, and an ESP32 with its factory's program takes GPIO0, held low
    for a second or two, for the wish to have the FPGA. Of PCB 3.1 on, ``F1`` is its GPIO0 and
    ``J5`` its enable; pulled up is right for both.
    """
    attributes = Attrs(IO_TYPE="LVCMOS33", DRIVE="4", **attributes)
    return Resource(f"wifi_{name}", 0, Pins(pin, dir=dir), attributes)


GPDI = Resource("gpdi", 0, Pins("A16 A14 A12 A17", dir="o"), Attrs(IO_TYPE="LVCMOS33D", DRIVE="4"))
"""The ULX3S'; the other pad of each pair follows from the type."""


def _versa(title: str, platform: type) -> Board:
    return Board(
        title=title,
        variants={"45F": platform},
        leds=_leds(8),
        programmers={"openocd": ()},
        hints=(
            "The ispCLOCK device must be taken out of the JTAG chain with the board's jumper.",
            "Boards labelled 5G with an LFE5UM-45F, and the reverse, exist: hw.flash tells.",
        ),
    )


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
        pulls=(("clk25", 0, "NONE"),),
        held=(_wifi("gpio0", "L2", dir="o", PULLMODE="NONE"),),
        released=(
            _wifi("en", "F1", dir="i", PULLMODE="UP"),
            _wifi("en_v31", "J5", dir="i", PULLMODE="UP"),
        ),
        sdram=("sdram", 0),
        flash=("spi_flash", 0),
        cameras=ULX3S,
        screen=GPDI,
        programmers={"openFPGALoader": ("ulx3s",), "fujprog": ()},
        hints=("Use the USB connector US1.",),
    ),
    "orangecrab": Board(
        title="OrangeCrab r0.2",
        variants={"85F": OrangeCrabR0_2_85FPlatform, "25F": OrangeCrabR0_2_25FPlatform},
        leds=tuple(("rgb_led", 0, color) for color in "rgb"),
        button=("button", 0),
        uart=(UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33")),),
        programmers={"dfu-util": (), "openFPGALoader": ("orangeCrab",)},
        dfu="1209:5af0",
        hints=(
            "Hold its button while you plug it in.",
            "The serial line is a 3.3 V adapter's, on the pins 0 (in) and 1 (out).",
        ),
    ),
    "ecpix5": Board(
        title="LambdaConcept ECPIX-5",
        variants={"85F": ECPIX585Platform, "45F": ECPIX545Platform},
        leds=tuple(("rgb_led", index, "g") for index in range(4)),
        programmers={"openFPGALoader": ("ecpix5", "ecpix5_r03")},
        hints=(
            "Use the debug USB connector; boards up to R02 and from R03 on are both looked for.",
        ),
    ),
    "ecp5-evn": Board(
        title="Lattice ECP5-5G Evaluation Board",
        variants={"85F": ECP55GEVNPlatform},
        leds=_leds(8),
        button=("button", 0),
        programmers={"openFPGALoader": ("ecp5_evn",)},
        hints=("Its serial line works once R22 and R23 are removed and R34 and R35 are fitted.",),
    ),
    "versa-ecp5": _versa("Lattice ECP5 Versa", VersaECP5Platform),
    "versa-ecp5-5g": _versa("Lattice ECP5-5G Versa", VersaECP55GPlatform),
    "icepi-zero": Board(
        title="Icepi Zero",
        variants={"25F": IcepiZero1_3Platform},
        leds=_leds(5),
        button=("button", 0),
        programmers={"openFPGALoader": ("icepi-zero",)},
        since="1.0.0",
        hints=("It wants openFPGALoader 1.0.0 or newer.",),
    ),
    "colorlight-5a75b": Board(
        title="Colorlight 5A-75B",
        variants={"25F": Colorlight_5A75B_R70Platform},
        programmers={"openFPGALoader": ("colorlight",)},
        cable=False,
        hints=(
            "The pins are those of revision 7.0, and no other.",
            "It has no JTAG cable: name yours with --cable.",
            "Its lamp and its button's pin are the serial line; that pin is slow, and 115200 bit/s "
            "may be too fast for it.",
        ),
    ),
}

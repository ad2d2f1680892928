"""The programs that put a bitstream into a board: how each is asked what it finds, and called.

What they print differs from version to version; the tests have it from several of each.
"""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw.board.boards import BOARDS, Board
from hw.idcodes import IDCODES, fits, parts

DEPRECATED = (0, 12)
"""OpenOCD from here on spells a cable's settings ``ftdi vid_pid``, before it ``ftdi_vid_pid``."""
RULES = "the computer does not let you use it; docs/board.md has the udev rule"
FORBIDDEN = ("LIBUSB_ERROR_ACCESS", "usb_open() failed", "insufficient permissions")
"""What the programmers say if the computer does not let them open a USB device."""


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What makes letters coloured on a terminal."""


class FlashError(Exception):
    """One line that names what is wrong, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done: a file for a ``part`` into a board, ``flash`` if for good.

    With an ``address`` it is no bitstream, and goes there in the flash memory.
    """

    board: Board
    part: str
    file: Path
    flash: bool
    cable: str | None = None
    address: int | None = None

    @property
    def word(self) -> str:
        """The file in a programmer's command line, where a leading dash would be a flag."""
        return f"./{self.file}" if str(self.file).startswith("-") else str(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The command that does it.

    ``notes`` are what its user should know before; if it printed ``done``, it succeeded, whatever
    its exit code.
    """

    command: list[str]
    notes: tuple[str, ...] = ()
    done: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmer:
    """``install`` says how to get it, ``prepare`` asks the board and makes the command.

    ``prepare`` takes the program's path and raises :class:`FlashError` if the board is not there,
    or another one is.
    """

    install: str
    prepare: Callable[[str, Job], Load]


def ask(command: list[str]) -> tuple[int, str]:
    """Exit code and all that a program says, without colours."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise FlashError(
            f"{command[0]}: cannot be run ({error.strerror}); install it again, or choose another "
            "--tool"
        ) from error
    return said.returncode, _COLOURS.sub("", f"{said.stdout}\n{said.stderr}")


def nobody(job: Job, said: str, way: str) -> FlashError:
    """No board answers."""
    if any(word in said for word in FORBIDDEN):
        way = RULES
    words = said.strip().splitlines() or ["no message"]
    return FlashError(f"no {job.board.title} answers ({words[-1].strip()}); {way}")


def check(job: Job, codes: list[int], *, whole: bool = False) -> int:
    """Place of the one device of a JTAG chain that the bitstream is for.

    ``whole`` if the codes are known to have all their bits.
    """
    matching = [place for place, code in enumerate(codes) if fits(code, job.part, whole=whole)]
    if len(matching) > 1:
        raise FlashError(
            f"{len(matching)} devices on the JTAG chain may be an {job.part}; take the others out"
        )
    if not matching:
        found = [parts(code, whole=whole) for code in codes]
        have = " and ".join(
            f"an {_describe(names, job.board)}" if names else f"a device {code:#010x}"
            for code, names in zip(codes, found, strict=True)
        )
        raise FlashError(
            f"the board has {have}, the bitstream is for an {job.part}{_way(job.board, found)}"
        )
    return matching[0]


def _describe(names: list[str], board: Board) -> str:
    """What a device may be, the board's own alone if there are any."""
    return " or ".join([name for name in names if name in board.devices] or names)


def _way(has: Board, found: list[list[str]]) -> str:
    """Which build would fit what was found."""
    for names in found:
        for name, board in BOARDS.items():
            for variant, device in zip(board.variants, board.devices, strict=True):
                if device in names and board.programmers == has.programmers:
                    return f"; build with --board {name} --variant {variant}"
    return ""


def twins(job: Job, code: int) -> tuple[str, ...]:
    """A note, if the code does not tell the part from another one that the board may have."""
    others = [part for part in job.board.devices if part != job.part and fits(code, part)]
    if not others:
        return ()
    return (
        f"the programmer does not tell an {job.part} from an {' or '.join(others)}: "
        f"if the board has that, the device refuses this file, and --variant makes another",
    )


def open_fpga_loader(path: str, job: Job) -> Load:
    names = job.board.programmers["openFPGALoader"]
    cable = ["-c", job.cable] if job.cable else []
    answers = []
    for name in names:
        call = [path, "-b", name, *cable]
        code, said = ask([*call, "--detect"])
        if job.board.dfu and code == 0 and f"{job.board.dfu} (" in said:
            return Load(command=[*call, job.word], notes=blind(job))
        codes = [int(found, 16) for found in re.findall(r"idcode\s+(?:0x)?([0-9a-fA-F]+)", said)]
        if code == 0 and codes:
            found = check(job, codes)
            chain = ["--index-chain", str(found)] if len(codes) > 1 else []
            where = "--write-flash" if job.flash else "--write-sram"
            place = [] if job.address is None else ["--offset", str(job.address)]
            command = [*call, *chain, where, *place, job.word]
            return Load(command=command, notes=twins(job, codes[found]))
        answers.append(said)
    unknown = [
        name for name, said in zip(names, answers, strict=True) if "cannot find board" in said
    ]
    if unknown:
        version = re.search(r"openFPGALoader v?([\d.]+)", ask([path, "-V"])[1])
        since = f"; it is known from {job.board.since} on" if job.board.since else ""
        lacks = (
            f"this openFPGALoader ({version[1] if version else 'of an unknown version'}) does not "
            f"know {' and '.join(unknown)}{since}: get a newer one"
        )
        if len(unknown) == len(names):
            raise FlashError(lacks)
    else:
        lacks = "see that no other program uses its USB port"
        if job.cable:
            lacks += f", and that {job.cable} is your cable (openFPGALoader --list-cables)"
    raise nobody(job, answers[0], f"{_plug(job.board)}; {lacks}")


def _plug(board: Board) -> str:
    return "hold its button while you plug it in" if board.dfu else "plug it in"


def fujprog(path: str, job: Job) -> Load:
    # It compares the device with the file itself.
    place = [] if job.address is None else ["-T", "img", "-f", str(job.address)]
    target = "FLASH" if job.flash else "SRAM"
    return Load(command=[path, "-j", target, *place, job.word])


def dfu_util(path: str, job: Job) -> Load:
    _, said = ask([path, "-d", job.board.dfu, "-l"])
    found = re.findall(rf"(?im)^Found DFU: \[{job.board.dfu}\](.*)$", said)
    if not found:
        way = f"{_plug(job.board)}: that starts the loader which takes bitstreams"
        raise nobody(job, said if "Cannot open" in said else "", way)
    # One board is listed once for each of its memories.
    if len({re.sub(r"(alt=\d+|name=\"[^\"]*\")", "", line) for line in found}) > 1:
        raise FlashError(f"more than one {job.board.title} answers; leave one plugged in")
    command = [path, "-d", job.board.dfu, "-a", "0", "-D", job.word]
    # The loader's version 3.1 starts the bitstream before it reports that all is well.
    return Load(command=command, notes=blind(job), done="Download done.")


def blind(job: Job) -> tuple[str, ...]:
    """What to know of a loader that writes whatever it is given, and always for good."""
    notes = []
    if not job.flash:
        notes.append("this board's loader writes its flash memory: it lasts beyond power-down")
    if len(job.board.devices) > 1:
        notes.append(
            f"the loader does not know which device the board has, and the file is for an "
            f"{job.part}: on another one it does nothing; --variant checks the file"
        )
    return tuple(notes)


def openocd(path: str, job: Job) -> Load:
    if job.flash:
        raise FlashError(f"OpenOCD loads {job.board.title} until power-down; leave out --flash")
    vectors = job.file.with_suffix(".svf")
    if not vectors.is_file():
        raise FlashError(f"{vectors}: not there, and OpenOCD wants it; python -m hw.build makes it")
    version = re.search(r"On-Chip Debugger (\d+)\.(\d+)", ask([path, "-v"])[1])
    space = " " if version and tuple(map(int, version.groups())) >= DEPRECATED else "_"
    # The cable is the board's own FT2232H: port A is JTAG, as in Project Trellis' ecp5-versa.cfg.
    cable = (
        f"adapter driver ftdi; ftdi{space}vid_pid 0x0403 0x6010; ftdi{space}channel 0; "
        f"ftdi{space}layout_init 0xfff8 0xfffb; reset_config none; adapter speed 25000; "
        f"transport select jtag; jtag newtap ecp5 tap -irlen 8 "
        f"-expected-id {IDCODES[job.part]:#010x}; init"
    )
    _, said = ask([path, "-c", f"{cable}; exit"])
    found = re.findall(r"tap/device found: 0x([0-9a-fA-F]+)", said)
    if not found:
        errors = [line for line in said.splitlines() if line.startswith("Error")]
        way = "plug it in, and see that no other program uses its USB port"
        raise nobody(job, errors[-1] if errors else said, way)
    codes = [int(code, 16) for code in found]
    check(job, codes, whole=True)
    if len(codes) > 1:
        raise FlashError(f"{len(codes)} devices on the JTAG chain; {' '.join(job.board.hints)}")
    return Load(command=[path, "-c", f"{cable}; svf -quiet {{{vectors}}}; exit"])


PROGRAMMERS = {
    "openFPGALoader": Programmer(
        install="apt-get install openfpgaloader", prepare=open_fpga_loader
    ),
    "fujprog": Programmer(install="https://github.com/kost/fujprog", prepare=fujprog),
    "dfu-util": Programmer(install="apt-get install dfu-util", prepare=dfu_util),
    "openocd": Programmer(install="apt-get install openocd", prepare=openocd),
}

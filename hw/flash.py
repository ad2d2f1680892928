"""``python -m hw.flash --board ulx3s``: a bitstream into a board."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from hw.board.boards import BOARDS, Board
from spec.arguments import Parser

PREAMBLE = bytes.fromhex("ffffbdb3")
"""Where the commands of an ECP5 bitstream begin: Lattice FPGA-TN-02039, table on its format."""
DONE = bytes.fromhex("5e000000ffffffff")
"""How they end: ISC_PROGRAM_DONE, then filling."""
TOOLS = ("openFPGALoader", "fujprog")
INSTALL = {
    "openFPGALoader": "apt-get install openfpgaloader",
    "fujprog": "https://github.com/kost/fujprog",
}
IDCODES = {
    "LFE5U-12F": 0x21111043,
    "LFE5U-25F": 0x41111043,
    "LFE5U-45F": 0x41112043,
    "LFE5U-85F": 0x41113043,
    "LFE5UM-25F": 0x01111043,
    "LFE5UM-45F": 0x01112043,
    "LFE5UM-85F": 0x01113043,
    "LFE5UM5G-25F": 0x81111043,
    "LFE5UM5G-45F": 0x81112043,
    "LFE5UM5G-85F": 0x81113043,
}
"""What a device says on its JTAG pins: Lattice FPGA-TN-02039, table of device IDs."""


class FlashError(Exception):
    """One line that names what is wrong, and the way out."""


def parser() -> Parser:
    result = Parser(prog="python -m hw.flash", description=__doc__)
    result.add_argument("--board", required=True, choices=BOARDS)
    result.add_argument("--file", type=Path, help="default: build/BOARD/top.bit")
    result.add_argument("--flash", action="store_true", help="for good, not until power-down")
    result.add_argument("--tool", choices=TOOLS, help="default: the first one installed")
    return result


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    board = BOARDS[arguments.board]
    file = arguments.file or Path("build") / arguments.board / "top.bit"
    try:
        part = read_part(file)
        if part not in {platform.device for platform in board.variants.values()}:
            devices = ", ".join(platform.device for platform in board.variants.values())
            raise FlashError(f"{file}: made for an {part}; {arguments.board} has {devices}")
        tool, path = find_tool(arguments.tool, board)
        if tool == "openFPGALoader":
            check_device(path, board, part)
        command = [path, *options(tool, board, arguments.flash), str(file)]
    except FlashError as error:
        print(f"hw.flash: {error}", file=sys.stderr)
        return 2
    print(" ".join(command), flush=True)
    code = subprocess.run(command).returncode
    if code:
        print(f"hw.flash: {tool} failed with exit code {code}; see above", file=sys.stderr)
    return 1 if code else 0


def read_part(file: Path) -> str:
    """The device a bitstream was made for, such as ``LFE5U-85F``, once the file looks whole."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FlashError(
            f"{file}: cannot be read ({error.strerror}); make one with python -m hw.build"
        ) from error
    begin = data.find(PREAMBLE, 0, 1024)
    part = re.search(rb"Part: (LFE5\w+-\d+F)-", data[: max(begin, 0)])
    if begin < 0 or not part:
        raise FlashError(f"{file}: not an ECP5 bitstream; make one with python -m hw.build")
    if not data.endswith(DONE):
        raise FlashError(f"{file}: not a whole bitstream; make it again with python -m hw.build")
    return part[1].decode()


def find_tool(wanted: str | None, board: Board) -> tuple[str, str]:
    """Name and path of the programmer to use."""
    usable = [tool for tool in TOOLS if tool != "fujprog" or board.fujprog]
    if wanted and wanted not in usable:
        raise FlashError(f"{wanted} cannot program {board.title}; use {usable[0]}")
    for tool in [wanted] if wanted else usable:
        if path := shutil.which(tool):
            return tool, path
    ways = "; or ".join(f"{tool}: {INSTALL[tool]}" for tool in ([wanted] if wanted else usable))
    raise FlashError(f"no programmer is installed; get {ways}")


def check_device(path: str, board: Board, part: str) -> None:
    """Refuse if the device that answers is another one than the bitstream's."""
    command = [path, "-b", board.programmer, "--detect"]
    said = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"idcode\s+(?:0x)?([0-9a-fA-F]+)", said.stdout + said.stderr)
    if said.returncode or not found:
        words = (said.stderr or said.stdout).strip().splitlines()
        raise FlashError(
            f"no {board.title} answers ({words[-1] if words else 'no message'}); "
            "plug it in, and see that no other program uses its USB port"
        )
    code = int(found[1], 16)
    if code != IDCODES[part]:
        names = [name for name, other in IDCODES.items() if other == code]
        have = names[0] if names else f"device {code:#010x}"
        raise FlashError(f"the board has an {have}, the bitstream is for an {part}")


def options(tool: str, board: Board, flash: bool) -> list[str]:
    """A programmer's options before the file."""
    if tool == "openFPGALoader":
        return ["-b", board.programmer, "--write-flash" if flash else "--write-sram"]
    return ["-j", "FLASH" if flash else "SRAM"]


if __name__ == "__main__":
    sys.exit(main())

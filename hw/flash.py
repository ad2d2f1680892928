"""``python -m hw.flash --board ulx3s``: a bitstream into a board, or a network behind it."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hw.behind import NoImage, image_for, write
from hw.board.boards import BOARDS, Board
from hw.board.flash import ADDRESS
from hw.idcodes import IDCODES
from hw.programmers import PROGRAMMERS, FlashError, Job, Load
from spec import terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.files import read_bytes

IMAGE = "network.img"
"""The network image, beside the bitstream; no programmer takes its name for a bitstream's."""

PREAMBLE = bytes.fromhex("ffffbdb3")
"""Where the commands of an ECP5 bitstream begin: Lattice FPGA-TN-02039, table on its format."""
DONE = bytes.fromhex("5e000000ffffffff")
"""How they end: ISC_PROGRAM_DONE, then filling."""


def parser() -> Parser:
    result = Parser(
        prog="python -m hw.flash",
        description=__doc__,
        examples=(
            "--board ulx3s",
            "--board ulx3s --file build/ulx3s/top.bit --flash --network mine.onnx",
        ),
    )
    result.add_argument("--board", required=True, choices=BOARDS)
    result.add_argument("--file", type=Path, help="default: build/BOARD/top.bit")
    result.add_argument("--flash", action="store_true", help="for good, not until power-down")
    result.add_argument(
        "--network",
        type=Path,
        metavar="FILE.onnx",
        help="write this network behind the bitstream in the flash memory, which the board takes "
        "at power-up; the bitstream there must be --file",
    )
    result.add_argument(
        "--variant", metavar="DEVICE", help="such as 45F: refuse a file for another one"
    )
    result.add_argument("--cable", help="JTAG cable, for a board without one of its own")
    result.add_argument("--tool", choices=PROGRAMMERS, help="default: the first one installed")
    return result


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    return terminal.run(
        "hw.flash", lambda: flash(arguments), bad=(FlashError, NoImage, ArtifactError)
    )


def flash(arguments: argparse.Namespace) -> int:
    board = BOARDS[arguments.board]
    file = arguments.file or Path("build") / arguments.board / "top.bit"
    devices = wanted_devices(arguments.board, arguments.variant)
    part = read_part(file)
    if part not in devices:
        raise FlashError(f"{file}: made for an {part}; {arguments.board} has {', '.join(devices)}")
    tool, path = find_tool(arguments.tool, board)
    check_cable(arguments.cable, arguments.board)
    job = Job(board=board, part=part, file=file, flash=arguments.flash, cable=arguments.cable)
    notes = []
    if arguments.network:
        if board.flash is None:
            raise FlashError(
                f"{board.title} looks for no network in its flash memory; load it after power-up "
                f"(python -m host load {arguments.network})"
            )
        data = image_for(file, arguments.network)
        job = replace(job, file=file.with_name(IMAGE), flash=True, address=ADDRESS)
        write(data, job.file)
        notes = [
            f"{len(data):,} bytes go to {ADDRESS:#x}; the board takes them at its next power-up, "
            f"if the bitstream in its flash memory is {file}"
        ]
    load = PROGRAMMERS[tool].prepare(path, job)
    for note in (*board.hints, *load.notes, *notes):
        terminal.note(f"note: {note}")
    print(" ".join(load.command), flush=True)
    code = run(load)
    if code:
        terminal.complain(f"{tool} failed with exit code {code}; see above")
    return 1 if code else 0


def wanted_devices(name: str, variant: str | None) -> list[str]:
    """The devices a file may be for."""
    variants = BOARDS[name].variants
    if variant is None:
        return BOARDS[name].devices
    if variant not in variants:
        raise FlashError(
            f"--variant must be one of {', '.join(variants)} for {name}, not {variant}"
        )
    return [variants[variant].device]


def check_cable(cable: str | None, name: str) -> None:
    """A cable is named exactly where the board has none."""
    board = BOARDS[name]
    if cable and board.dfu:
        raise FlashError(f"{board.title} is loaded over its USB socket; leave out --cable")
    if cable and board.cable:
        raise FlashError(f"{board.title} has a cable of its own; leave out --cable")
    if not cable and not board.cable:
        raise FlashError(
            f"{board.title} has no cable of its own; name yours with --cable, such as ft232 "
            "(openFPGALoader --list-cables has them all)"
        )


def read_part(file: Path) -> str:
    """The device a bitstream was made for, such as ``LFE5U-85F``, once the file looks whole."""
    try:
        data = read_bytes(file)
    except OSError as error:
        raise FlashError(
            f"{file}: cannot be read ({error.strerror}); make one with python -m hw.build"
        ) from error
    begin = data.find(PREAMBLE, 0, 1024)
    part = re.search(rb"Part: (LFE5\w+-\d+F)-", data[: max(begin, 0)])
    if begin < 0 or not part or part[1].decode() not in IDCODES:
        raise FlashError(f"{file}: not an ECP5 bitstream; make one with python -m hw.build")
    if not data.endswith(DONE):
        raise FlashError(f"{file}: not a whole bitstream; make it again with python -m hw.build")
    return part[1].decode()


def find_tool(wanted: str | None, board: Board) -> tuple[str, str]:
    """Name and path of the programmer to use."""
    usable = list(board.programmers)
    if wanted and wanted not in usable:
        raise FlashError(f"{wanted} cannot program {board.title}; use {usable[0]}")
    for tool in [wanted] if wanted else usable:
        if path := shutil.which(tool):
            return tool, path
    ways = "; or ".join(
        f"{tool}: {PROGRAMMERS[tool].install}" for tool in ([wanted] if wanted else usable)
    )
    raise FlashError(f"no programmer is installed; get {ways}")


def run(load: Load) -> int:
    """The programmer's exit code, or 0 if it said that it was done."""
    if load.done is None:
        try:
            return subprocess.run(load.command).returncode
        except OSError as error:
            raise FlashError(
                f"{load.command[0]}: cannot be run ({error.strerror}); install it again, or choose "
                "another --tool"
            ) from error
    said = b""
    with subprocess.Popen(
        load.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        while piece := os.read(process.stdout.fileno(), 4096):
            said += piece
            sys.stdout.write(piece.decode(errors="replace"))
            sys.stdout.flush()
    return 0 if load.done.encode() in said else process.returncode


if __name__ == "__main__":
    sys.exit(main())

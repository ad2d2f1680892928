"""Where a build is made: beside what it will replace, and in its place only once it is whole."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hw import flow

REPORTS = ("report.html", "report.txt", "report.json")
PRODUCTS = ("top.bit", "top.svf", flow.VERILOG, "program.txt", *REPORTS)
"""What a build leaves, the report last."""
EVIDENCE = ("top.rpt", "top.tim", flow.TIMING, "top.lpf")
"""Logs of yosys and nextpnr, its timing report, the constraints."""
FAILED = "failed"
"""Where the evidence of a build that failed goes, beside the last good one."""


class BadInput(ValueError):
    """One line that names what is wrong, and the way out."""


@contextmanager
def workshop(output: Path) -> Iterator[Path]:
    """A folder beside ``output`` to build in, gone afterwards.

    The evidence of a build that ran and failed is kept in ``output/failed``.
    """
    work = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for old in output.parent.glob(f".{output.name}.*.part"):
            number = re.fullmatch(r".*\.(\d+)\.part", old.name)
            if number and not Path(f"/proc/{number[1]}").exists():
                shutil.rmtree(old, ignore_errors=True)
        work.mkdir()
        (output / f".{os.getpid()}.part").touch()
        (output / f".{os.getpid()}.part").unlink()
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise BadInput(
            f"{output}: cannot be written ({error.strerror}); choose another --output"
        ) from error
    try:
        yield work
    except flow.FlowError:
        failed = output / FAILED
        shutil.rmtree(failed, ignore_errors=True)
        failed.mkdir()
        for file in (*EVIDENCE, "report.html", "report.txt"):
            if (work / file).is_file():
                shutil.move(work / file, failed / file)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def publish(work: Path, output: Path) -> None:
    """Put the finished files in place, each in one step."""
    for file in (*EVIDENCE, *PRODUCTS):
        os.replace(work / file, output / file)
    shutil.rmtree(output / FAILED, ignore_errors=True)

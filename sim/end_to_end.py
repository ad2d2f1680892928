"""Photograph → host program → serial bytes → simulated board → answer, against the reference.

    python -m sim.end_to_end FILE|FOLDER… [--limit 20]

The host program is the one for a board, in a process of its own, unchanged.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from host.photographs import PhotographError, gather, read
from plan.engine import ENGINES
from spec import artifact, reference, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged


class HostFailed(Exception):
    """The host program did not end well."""


def classify(paths: list[Path], model: Path, engine: str) -> Iterator[dict]:
    """What the host program says of each photograph, as it comes.

    Raises
    ------
    HostFailed
        If it does not end well.
    """
    command = [sys.executable, "-m", "host", "classify", "--simulate", "--json"]
    command += [f"--model={model}", f"--engine={engine}", "--", *paths]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise HostFailed(f"the host program ended with {process.returncode}")


def expected(path: Path, model: Path) -> list[int]:
    """A photograph's class sums, from the reference."""
    quantized = artifact.load(model)
    framing = quantized.framing
    picture = np.frombuffer(read(path, framing), np.uint8).reshape(framing.side, framing.side, 3)
    return reference.run(quantized, picture)["sums"].tolist()


def check(arguments: argparse.Namespace) -> int:
    """0: every photograph's sums are the reference's; 1: some are not."""
    if arguments.limit < 1:
        raise ValueError(f"--limit must be at least 1, not {arguments.limit}")
    right = 0
    seconds = []
    found = gather(arguments.photographs)
    paths = found[:: max(1, len(found) // arguments.limit)][: arguments.limit]
    last = None
    for said in classify(paths, arguments.model, arguments.engine):
        now = time.monotonic()
        if last is not None:
            seconds.append(now - last)
        last = now
        same = said["sums"] == expected(Path(said["file"]), arguments.model)
        right += same
        print(f"{said['file']}: {said['label']}, {'right' if same else 'WRONG'}", flush=True)
    rate = f", {np.mean(seconds):.1f} s each" if seconds else ""
    print(f"{right} of {len(paths)}: sums equal to the reference{rate}")
    return 0 if right == len(paths) else 1


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.end_to_end",
        description=__doc__,
        examples=("photographs --limit 5 --model mine.onnx",),
    )
    parser.add_argument("photographs", nargs="+", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="photographs at most")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim.end_to_end",
        lambda: check(arguments),
        bad=(PhotographError, ArtifactError, ValueError),
        failed=(HostFailed,),
    )


if __name__ == "__main__":
    sys.exit(main())

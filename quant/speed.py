"""``python -m quant.speed [FILE.onnx]``: the NumPy reference against ONNX Runtime, one core each.

Time is the processor's, of all threads together, so neither a second core nor other work on the
machine flatters a program; the least of several runs counts. NumPy's matrix products take their
number of threads from ``OMP_NUM_THREADS`` when NumPy is loaded; more than one would only wait here.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from model.command import run
from spec import artifact, reference, synthetic
from spec.arguments import Parser
from spec.models import packaged


def processor_seconds(work: Callable[[], object], runs: int) -> float:
    """The least processor time of one call, in seconds, all threads of this process counted."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def measure(arguments: argparse.Namespace) -> int:
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise ValueError("OMP_NUM_THREADS must be 1 in the environment: one core is measured")
    if arguments.runs < 1:
        raise ValueError(f"--runs must be at least 1, not {arguments.runs}")
    quantized = artifact.load(arguments.model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        arguments.model, options, providers=["CPUExecutionProvider"]
    )
    image = synthetic.image(quantized.network)
    pixels = {"image": np.ascontiguousarray(image.transpose(2, 0, 1)[None])}
    if (session.run(["sums"], pixels)[0] != reference.run(quantized, image)["sums"]).any():
        raise ValueError(f"{arguments.model}: NumPy and ONNX Runtime differ; see quant.evaluate")
    seconds = {
        "NumPy reference": processor_seconds(
            lambda: reference.run(quantized, image), arguments.runs
        ),
        "ONNX Runtime": processor_seconds(lambda: session.run(None, pixels), arguments.runs),
    }
    print(f"{quantized.network.name}, one core, the best of {arguments.runs} runs:")
    for name, own in seconds.items():
        print(f"{name:<16}{1 / own:>8.1f} images/s")
    ratio = seconds["ONNX Runtime"] / seconds["NumPy reference"]
    print(f"the reference is {ratio:.2f} times as fast as ONNX Runtime")
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant.speed",
        description=__doc__,
        examples=(
            "",
            "mine.onnx --runs 20",
        ),
    )
    parser.add_argument(
        "model", type=Path, nargs="?", default=packaged(), help="default: the packaged model"
    )
    parser.add_argument("--runs", type=int, default=50, help="of each program (50)")
    parser.set_defaults(threads=1)
    return run("quant.speed", measure, parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())

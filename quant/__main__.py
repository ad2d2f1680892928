"""``python -m quant CHECKPOINT --data DIR --output FILE.onnx``: from floats to integers.

Fold, calibrate in every way and take the best by a table, fine-tune, measure, write.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from model import checkpoint
from model.checkpoint import Checkpoint
from model.data import DataError, Photographs, Splits
from quant import pretrained
from quant.calibrate import METHODS
from quant.choose import Candidate, candidate_table, candidates, sample
from quant.command import add_data_arguments, align, read_data, run
from quant.finetune import FineTuning, finetune
from quant.fold import FoldedNetwork, fold
from quant.report import BATCH, accuracy_of, layer_table, layers
from quant.straight import StraightNetwork
from spec import artifact
from spec.artifact import ArtifactError
from spec.quantized import QuantizedNetwork

PREPROCESSING = (
    "EXIF rotation applied, RGB (transparency over black), shorter side resized to {size} "
    "(bilinear, antialiased), centre {size}x{size} cropped; raw pixels 0...255, not normalized"
)


def prepare(output: Path) -> None:
    """Make the folder of a file that will be written after long work, or refuse at once."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"{output}: its folder cannot be made ({error.strerror})") from error
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise ArtifactError(f"{output}: cannot be written; choose another --output")


def read_checkpoint(arguments: argparse.Namespace) -> Checkpoint:
    """The float network that the flags name."""
    if arguments.pretrained:
        return pretrained.load(arguments.checkpoint, dict(arguments.name))
    return checkpoint.load(arguments.checkpoint)


def read_splits(arguments: argparse.Namespace, float_network: Checkpoint) -> Splits:
    """The photographs, their targets aligned with the network's classes."""
    splits = read_data(arguments, float_network.network.image.height)
    if not arguments.pretrained and splits.train.labels != float_network.labels:
        raise DataError(
            f"{arguments.data}: has the classes {', '.join(splits.train.labels)}, and the "
            f"checkpoint {', '.join(float_network.labels)}"
        )
    parts = {}
    for name, photographs in splits.items():
        known, unknown = align(photographs, float_network.labels)
        notes = [f"{len(known)} photographs", f"{len(photographs.skipped)} files skipped"]
        notes += [f"{folder} is no class of the model and left out" for folder in unknown]
        print(f"{name}: {', '.join(notes)}")
        for line in photographs.skipped:
            print(f"  skipped {line}")
        parts[name] = known
    return Splits(**({"test": None} | parts))


def choose(
    arguments: argparse.Namespace,
    folded: FoldedNetwork,
    labels: tuple[str, ...],
    train: Photographs,
) -> Candidate:
    """The best way to calibrate, on photographs of the training split."""
    methods = tuple(METHODS) if arguments.calibration == "auto" else (arguments.calibration,)
    photographs = sample(train, arguments.images, arguments.seed)
    found = candidates(folded, labels, photographs, methods)
    print(f"\nCalibration, on {len(photographs)} photographs of the training split, best first:")
    print(candidate_table(found))
    print("\nLayers:")
    reports = layers(found[0].quantized, folded, found[0].step, photographs.images.split(BATCH))
    print(layer_table(reports), flush=True)
    return found[0]


def tune(
    how: FineTuning, chosen: Candidate, folded: FoldedNetwork, splits: Splits
) -> tuple[QuantizedNetwork, str]:
    """The best fine-tuned network, perhaps the one before; and which epoch that is."""
    print("\nFine-tuning, int8 on validation:")
    best = None
    for epoch in finetune(chosen.quantized, folded, splits.train, splits.validation, how):
        print(
            f"epoch {epoch.number}: training loss {epoch.loss:.4f}, "
            f"validation loss {epoch.validation_loss:.4f}, accuracy {epoch.validation}",
            flush=True,
        )
        if best is None or epoch.merit > best.merit:
            best = epoch
    print(f"taken: epoch {best.number}")
    return best.quantized, f"epoch {best.number} of {how.epochs}, rate {how.rate}"


def quantize_file(arguments: argparse.Namespace) -> int:
    how = None
    if arguments.finetune:
        how = FineTuning(epochs=arguments.finetune, rate=arguments.rate, seed=arguments.seed)
    prepare(arguments.output)
    float_network = read_checkpoint(arguments)
    splits = read_splits(arguments, float_network)
    module = float_network.module()
    folded = fold(module)
    chosen = choose(arguments, folded, float_network.labels, splits.train)
    quantized, tuning = chosen.quantized, "none"
    if how is not None:
        quantized, tuning = tune(how, chosen, folded, splits)

    metadata = {
        "preprocessing": PREPROCESSING.format(size=float_network.network.image.height),
        "calibration": f"{chosen.method}, biases {'corrected' if chosen.corrected else 'rounded'}, "
        f"{arguments.images} photographs",
        "finetuning": tuning,
        "provenance.command": f"python -m quant {' '.join(arguments.argv)}",
        "provenance.seed": str(arguments.seed),
        "provenance.versions": f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {np.__version__}",
        "provenance.checkpoint": f"{arguments.checkpoint.name}, sha256 "
        + hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest(),
        "provenance.training": json.dumps(float_network.provenance, sort_keys=True),
    }
    print("\nAccuracy:")
    integers = StraightNetwork(quantized)
    for name, photographs in splits.items():
        if name == "train":
            continue
        for kind, scores in (("float", lambda u: module(u.float() / 255)), ("int8", integers)):
            result = accuracy_of(scores, photographs)
            metadata[f"accuracy.{kind}.{name}"] = str(result)
            print(f"{name:<12}{kind:<6}{result}")
    artifact.save(replace(quantized, metadata=metadata), arguments.output)
    print(f"\n{arguments.output}: {arguments.output.stat().st_size:,} bytes")
    return 0


def _named_class(text: str) -> tuple[int, str]:
    index, _, label = text.partition("=")
    if not index.isdigit() or not label:
        raise argparse.ArgumentTypeError(f"must look like 293=CHEETAH, not {text}")
    return int(index), label


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m quant",
        description="Quantize a trained SqueezeNet to the integers of the circuit.",
    )
    parser.add_argument("checkpoint", type=Path, help="a checkpoint of python -m model.train")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    add_data_arguments(parser)
    parser.add_argument(
        "--calibration",
        choices=("auto", *METHODS),
        default="auto",
        help="how ranges are found; auto tries all and takes the best (default)",
    )
    parser.add_argument(
        "--images", type=int, default=128, help="calibration photographs, from training (128)"
    )
    parser.add_argument(
        "--finetune", type=int, default=0, metavar="EPOCHS", help="quantization-aware epochs (0)"
    )
    parser.add_argument(
        "--rate", type=float, default=FineTuning(epochs=1).rate, help="of fine-tuning"
    )
    parser.add_argument(
        "--pretrained",
        action="store_true",
        help="CHECKPOINT is a torchvision-style state dict of SqueezeNet, or Caffe's as .npz",
    )
    parser.add_argument(
        "--name",
        type=_named_class,
        action="append",
        default=[],
        metavar="293=CHEETAH",
        help="label of a class of a --pretrained network; repeat",
    )
    arguments = parser.parse_args(argv)
    arguments.argv = sys.argv[1:] if argv is None else argv
    return run(quantize_file, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

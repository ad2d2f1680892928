"""``python -m quant CHECKPOINT --data DIR --output FILE.onnx``: from floats to integers.

Fold, calibrate in every way and take the best by a table, fine-tune, measure, write.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from model.checkpoint import Checkpoint
from model.command import add_data_arguments, add_other_arguments, read_data, run
from model.data import DataError, Photographs, Splits, inventory
from model.evaluate import scores_of
from model.others import add_others, with_none
from model.pretrained import TRAINED_WITH
from model.report import write as write_page
from model.split import refuse_trained, settle, trained_on
from quant.calibrate import METHODS, MINIMUM_IMAGES
from quant.choose import Candidate, candidate_table, candidates, sample
from quant.command import align
from quant.finetune import FineTuning, finetune
from quant.fold import FoldedNetwork, fold
from quant.foreign.check import check
from quant.foreign.load import Foreign
from quant.metadata import describe
from quant.names import FOLDERS
from quant.photographs import read_foreign
from quant.report import BATCH, accuracies, all_scores, in_words, layer_table, layers
from quant.source import Source, is_onnx, read_source
from quant.straight import StraightNetwork
from quant.threshold import check_recall, with_class, with_recall
from spec import artifact, terminal
from spec.arguments import Parser, number, whole
from spec.artifact import ArtifactError
from spec.decision import NONE
from spec.quantized import QuantizedNetwork
from spec.text import printable

LIKENESS = 16
"""Photographs on which a network read from an ONNX file is held against it."""


def prepare(output: Path) -> None:
    """Make the folder of a file that will be written after long work, or refuse at once."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"{output}: its folder cannot be made ({error.strerror})") from error
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise ArtifactError(f"{output}: cannot be written; choose another --output")


def read_splits(arguments: argparse.Namespace, source: Source) -> Splits:
    """The photographs, their targets aligned with the network's classes."""
    float_network = source.checkpoint
    read = read_foreign if source.elsewhere else read_data
    splits, _ = add_others(
        read(arguments, float_network.framing),
        float_network.framing,
        others=arguments.others,
        empties=arguments.empties,
        field=arguments.field,
        repeat=arguments.repeat,
        strict=arguments.strict,
    )
    if NONE in float_network.labels and NONE not in splits.train.labels:
        splits = Splits(**({"test": None} | {n: with_none(part) for n, part in splits.items()}))
    if not source.elsewhere and splits.train.labels != float_network.labels:
        raise DataError(
            f"{arguments.data}: has the classes {', '.join(splits.train.labels)}, and the "
            f"checkpoint {', '.join(float_network.labels)}"
        )
    parts = {}
    for name, photographs in splits.items():
        known, unknown = align(photographs, source.names)
        for line in inventory(name, replace(known, skipped=photographs.skipped)):
            print(line)
        for folder in unknown:
            print(f"  {folder} is no class of the model and left out")
        parts[name] = known
    return Splits(**({"test": None} | parts))


def print_likeness(path: Path, read: Foreign, train: Photographs) -> None:
    """What was made of an ONNX file: its network, and how like the file's its scores are."""
    network = read.checkpoint.network
    print(f"{path}: {network.image}, {network.classes} classes, {network.weights:,} weights")
    for note in read.notes:
        print(f"  {note}")
    print(f"  against ONNX Runtime: {check(path, read, train.images[:LIKENESS])}")


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
    print_layers(arguments, found[0], folded, train)
    return found[0]


def print_layers(
    arguments: argparse.Namespace, chosen: Candidate, folded: FoldedNetwork, train: Photographs
) -> None:
    """The table of layers, on the calibration photographs."""
    batches = sample(train, arguments.images, arguments.seed).images.split(BATCH)
    print("\nLayers:")
    print(layer_table(layers(chosen.quantized, folded, chosen.step, batches)), flush=True)


def tune(
    how: FineTuning, chosen: Candidate, folded: FoldedNetwork, splits: Splits
) -> tuple[QuantizedNetwork, str]:
    """The best fine-tuned network, perhaps the one before; and which epoch that is."""
    print("\nFine-tuning, int8 on validation:")
    best = None
    for epoch in finetune(chosen.quantized, folded, splits.train, splits.validation, how):
        trained = "as calibrated" if epoch.loss is None else f"training loss {epoch.loss:.4f}"
        print(
            f"epoch {epoch.number}: {trained}, validation loss {epoch.validation_loss:.4f}, "
            f"accuracy {in_words({'top-1': epoch.validation})}",
            flush=True,
        )
        if best is None or epoch.merit > best.merit:
            best = epoch
    print(f"taken: epoch {best.number}")
    return best.quantized, (
        f"epoch {best.number} of {how.epochs}, the best on validation; rate {how.rate}"
    )


def judge(
    made: Checkpoint, quantized: QuantizedNetwork, splits: Splits, report: Path | None
) -> dict[str, str]:
    """Metadata: accuracy, float and int8, on what is held out; and a page, if one is asked for."""
    module, integers = made.module(), StraightNetwork(quantized)
    parts = {name: part for name, part in splits.items() if report is not None or name != "train"}
    scores = {
        "float": {name: scores_of(module, part) for name, part in parts.items()},
        "int8": {name: all_scores(integers, part.images) for name, part in parts.items()},
    }
    result = {}
    print("\nAccuracy:")
    for name, part in parts.items():
        for kind, own in scores.items():
            found = accuracies(own[name], part.targets)
            print(f"{name:<12}{kind:<6}{in_words(found)}")
            if name != "train":
                key = f"accuracy.{kind}.{name}"
                result |= {f"{key}.{best}": str(value) for best, value in found.items()}
                result[key] = str(result.pop(f"{key}.top-1"))
    if report is not None:
        title = f"{quantized.network.name}, {quantized.network.weights:,} weights"
        notes = made.provenance | quantized.metadata | result
        del notes["provenance.training"]  # the same settings, as one text
        print(write_page(report, splits, scores, title=title, history=made.history, notes=notes))
    return result


def quantize_file(arguments: argparse.Namespace) -> int:
    if arguments.recall is not None:
        check_recall(arguments.recall)
    prepare(arguments.output)
    source = read_source(arguments)
    made, names = source.checkpoint, source.names
    settle(arguments, made.provenance, arguments.checkpoint)
    how = None
    if arguments.finetune:
        how = FineTuning(epochs=arguments.finetune, rate=arguments.rate, seed=arguments.seed)
    splits = read_splits(arguments, source)
    if source.foreign is not None:
        print_likeness(arguments.checkpoint, source.foreign, splits.train)
    flattered = refuse_trained(
        "validation",
        splits.validation,
        trained_on(made.photographs),
        meant=arguments.other_split,
        source=arguments.checkpoint,
    )
    if flattered:
        terminal.complain(flattered)
    folded = fold(made.module())
    chosen = choose(arguments, folded, made.labels, splits.train)
    quantized, tuning = chosen.quantized, "none"
    if how is not None:
        quantized, tuning = tune(how, chosen, folded, splits)
        print_layers(arguments, replace(chosen, quantized=quantized), folded, splits.train)
    metadata = describe(
        arguments.checkpoint,
        made,
        chosen,
        tuning=tuning,
        command=printable(f"python -m quant {' '.join(arguments.argv)}"),
        seed=arguments.seed,
    )
    if flattered:
        metadata["accuracy.note"] = flattered
    if names.folders:
        metadata[FOLDERS] = json.dumps(names.folders, ensure_ascii=False)
    quantized = with_class(replace(quantized, metadata=metadata))
    if arguments.recall is not None:
        quantized = with_recall(quantized, splits.validation, arguments.recall)
        print(f"\nthreshold {quantized.decision.threshold:,}: {quantized.metadata['threshold']}")
    metadata = quantized.metadata | judge(made, quantized, splits, arguments.report)
    artifact.save(replace(quantized, metadata=metadata), arguments.output)
    print(f"\n{arguments.output}: {arguments.output.stat().st_size:,} bytes")
    return 0


def _named_class(text: str) -> tuple[int, str]:
    index, _, label = text.partition("=")
    label = printable(label.strip())
    if not index.isdecimal() or not label:
        raise argparse.ArgumentTypeError(f"must look like 293=CHEETAH, not {text}")
    return int(index), label


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant",
        description="Quantize a trained SqueezeNet to the integers of the circuit.",
        examples=(
            "runs/mine/best.pt --output mine.onnx --finetune 4",
            "net.onnx --trained-with torchvision --data photographs --output net8.onnx",
        ),
    )
    parser.add_argument("checkpoint", type=Path, help="of python -m model.train; or an ONNX file")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    add_data_arguments(parser, recorded=True)
    add_other_arguments(parser)
    parser.add_argument(
        "--calibration",
        choices=("auto", *METHODS),
        default="auto",
        help="how ranges are found; auto tries all and takes the best (default)",
    )
    parser.add_argument(
        "--images",
        type=whole(MINIMUM_IMAGES),
        default=128,
        help="calibration photographs, from training (128)",
    )
    parser.add_argument(
        "--finetune",
        type=whole(0),
        default=0,
        metavar="EPOCHS",
        help="quantization-aware epochs (0)",
    )
    parser.add_argument(
        "--rate",
        type=number(above=0),
        default=FineTuning(epochs=1).rate,
        help="of fine-tuning, at most 1 or so",
    )
    parser.add_argument(
        "--pretrained",
        action="store_true",
        help="CHECKPOINT is a state dict of SqueezeNet under torchvision's or Caffe's names",
    )
    parser.add_argument(
        "--name",
        type=_named_class,
        action="append",
        default=[],
        metavar="293=CHEETAH",
        help="label of a class of a foreign network; repeat",
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="labels of a foreign network's classes, one a line; see docs/quantization.md",
    )
    parser.add_argument(
        "--trained-with",
        choices=TRAINED_WITH,
        help="what a foreign network's input is; unit, symmetric, bytes: RGB in 0…1, −1…1, 0…255",
    )
    parser.add_argument(
        "--image", type=int, metavar="SIDE", help="of the images of an ONNX file that takes any"
    )
    parser.add_argument(
        "--recall",
        type=float,
        metavar="SHARE",
        help="set the threshold for none so that this share of validation passes, such as 0.95",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FOLDER", help="write a page of figures, float and int8"
    )
    arguments = parser.parse_args(argv)
    elsewhere = arguments.pretrained or is_onnx(arguments.checkpoint)
    if arguments.report and elsewhere:
        parser.error("--report is for the classes of the photographs, not of a foreign network")
    if (arguments.names or arguments.name) and not elsewhere:
        parser.error("--names and --name are for a foreign network; a checkpoint has its own")
    if (arguments.trained_with or arguments.image) and not elsewhere:
        parser.error("--trained-with and --image are for a foreign network; a checkpoint says both")
    if is_onnx(arguments.checkpoint) and not arguments.trained_with:
        parser.error(
            f"an ONNX file does not say what its input is: give --trained-with "
            f"{', '.join(TRAINED_WITH)}"
        )
    arguments.argv = sys.argv[1:] if argv is None else argv
    return run("quant", quantize_file, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

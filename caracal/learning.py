"""Training, quantizing and evaluating from Python."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from caracal.calling import Setting, call, flags
from model import train as training
from quant import __main__ as quantizing
from quant import evaluate as evaluating
from quant.command import add_judging_arguments, align, judged_parts
from quant.names import names_of
from quant.report import Accuracy, accuracy
from spec import terminal
from spec.arguments import Parser


def train(
    data: str | PathLike, output: str | PathLike, *, quiet: bool = True, **settings: Setting
) -> Path:
    """Train a network on a folder of photographs; ``caracal train`` from Python.

    Parameters
    ----------
    data
        A folder with a folder of photographs for each class, or with ``train/`` and ``valid/``.
    output
        The folder of the run.
    quiet
        Say nothing; otherwise a line an epoch, on standard error.
    settings
        Any flag of ``caracal train``, such as ``epochs=40`` or ``validation_share=0.12``; with few
        photographs ``pretrained="squeezenet1_1-b8a52dc0.pth"``, weights to go on from.

    Returns
    -------
    Path
        Of the checkpoint with the best epoch.

    Raises
    ------
    ValueError
        If the photographs or a setting cannot be used.

    Examples
    --------
    >>> import caracal
    >>> caracal.train(
    ...     caracal.draw("drawn", each=16, size=48),
    ...     "runs/drawn",
    ...     image=48, blocks=1, num_filters=16, epochs=3, validation_share=0.25, report=False,
    ... )
    PosixPath('runs/drawn/best.pt')
    """
    words = flags({"data": data, "output": output} | settings)
    call(training.main, words, quiet=quiet)
    return Path(output) / "best.pt"


def quantize(
    checkpoint: str | PathLike,
    data: str | PathLike,
    output: str | PathLike,
    *,
    quiet: bool = True,
    **settings: Setting,
) -> Path:
    """Turn a trained network into the circuit's integers; ``caracal quantize`` from Python.

    Parameters
    ----------
    checkpoint
        What :func:`train` returned.
    data
        The photographs of the training: ranges are found on some of them.
    output
        The ONNX file to write.
    quiet
        Say nothing; otherwise tables of what was tried, on standard error.
    settings
        Any flag of ``caracal quantize``, such as ``finetune=4``.

    Returns
    -------
    Path
        ``output``.

    Raises
    ------
    ValueError
        If a file, the photographs or a setting cannot be used.

    Examples
    --------
    >>> import caracal
    >>> caracal.quantize(
    ...     "runs/drawn/best.pt", "drawn", "runs/drawn.onnx", validation_share=0.25, images=16
    ... )
    PosixPath('runs/drawn.onnx')
    """
    words = [*flags({"data": data, "output": output} | settings), "--", str(checkpoint)]
    call(quantizing.main, words, quiet=quiet)
    return Path(output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a quantized network is.

    Parameters
    ----------
    accuracy
        By part of the photographs, such as ``validation``: how many were right, of how many.
    differing
        Values in which the NumPy reference, ONNX Runtime and PyTorch differ; must be 0.
    """

    accuracy: dict[str, Accuracy]
    differing: int


def evaluate(
    model: str | PathLike, data: str | PathLike | None = None, **settings: Setting
) -> Evaluation:
    """Judge a quantized network on photographs that training did not see.

    Parameters
    ----------
    model
        The ONNX file.
    data
        Class folders, or a folder with ``valid/`` or ``test/``; by default the training's.
    settings
        What of it was held out, as in training: ``validation_share=0.12``. Instead of ``data``,
        single files, whose folders are called as their classes: ``photographs=["LION/1.jpg"]``.

    Raises
    ------
    ValueError
        If a file or the photographs cannot be used.

    Examples
    --------
    >>> import caracal
    >>> found = caracal.evaluate("runs/drawn.onnx", "drawn", validation_share=0.25)
    >>> found.accuracy["validation"].photographs, found.differing
    (8, 0)
    """
    parser = Parser(prog="python -m quant.evaluate")
    add_judging_arguments(parser)
    with terminal.raising():
        arguments = parser.parse_args(flags({"data": data} | settings))
    arguments.model = Path(model)
    judges = evaluating.Judges(Path(model))
    names = names_of(judges.quantized)
    found = {}
    for part, photographs in judged_parts(arguments, judges.quantized):
        known, _ = align(photographs, names)
        found[part] = accuracy(judges.scores(known), known.targets)
    agreements = judges.agreements.values()
    return Evaluation(
        accuracy=found, differing=sum(sum(one.differing.values()) for one in agreements)
    )

"""``python -m model.report``: a run as one HTML page of figures and tables."""

import argparse
import html
import os
import sys
from pathlib import Path

import torch

from model import checkpoint, evaluate, metrics, plots
from model.checkpoint import Checkpoint
from model.command import add_data_arguments, read_data, run
from model.data import DataError, Photographs, Splits
from model.split import refuse_trained, settle, trained_on
from spec import terminal
from spec.arguments import Parser

FEW = 4
"""Photographs side by side, at most, that a phone shows large enough."""

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 sans-serif; max-width: 80em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .15em .8em; border-bottom: 1px solid #ddd; text-align: right; }}
td:first-child, th:first-child {{ text-align: left; }}
img {{ max-width: 100%; }}
p {{ overflow-wrap: anywhere; }}
.wide {{ overflow-x: auto; }}
.swipe {{ display: none; color: #555; font-size: .85em; }}
@media (max-width: 45em) {{
  table {{ font-size: .85em; }}
  td, th {{ padding: .15em .3em; }}
  .wide img {{ max-width: none; width: 720px; }}
  .swipe {{ display: block; }}
}}
</style>
<h1>{title}</h1>
{body}
"""


def write_html(folder: Path, title: str, body: list[str]) -> Path:
    """Write ``folder/index.html`` whole, of parts of HTML, and give its path."""
    page = folder / "index.html"
    part = page.with_name("index.html.part")
    part.write_text(
        _PAGE.format(title=html.escape(title), body="\n".join(body)),
        encoding="utf-8",
        errors="backslashreplace",
    )
    os.replace(part, page)
    return page


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table as HTML."""

    def line(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "\n".join(["<table>", line(head, "th"), *(line(row, "td") for row in rows), "</table>"])


def _wide(file: str, what: str, *, few: bool = False) -> str:
    """A picture whose letters would be too small on a phone, where it is wider than the page."""
    image = f'<img src="{file}" alt="{what}">'
    if few:
        return f"<p>{image}"
    return f'<p class="swipe">↔ it goes on to the right</p><div class="wide">{image}</div>'


def _accuracy(scores: torch.Tensor, targets: torch.Tensor) -> str:
    return metrics.in_words(int((scores.argmax(dim=1) == targets).sum()), len(targets))


def _section(
    kind: str, part: str, photographs: Photographs, scores: torch.Tensor, folder: Path
) -> str:
    """Confusion matrix, classification report and mistakes of one network on one split."""
    counts = metrics.confusion(scores, photographs.targets)
    stem = f"{kind}-{part}"
    plots.matrix(counts, photographs.labels, f"{kind}, {part}", folder / f"{stem}-confusion.png")
    wrong = plots.mistakes(photographs, scores, folder / f"{stem}-mistakes.png")
    rows = [
        [row.name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support)]
        for row in metrics.classification(counts, photographs.labels)
    ]
    body = [
        f"<h2>{kind}, {part}: {metrics.in_words(int(counts.trace()), len(photographs))}</h2>",
        f'<img src="{stem}-confusion.png" alt="confusion matrix">',
        table(["class", "precision", "recall", "F1", "photographs"], rows),
    ]
    if wrong:
        names = ", ".join(html.escape(photographs.names[index]) for index in wrong)
        body += [
            _wide(f"{stem}-mistakes.png", "misclassified photographs", few=len(wrong) <= FEW),
            f"<p>Misclassified, the surest first: {names}.",
        ]
    return "\n".join(body)


def write(
    folder: Path,
    splits: Splits | dict[str, Photographs],
    scores: dict[str, dict[str, torch.Tensor]],
    *,
    title: str,
    history: list[dict] = (),
    notes: dict[str, str] | None = None,
) -> Path:
    """Write ``folder/index.html`` and its figures.

    Parameters
    ----------
    scores
        By kind of network (``"float"``, ``"int8"``), then by split (the names of
        ``splits.items()``): shape (photographs, classes).
    history
        The epochs of the run, for the curves.
    notes
        Settings and circumstances, for a table at the end.

    Returns
    -------
    Path
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # What was not trained on comes first: it is what counts.
    parts = dict(sorted(splits.items(), key=lambda item: item[0] == "train"))
    head = ["", *parts]
    rows = [
        [kind, *(_accuracy(own[part], parts[part].targets) for part in parts)]
        for kind, own in scores.items()
    ]
    body = ["<h2>Accuracy</h2>", table(head, rows)]
    if history:
        plots.curves(history, folder / "curves.png")
        body += ["<h2>Curves</h2>", _wide("curves.png", "loss and accuracy by epoch")]
    for part, photographs in parts.items():
        for kind, own in scores.items():
            body.append(_section(kind, part, photographs, own[part], folder))
    skipped = [line for photographs in parts.values() for line in photographs.skipped]
    if skipped:
        body += ["<h2>Files skipped</h2>", *(f"<p>{html.escape(line)}" for line in skipped)]
    if notes:
        body += ["<h2>Settings</h2>", table(["", ""], [list(note) for note in notes.items()])]
    return write_html(folder, title, body)


def write_float(made: Checkpoint, splits: Splits, folder: Path) -> Path:
    """The page of a float checkpoint on every split."""
    module = made.module()
    scores = {part: evaluate.scores_of(module, own) for part, own in splits.items()}
    return write(
        folder,
        splits,
        {"float": scores},
        title=f"{made.network.name}, {made.network.weights:,} weights",
        history=made.history,
        notes=made.provenance,
    )


def write_page(arguments: argparse.Namespace) -> int:
    made = checkpoint.load(arguments.checkpoint)
    settle(arguments, made.provenance, arguments.checkpoint)
    splits = read_data(arguments, made.framing)
    if splits.train.labels != made.labels:
        raise DataError(
            f"{arguments.data}: has the classes {', '.join(splits.train.labels)}; the "
            f"checkpoint knows {', '.join(made.labels)}"
        )
    line = refuse_trained(
        "validation",
        splits.validation,
        trained_on(made.photographs),
        meant=arguments.other_split,
        source=arguments.checkpoint,
    )
    if line:
        terminal.complain(line)
    print(write_float(made, splits, arguments.output))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.report",
        description=__doc__,
        examples=(
            "runs/mine/best.pt --output page",
            "runs/mine/best.pt --data test --output page",
        ),
    )
    parser.add_argument("checkpoint", type=Path)
    add_data_arguments(parser, recorded=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of the page")
    return run("model.report", write_page, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())

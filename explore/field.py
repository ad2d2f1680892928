"""How a study's networks do in the field: each quantized, and judged as :mod:`quant.field` does."""

import csv
import io
import math
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path

from explore.training import Failure
from model.settings import Settings
from quant import __main__ as quantize
from quant import field

FIGURES = {
    "right": ("validation: right, best of all outputs", True),
    "dark": ("validation: right when grey and dark", True),
    "calibration": ("validation: expected calibration error.*", False),
    "strangers": ("strangers: let through at a recall.*", False),
    "general": ("general: let through at a recall.*", False),
    "small": ("pasted at a third of the size: right species", True),
    "empties": ("trap: empties let through, visible.*", False),
    "animals": ("trap: other animals let through, visible.*", False),
    "auroc": ("trap: AUROC of .*, all cameras", True),
}
"""What is called so of :mod:`quant.field`'s lines, and whether more of it is better. Of several
lines that match it is the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """The pictures that a network meets in the field, as :mod:`quant.field` takes them; or none."""

    strangers: Path | None = None
    general: Path | None = None
    trap: Path | None = None
    sources: Path | None = None

    def __bool__(self) -> bool:
        return any(path is not None for path in (self.strangers, self.general, self.trap))

    @property
    def flags(self) -> list[str]:
        """Of :mod:`quant.field`."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        return [f"--{name}={path.resolve()}" for name, path in given.items() if path is not None]

    def gives(self, name: str) -> bool:
        """Whether a figure of ``FIGURES`` can be measured with these sets."""
        needs = {"strangers": self.strangers, "general": self.general}
        needs |= dict.fromkeys(("small", "empties", "animals", "auroc"), self.trap)
        return needs.get(name, True) is not None

    def check(self) -> None:
        """Before long work.

        Raises
        ------
        ValueError
            If one is no folder, or the table of cameras no file.
        """
        for name in ("strangers", "general", "trap"):
            path = getattr(self, name)
            if path is not None and not path.is_dir():
                raise ValueError(f"--{name} {path}: no such folder")
        if self.sources is not None and self.trap is None:
            raise ValueError("--sources is the table of --trap's cameras: give both")
        table = self.sources or (self.trap and self.trap / "sources.tsv")
        if table is not None and not table.is_file():
            raise ValueError(f"{table}: no such table of cameras; --sources names it")


def measure(settings: Settings, sets: Sets) -> dict[str, float] | Failure:
    """The figures of a finished run, by the names of ``FIGURES``; those that its sets allow.

    Its best checkpoint is quantized into ``int8.onnx``, its threshold set for the recall that
    strangers are measured at. What is printed on the way is in ``output.txt`` in the run's folder.
    """
    folder = settings.output
    model, table = folder / "int8.onnx", folder / "field.csv"
    more = [
        f"--{name}={getattr(settings, name)}"
        for name in ("others", "empties", "field", "repeat")
        if getattr(settings, name) is not None
    ]
    threads = f"--threads={settings.threads}"
    commands = (
        (quantize, [f"{folder / 'best.pt'}", f"--output={model}", f"--recall={field.RECALL}"]),
        (field, [f"{model}", *sets.flags, f"--csv={table}"]),
    )
    for command, arguments in commands:
        said = io.StringIO()
        with (
            open(folder / "output.txt", "a", buffering=1) as file,
            redirect_stdout(file),
            redirect_stderr(said),
        ):
            code = command.main([*arguments, threads, *(more if command is quantize else [])])
        if code:
            lines = said.getvalue().strip().splitlines()
            return Failure(lines[-1] if lines else f"ended with code {code}")
    with open(table, newline="") as file:
        return figures_of({row["figure"]: float(row["value"]) for row in csv.DictReader(file)})


def figures_of(lines: dict[str, float]) -> dict[str, float]:
    """By the names of ``FIGURES``, what the lines of :mod:`quant.field` give."""
    found = {}
    for name, (pattern, _) in FIGURES.items():
        values = [value for line, value in lines.items() if re.fullmatch(pattern, line)]
        values = [value for value in values if not math.isnan(value)]
        if values:
            found[name] = sum(values) / len(values)
    return found

"""What a study keeps in its folder: the recipe, and a file for each finished run."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import torch

from explore.field import Sets
from explore.study import AXES
from explore.training import Result
from model.settings import Settings


class StoreError(ValueError):
    """A folder that cannot be used; the message names the file and the way out."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, or leave it as it was.

    Raises
    ------
    StoreError
        If the disk is full or the folder cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); make room, or choose another --output"
        ) from error
    finally:
        if part.exists():
            part.unlink()


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged ({error}); remove it") from None


def _write(path: Path, values: dict) -> None:
    write_whole(path, (json.dumps(values, indent=2) + "\n").encode())


class Store:
    """The folder of a study.

    ``recipe.json`` is what its runs share; ``runs/SETTING/seedN/result.json`` a finished run,
    beside its checkpoints and its log; ``field.json`` there how it does in the field.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def claim(self, settings: Settings) -> None:
        """Write down the recipe, or check that it is the one the finished runs were made with.

        Raises
        ------
        StoreError
            If it is another one, or the folder cannot be written.
        """
        path = self.folder / "recipe.json"
        recipe = {
            key: value for key, value in settings.lasting().items() if key not in (*AXES, "seed")
        }
        recipe["torch"] = str(torch.__version__)
        if not path.exists():
            _write(path, recipe)
            return
        kept = _read(path)
        for key in sorted(kept.keys() | recipe.keys()):
            if kept.get(key) != recipe.get(key):
                raise StoreError(
                    f"{path}: the runs there have {key} {kept.get(key)}, not {recipe.get(key)}; "
                    f"give the same, or another --output"
                )

    def run_folder(self, slug: str, seed: int) -> Path:
        """Where a run leaves everything."""
        return self.folder / "runs" / slug / f"seed{seed}"

    def result(self, run: Path) -> Result | None:
        """What a finished run gave; None if it is not finished.

        Raises
        ------
        StoreError
            If the file is damaged.
        """
        path = run / "result.json"
        if not path.exists():
            return None
        try:
            return Result(**_read(path)["result"])
        except (KeyError, TypeError) as error:
            raise StoreError(f"{path}: damaged ({error}); remove it") from None

    def keep(self, settings: Settings, result: Result) -> None:
        """Write a finished run's file."""
        _write(
            settings.output / "result.json",
            {"result": asdict(result), "settings": settings.lasting()},
        )

    def figures(self, run: Path, sets: Sets) -> dict[str, float] | None:
        """What a run's network did on these sets; None if that was not measured.

        Raises
        ------
        StoreError
            If the file is damaged.
        """
        path = run / "field.json"
        if not path.exists():
            return None
        kept = _read(path)
        try:
            return dict(kept["figures"]) if kept["sets"] == sets.flags else None
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path}: damaged ({error}); remove it") from None

    def keep_figures(self, run: Path, sets: Sets, figures: dict[str, float]) -> None:
        """Write down what a run's network did on these sets."""
        _write(run / "field.json", {"figures": figures, "sets": sets.flags})

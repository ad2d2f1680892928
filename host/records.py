"""What trappers keep of answers: a table, a file other tools read, copies sorted by answer."""

import csv
import json
import os
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image

from host.client import Answer
from host.photographs import PhotographError
from photo.files import quiet
from spec import terminal
from spec.photograph import Framing, upright_size
from spec.quantized import QuantizedNetwork
from spec.reference import probabilities
from spec.text import printable

UNREADABLE = "unreadable"
"""The answer, and the folder, of a file that is no photograph."""

FORMAT_VERSION = "1.5"
"""Of the MegaDetector batch format that is written."""

ANIMAL = "1"
"""The category of every detection: an animal."""

_EXIF, _TAKEN = 0x8769, 0x9003
"""EXIF: the block of the camera's own tags, and there the time at which a picture was taken."""


_TEXT = {"encoding": "utf-8", "errors": "backslashreplace"}
"""What is written: a byte of a file's name that is not UTF-8 as ``\\udcf6``, which JSON reads."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a file besides its answer.

    Parameters
    ----------
    taken
        EXIF ``DateTimeOriginal``, as the camera wrote it, or nothing.
    box
        What of the picture the network saw: left, top, width, height, as shares of it.
    """

    taken: str = ""
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


def look(path: Path, framing: Framing) -> Look:
    """The :class:`Look` of a photograph; of a file that is none, an empty one."""
    try:
        with quiet(), Image.open(path) as image:
            width, height = upright_size(image)
            taken = _taken(image)
    except Exception:  # whatever a decoder makes of foreign bytes
        return Look()
    side = min(width, height) * framing.side / framing.shorter
    box = (
        round((width - side) / 2 / width, 4),
        round((height - side) / 2 / height, 4),
        round(side / width, 4),
        round(side / height, 4),
    )
    return Look(taken=taken, box=box)


def _taken(image: Image.Image) -> str:
    try:
        return str(image.getexif().get_ifd(_EXIF).get(_TAKEN, ""))
    except Exception:  # whatever a parser makes of a broken block
        return ""


def folder_name(label: str) -> str:
    """What the folder of a class is called: its label, and never a path to somewhere else."""
    name = label.replace("/", "_").replace("\0", "_")
    return name if name.strip(".") else f"_{name}"


@dataclass(kw_only=True)
class Records:
    """Keeps answers as they come, in every way that is asked for; closed, all of it is written.

    Parameters
    ----------
    quantized
        The network that answers.
    table
        A CSV file, a line an answer, written at once.
    batch
        A JSON file in the MegaDetector batch format, written at the end, whole.
    folder
        Gets a copy of each file, its times kept, in a folder named after its answer.
    boxes
        What the network saw of a picture, as in :class:`Look`, where that is not the centre.
    lost
        Whether a file could not be copied.
    """

    quantized: QuantizedNetwork
    table: Path | None = None
    batch: Path | None = None
    folder: Path | None = None
    boxes: dict[Path, tuple[float, float, float, float]] = field(default_factory=dict)
    lost: bool = False
    _images: list[dict] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)
    _file: TextIO | None = None

    def __enter__(self) -> "Records":
        """Open the table, and refuse what cannot be written before a photograph is sent.

        Raises
        ------
        PhotographError
            If a file exists, or a folder cannot be written.
        """
        for path in (self.table, self.batch):
            if path is not None and path.exists():
                raise PhotographError(f"{path}: exists; choose another name, or move it")
            if path is not None and not path.parent.is_dir():
                raise PhotographError(f"{path}: there is no folder {path.parent}")
        try:
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
            if self.table is not None:
                self._file = self._open.enter_context(open(self.table, "w", **_TEXT, newline=""))
        except OSError as error:
            raise PhotographError(
                f"{error.filename}: cannot be written ({error.strerror})"
            ) from error
        self._row(["file", "taken", "answer", "probability", *self.quantized.labels])
        return self

    def __exit__(self, *exception) -> None:
        self._open.close()
        if self.batch is not None:
            self._write_batch()

    def _row(self, cells: list) -> None:
        if self._file is not None:
            csv.writer(self._file).writerow(cells)
            self._file.flush()

    def answer(self, said: Answer) -> None:
        """A photograph's answer; its key is its path."""
        path, answer = Path(said.key), said.result.winner
        odds = probabilities(self.quantized, np.array(said.result.sums))
        seen, label = look(path, self.quantized.framing), self.quantized.label(answer)
        none = self.quantized.decision.none_of(len(odds))
        own = f"{odds[answer]:.4f}" if answer < len(odds) else ""
        self._row([path, seen.taken, label, own, *(f"{value:.4f}" for value in odds)])
        detections = []
        if answer != none:
            order = [int(i) for i in np.argsort(-odds, kind="stable") if i != none]
            behind = odds[none] if none < len(odds) else 0.0
            detections = [
                {
                    "category": ANIMAL,
                    "conf": round(float(1 - behind), 4),
                    "bbox": list(self.boxes.get(path, seen.box)),
                    "classifications": [[str(i), round(float(odds[i]), 4)] for i in order],
                }
            ]
        self._images.append({"file": path.as_posix(), "detections": detections})
        self._sort(path, label)

    def refused(self, path: Path, error: PhotographError) -> None:
        """A file that is no photograph."""
        self._row([path, "", UNREADABLE, "", *[""] * len(self.quantized.labels)])
        reason = str(error).removeprefix(f"{printable(path)}: ")
        self._images.append({"file": path.as_posix(), "detections": None, "failure": reason})
        self._sort(path, UNREADABLE)

    def _sort(self, path: Path, label: str) -> None:
        """Copy a file into the folder of its answer, beside whatever is there already.

        One that cannot be copied, as it is gone, say, is a warning, and ``lost``.
        """
        if self.folder is None:
            return
        folder = self.folder / folder_name(label)
        part = folder / f".{os.getpid()}.part"
        try:
            folder.mkdir(exist_ok=True)
            target, number = folder / path.name, 1
            while target.exists():
                number += 1
                target = folder / f"{path.stem}-{number}{path.suffix}"
            shutil.copy2(path, part)
            os.replace(part, target)
        except OSError as error:
            self.lost = True
            terminal.complain(f"{printable(path)}: not copied ({error.strerror})")
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _write_batch(self) -> None:
        labels = self.quantized.labels
        none = self.quantized.decision.none_of(len(labels))
        content = {
            "info": {"format_version": FORMAT_VERSION, "classifier": self.quantized.network.name},
            "detection_categories": {ANIMAL: "animal"},
            "classification_categories": {
                str(index): label for index, label in enumerate(labels) if index != none
            },
            "images": self._images,
        }
        part = self.batch.with_name(f"{self.batch.name}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps(content, ensure_ascii=False, indent=1), **_TEXT)
            os.replace(part, self.batch)
        finally:
            part.unlink(missing_ok=True)

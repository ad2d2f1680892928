"""Frames of camera traps, each with its camera, for figures that count cameras, not pictures."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from host.sequences import Box, seen, sequences
from model.data import DataError, Photographs, read_folder
from photo.files import PhotographError
from spec.photograph import Framing
from spec.text import TextError, read_table

EMPTY = "empty"
"""The folder of frames without an animal; a folder that is no class of the model holds others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trap:
    """Frames and what is known of them.

    Parameters
    ----------
    frames
        The pictures; their labels are folder names.
    cameras
        str, shape (frames,): which camera or event each is from.
    visible
        bool, shape (frames,): whether a person can see what it shows.
    """

    frames: Photographs
    cameras: np.ndarray
    visible: np.ndarray

    def of(self, folder: str) -> np.ndarray:
        """Which frames are in a folder: bool, shape (frames,)."""
        if folder not in self.frames.labels:
            return np.zeros(len(self.frames), bool)
        return self.frames.targets.numpy() == self.frames.labels.index(folder)


def read_trap(folder: Path, table: Path, size: int, *, strict: bool = False) -> Trap:
    """The frames of a folder of class folders, and what a table says of each.

    Parameters
    ----------
    table
        Tab-separated with the columns ``file``, ``camera_or_event`` and, for frames that a person
        can hardly judge, something in ``flag``.

    Raises
    ------
    DataError
        As :func:`model.data.read_folder`; if the table misses a column or a frame.
    """
    frames = read_folder(folder, size, strict=strict)
    try:
        rows = read_table(table)
    except TextError as error:
        raise DataError(str(error)) from error
    columns = ("file", "camera_or_event", "flag")
    if not rows or not set(columns) <= rows[0].keys():
        raise DataError(f"{table}: must have the columns {', '.join(columns)}")
    told = {row["file"]: row for row in rows}
    for name in frames.names:
        if name not in told:
            raise DataError(f"{table}: has no line for {name} in {folder}; add one")
    return Trap(
        frames=frames,
        cameras=np.array([told[name]["camera_or_event"] for name in frames.names]),
        visible=np.array([not told[name]["flag"] for name in frames.names]),
    )


def where_it_moved(trap: Trap, folder: Path, framing: Framing) -> tuple[Trap, np.ndarray]:
    """The frames as ``host classify --motion`` shows them; and which are seen in a part only.

    Each is compared with the others of its camera and size, whatever folders they are in.

    Returns
    -------
    tuple of Trap and numpy.ndarray
        The latter bool, shape (frames,).
    """
    images, parts = trap.frames.images.clone(), np.zeros(len(trap.frames), bool)
    side = images.shape[-1]
    for camera in np.unique(trap.cameras):
        rows = {
            folder / trap.frames.names[row]: row for row in np.flatnonzero(trap.cameras == camera)
        }
        refused: dict[Path, PhotographError] = {}
        boxes: dict[Path, Box] = {}
        for path, where in sequences(camera, list(rows), refused, lambda line: None).items():
            pixels = np.frombuffer(seen(path, where, framing, boxes), np.uint8)
            picture = torch.from_numpy(pixels.reshape(side, side, 3).copy())
            images[rows[path]] = picture.permute(2, 0, 1)
            parts[rows[path]] = path in boxes
    return replace(trap, frames=replace(trap.frames, images=images)), parts

"""Pictures for the simulated camera: photographs, and files of several pictures."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from photo import files
from photo.files import PhotographError
from spec.camera import Crop, Sensor
from spec.photograph import Framing, square

VGA = (480, 640)
SMALLEST = 60
"""Lines of the smallest camera that is played."""


def sensor_for(height: int, width: int, **more) -> Sensor:
    """A camera that shows a network of ``height`` × ``width`` at least 2 × 2 pixels for each.

    It is VGA, or for a small network a half, a quarter or an eighth of that, to be quick; ``more``
    as :class:`spec.camera.Sensor`.

    Raises
    ------
    ValueError
        If VGA has fewer pixels than the network.
    """
    lines, columns = VGA
    while lines > SMALLEST and lines // 4 >= height and columns // 4 >= width:
        lines, columns = lines // 2, columns // 2
    sensor = Sensor(height=lines, width=columns, **more)
    Crop.of(sensor, height, width)
    return sensor


def pictures(
    paths: Iterable[Path], framing: Framing, tell: Callable[[str], None]
) -> Iterator[tuple[str, np.ndarray]]:
    """Name and pixels of each picture, uint8, (side, side, 3): of a GIF, WebP or other file of
    several pictures, each of them, as frames of a film.

    What cannot be read is a line for ``tell``.
    """
    for path in paths:
        try:
            yield from _of_file(path, framing)
        except PhotographError as error:
            tell(f"{error}; skipped")


def _of_file(path: Path, framing: Framing) -> Iterator[tuple[str, np.ndarray]]:
    try:
        with Image.open(path) as image:
            if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                for number, frame in enumerate(ImageSequence.Iterator(image), 1):
                    yield f"{path} {number}", square(frame.copy(), framing)
                return
    except Exception:  # whatever a decoder makes of foreign bytes
        pass  # whoever reads it as a photograph says what is wrong with it
    yield str(path), files.read(path, framing)

"""Pictures for the simulated camera: photographs, and files of several pictures."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from photo import files
from photo.files import PhotographError
from sim import films
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
    """Name and pixels of each picture, uint8, (side, side, 3): of a film, and of a GIF, WebP or
    other file of several pictures, each frame.

    What cannot be read is a line for ``tell``.
    """
    for path in paths:
        given = 0
        try:
            for picture in _of_file(path, framing):
                yield picture
                given += 1
        except PhotographError as error:
            tell(f"{error}; {'the rest is ' if given else ''}skipped")


def _of_file(path: Path, framing: Framing) -> Iterator[tuple[str, np.ndarray]]:
    if films.is_film(path):
        for number, frame in enumerate(films.frames(path), 1):
            yield f"{path} {number}", square(frame, framing)
        return
    try:
        with Image.open(path) as image:
            if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                for number, frame in enumerate(ImageSequence.Iterator(image), 1):
                    yield f"{path} {number}", square(frame.copy(), framing)
                return
    except Exception:  # whatever a decoder makes of foreign bytes
        pass  # whoever reads it as a photograph says what is wrong with it
    yield str(path), files.read(path, framing)

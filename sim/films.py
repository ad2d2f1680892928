"""The frames of a film, read by PyAV; a film is anything that FFmpeg decodes."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from photo.files import PhotographError
from spec.text import printable

_NAMED = "3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv webm wmv"
SUFFIXES = frozenset(f".{name}" for name in _NAMED.split())
"""How films are named that Pillow does not open."""


def is_film(path: Path) -> bool:
    """Whether a file's suffix is one of :data:`SUFFIXES`."""
    return path.suffix.casefold() in SUFFIXES


def frames(path: Path) -> Iterator[Image.Image]:
    """Each frame of a film's first video stream, RGB, turned as the film says.

    Raises
    ------
    PhotographError
        If PyAV is not installed, or the file is no film, or is damaged: once the frames before the
        damage have been given.
    """
    name = printable(path)
    try:
        import av
    except ImportError:
        raise PhotographError(f"{name}: a film needs PyAV: pip install -e '.[video]'") from None
    try:
        file = path.open("rb")
    except OSError as error:
        raise PhotographError(f"{name}: cannot be read ({error.strerror})") from error
    count = 0
    try:
        with file, av.open(file) as film:
            if not film.streams.video:
                raise PhotographError(f"{name}: a film without a picture")
            stream = film.streams.video[0]
            for frame in film.decode(stream):
                yield frame.to_image().rotate(frame.rotation, expand=True)
                count += 1
            promised = stream.frames  # 0 where the format does not say
    except (av.FFmpegError, OSError) as error:
        where = f"damaged after {count} frames" if count else "no film that can be read"
        raise PhotographError(f"{name}: {where} ({error.strerror})") from error
    if count < max(promised, 1):
        raise PhotographError(f"{name}: a film of {promised} frames that ends after {count}")

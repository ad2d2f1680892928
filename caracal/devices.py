"""A board, real or simulated, from Python."""

from argparse import Namespace
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image

from host import connection, show
from host.client import BoardError
from host.photographs import read
from spec import artifact
from spec.models import packaged
from spec.photograph import square
from spec.replies import Identity, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a board says of a photograph.

    Parameters
    ----------
    label
        The class.
    probability
        How sure, 0…1.
    sums
        The class sums as they came, a whole number a class.
    cycles
        Clock cycles that the chip took: the plan's, if the pixels came as fast as the engine takes
        them. A serial line is slower, and what else is done while the engine waits moves them.
    chip_ms, total_ms
        The same as time, and from the first byte sent to the answer.
    """

    label: str
    probability: float
    sums: tuple[int, ...]
    cycles: int
    chip_ms: float
    total_ms: float


def image_of(pixels: np.ndarray) -> Image.Image:
    """An array as an image.

    Raises
    ------
    ValueError
        If it is not uint8, or not of shape (height, width) or (height, width, 3), or empty.
    """
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not fits or not pixels.size:
        raise ValueError(
            "pixels must be uint8, 0…255, of shape (height, width, 3) or (height, width), not "
            f"{pixels.dtype} of shape {pixels.shape}"
        )
    return Image.fromarray(pixels)


class Board:
    """A board that holds a network: made by :meth:`open` or :meth:`simulated`.

    It is a context manager, and closed at its end.

    Raises
    ------
    host.line.LineError
        If there is no board, or it cannot be opened.
    host.client.BoardError
        If it does not answer.
    host.connection.Mismatch
        If it holds another network.
    ValueError
        If the model file cannot be used.

    Examples
    --------
    >>> import caracal, numpy
    >>> with caracal.Board.simulated("small.onnx", engine="4x4") as board:
    ...     file = board.classify("photo.jpg")
    ...     array = board.classify(numpy.zeros((30, 40, 3), numpy.uint8))
    ...     board.load("other.onnx").selftest()
    True
    >>> file.label.startswith("class"), len(array.sums) == len(file.sums)
    (True, True)
    """

    def __init__(self, arguments: Namespace):
        self._stack = ExitStack()
        try:
            self._client, self._network = self._stack.enter_context(connection.connected(arguments))
        except BaseException:
            self._stack.close()
            raise

    @classmethod
    def simulated(cls, model: str | PathLike | None = None, *, engine: str = "16x16") -> "Board":
        """The circuit itself in Verilator; its first start compiles it, for a minute or two.

        Parameters
        ----------
        model
            A quantized network, by default the packaged one.
        engine
            The engine's name.

        Examples
        --------
        >>> with caracal.Board.simulated("small.onnx", engine="4x4") as board:
        ...     board.identity.width, board.identity.height
        (24, 24)
        """
        path = Path(model or packaged())
        return cls(Namespace(model=path, simulate=True, engine=engine, port=None))

    @classmethod
    def open(cls, port: str | None = None, model: str | PathLike | None = None) -> "Board":
        """A board at a serial port, by default the one that looks like a board's.

        Parameters
        ----------
        port
            Such as ``/dev/ttyUSB0``.
        model
            The network it was built from, by default the packaged one.

        Examples
        --------
        >>> with caracal.Board.open("/dev/ttyUSB0", "small.onnx") as board:
        ...     board.classify("photo.jpg").label
        'class 2'
        """
        path = Path(model or packaged())
        return cls(Namespace(model=path, simulate=False, engine=None, port=port))

    @property
    def identity(self) -> Identity:
        """What the board said of itself.

        Examples
        --------
        >>> f"{board.identity.clock_hz / 1e6:g} MHz"
        '100 MHz'
        """
        return self._client.identity

    def classify(self, photograph: str | PathLike | np.ndarray) -> Answer:
        """The class of a photograph.

        Parameters
        ----------
        photograph
            A file, or pixels: uint8, shape (height, width, 3), RGB, or (height, width), of any
            size; they are framed as training does.

        Raises
        ------
        host.photographs.PhotographError
            If the file is no photograph.
        ValueError
            If an array is not of that type and shape.

        Examples
        --------
        >>> answer = board.classify("photo.jpg")
        >>> answer.sums[answer.sums.index(max(answer.sums))] == max(answer.sums), answer.chip_ms > 0
        (True, True)
        """
        framing = self._network.framing
        if isinstance(photograph, np.ndarray):
            pixels = square(image_of(photograph), framing).tobytes()
        else:
            pixels = read(Path(photograph), framing)
        (said,) = self._client.classify([("", pixels)])
        values = show.verdict(said, self._network, self.identity.clock_hz)
        return Answer(
            label=values["label"],
            probability=values["probability"],
            sums=said.result.sums,
            cycles=values["cycles"],
            chip_ms=values["chip_ms"],
            total_ms=values["total_ms"],
        )

    def load(self, model: str | PathLike) -> "Board":
        """Load another network, until power goes; ``caracal load`` from Python.

        Nothing is lost if it does not fit: the board keeps the network that it has.

        Parameters
        ----------
        model
            A quantized network.

        Returns
        -------
        Board
            This one.

        Raises
        ------
        host.image.ImageRefused
            If it does not fit the board.
        host.client.BoardError
            If the board refuses it, or keeps failing.
        ValueError
            If the file cannot be used.

        Examples
        --------
        >>> board.load("other.onnx").classify("photo.jpg").label.startswith("class")
        True
        """
        path = Path(model)
        network = artifact.load(path)
        connection.send(self._client, network, path)
        if self.identity.model != digest(path.read_bytes()):
            raise BoardError(f"the board says that it holds {self.identity.name}, not {path}")
        self._network = network
        return self

    def selftest(self) -> bool:
        """Whether the board, testing itself, found every class sum as it was at build time.

        Examples
        --------
        >>> board.selftest()
        True
        """
        return not self._client.selftest().wrong

    def close(self) -> None:
        """End it; a simulated one goes. ``with`` does so by itself.

        Examples
        --------
        >>> board.close()
        """
        self._stack.close()

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_) -> None:
        self.close()

"""Geometry and exact timing of the window generator.

Cycles count from the one in which ``start`` is presented (cycle 0), pixels always offered.
"""

from dataclasses import dataclass

from plan.block_rams import block_rams
from plan.words import PIXEL

CHANNELS = len(PIXEL)
"""The bytes of a pixel."""

FIRST_PIXEL = 1
"""The cycle in which a frame's first pixel can be taken."""

RING = 1
"""Cycles from a row of the ring being freed to the scan of an image row that needs it."""

FIRST_WORD = 5
"""Cycles from the scan of a patch's last position to the write of its first word."""

ROW_DONE = 1
"""Cycles from the write of a row's last word to ``row_done``."""

WIDTH_MIN = 5
"""The narrowest image: the line buffer must have stored a pixel when the scan returns to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowGeometry:
    """The patches of a first convolution, and where they go.

    A patch is ``kernel²`` pixels in the order of :func:`patch_pixels`, three bytes each, in words
    of ``word_bytes`` bytes; word ``k`` lies in plane ``k`` of the patch memory. A plane is a ring
    of ``ring_rows`` rows of patches, which take turns in as many banks as ``pixels`` enter the
    array in a cycle.
    """

    height: int
    width: int
    kernel: int
    stride: int
    padding: int
    word_bytes: int
    ring_rows: int
    pixels: int = 1

    def __post_init__(self):
        for key in ("height", "width", "kernel", "stride", "word_bytes", "ring_rows", "pixels"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, not {getattr(self, key)}")
        if not 0 <= self.padding < self.kernel:
            raise ValueError(f"padding must be from 0 to {self.kernel - 1}, not {self.padding}")
        if self.width < WIDTH_MIN:
            raise ValueError(f"width must be at least {WIDTH_MIN}, not {self.width}")
        if min(self.height, self.width) + 2 * self.padding < self.kernel:
            raise ValueError(
                f"a {self.kernel}×{self.kernel} kernel must fit the padded image of "
                f"{self.height}×{self.width}"
            )

    def _count(self, length: int) -> int:
        return (length + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def o_height(self) -> int:
        return self._count(self.height)

    @property
    def o_width(self) -> int:
        return self._count(self.width)

    @property
    def words(self) -> int:
        """Words a patch."""
        return -(-(self.kernel**2) * CHANNELS // self.word_bytes)

    @property
    def across(self) -> int:
        """Words of a row in a plane of a bank."""
        return -(-self.o_width // self.pixels)

    @property
    def plane(self) -> int:
        """Words a plane of a bank."""
        return self.ring_rows * self.across

    @property
    def depth(self) -> int:
        """Words of the patch memory, of each bank."""
        return self.words * self.plane

    @property
    def offset(self) -> int:
        """The scan position, along either axis, that completes the first patch."""
        return self.kernel - 1 - self.padding

    def _scan(self, length: int, count: int) -> int:
        return max(length, (count - 1) * self.stride + self.offset + 1)

    @property
    def scan_rows(self) -> int:
        """Rows of the scan: the image, and as much padding below as patches need."""
        return self._scan(self.height, self.o_height)

    @property
    def scan_columns(self) -> int:
        """Columns of the scan: the image, and as much padding on the right as patches need."""
        return self._scan(self.width, self.o_width)

    @property
    def row_end(self) -> int:
        """The scan column that completes a row's last patch."""
        return self.offset + (self.o_width - 1) * self.stride


def patch_pixels(kernel: int) -> tuple[tuple[int, int], ...]:
    """The pixels of a patch in the order of its bytes, each (kernel row, kernel column).

    From the last pixel of the raster order outwards, in shells: so the first ``9`` are those of a
    3×3 kernel, whatever the largest kernel, and the circuit selects nothing.
    """
    return tuple(
        (kernel - 1 - up, kernel - 1 - left)
        for shell in range(kernel)
        for up in range(shell + 1)
        for left in range(shell + 1)
        if max(up, left) == shell
    )


def line_bits(kernel: int) -> int:
    """Bits of a word of the line buffer: a column of ``kernel − 1`` pixels."""
    return (kernel - 1) * CHANNELS * 8


def line_block_rams(width: int, kernel: int) -> int:
    """EBR of the line buffer for images of this width."""
    return block_rams(line_bits(kernel), width) if kernel > 1 else 0


class WindowTiming:
    """Cycles of ``row_done`` in a frame, fed with the cycles in which rows of the ring are freed.

    At the frame's start the whole ring is free.
    """

    def __init__(self, geometry: WindowGeometry):
        self._geometry = geometry
        self._freed = [FIRST_PIXEL - RING] * geometry.ring_rows
        self._row = 0
        self._scanned_rows = 0
        self._next_position = FIRST_PIXEL
        self._next_patch = FIRST_PIXEL

    def free(self, cycle: int, rows: int = 1) -> None:
        """``rows`` is presented on ``free`` in this cycle; cycles must not decrease."""
        if cycle < self._freed[-1]:
            raise ValueError(f"rows freed after cycle {self._freed[-1]} cannot come in {cycle}")
        self._freed += [cycle] * rows

    def next_row(self) -> int:
        """The cycle of the next ``row_done``.

        Raises
        ------
        ValueError
            If the row's place in the ring has not been freed yet, or the frame has no more rows.
        """
        self._check()
        g = self._geometry
        idle_rows = self._row * g.stride + g.offset - self._scanned_rows
        begin = self._next_position + idle_rows * g.scan_columns
        begin = max(begin, self._freed[self._row] + RING)
        first = max(begin + g.offset, self._next_patch)
        last = first + (g.o_width - 1) * max(g.stride, g.words)
        self._next_patch = last + g.words
        self._next_position = last + g.scan_columns - g.offset - (g.o_width - 1) * g.stride
        self._scanned_rows += idle_rows + 1
        self._row += 1
        return last + FIRST_WORD + g.words - 1 + ROW_DONE

    def _check(self) -> None:
        if self._row == self._geometry.o_height:
            raise ValueError(f"a frame has only {self._geometry.o_height} rows of patches")
        if self._row == len(self._freed):
            raise ValueError(f"row {self._row} waits for a row of the ring that nobody has freed")

"""The buffers between the line and the core."""

from plan.block_rams import block_rams
from spec.protocol import CHUNK_BYTES

WINDOW = 8
"""Chunks that may be on their way to a board: 27 ms of a line at 3 Mbit/s, more than the answer of
a USB adapter takes (16 ms at most) or the core takes for a frame."""


def link_block_rams() -> dict[str, int]:
    """EBR of the shell around the core."""
    return {"chunks": block_rams(8, WINDOW * CHUNK_BYTES), "frames": block_rams(8, 256)}

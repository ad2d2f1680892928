"""The link of a board: the buffers between the line and the core, and what a line brings."""

from plan.block_rams import block_rams
from spec.network import FeatureMap
from spec.protocol import CHUNK_BYTES, RATES

WINDOW = 8
"""Chunks that may be on their way to a board: 27 ms of a line at 3 Mbit/s, more than the answer of
a USB adapter takes (16 ms at most) or the core takes for a frame."""


def link_frames(image: FeatureMap, bits_per_second: int) -> float:
    """Frames a second that a serial line brings at most: ten bits a byte, nothing else sent."""
    return bits_per_second / (10 * image.pixels * image.channels)


def chip_words(cycles: int, clock_hz: float) -> str:
    """What a frame takes on the chip, in the words of every command."""
    return (
        f"{cycles:,} cycles a frame, {1e3 * cycles / clock_hz:.3f} ms, "
        f"{clock_hz / cycles:,.1f} frames/s at {clock_hz / 1e6:g} MHz"
    )


def link_words(image: FeatureMap) -> str:
    """What the serial line brings, likewise."""
    rate = max(RATES)
    return (
        f"at most {link_frames(image, rate):.2f} frames/s from a serial line of "
        f"{rate / 1e6:g} Mbit/s"
    )


IDENTITY_WORDS = 128
"""More than a board says of itself."""

CLASSES = 1024
"""Known sums that are counted with; up to half as many take one EBR less."""


def link_block_rams() -> dict[str, int]:
    """EBR of the shell around the core."""
    return {
        "chunks": block_rams(8, WINDOW * CHUNK_BYTES),
        "frames": block_rams(8, 256),
        "identity": block_rams(32, IDENTITY_WORDS),
        "known sums": block_rams(32, CLASSES),
    }


CAMERA_EBR = 9
"""Of a camera: a line's sums, pixels that wait, its registers, events of many classes, the
trigger's set."""


SCREEN_EBR = 3
"""Of a screen, besides its picture: its cells, letters, and labels."""


def screen_block_rams(pixels: int) -> int:
    """EBR of a screen that shows a picture of so many pixels, three bits a colour."""
    return SCREEN_EBR + block_rams(9, pixels)


def camera_block_rams(pixels: int) -> int:
    """EBR of a camera, and of a picture of so many pixels that is kept."""
    return CAMERA_EBR + (block_rams(32, -(-24 * pixels // 32)) if pixels else 0)

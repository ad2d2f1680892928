"""The numbers of a network that the circuit reads from registers, frame after frame."""

from plan.capacities import Capacities
from plan.engine import Engine

REGISTER_BITS = 32
"""Of a register as it is written; the circuit keeps as many as its capacities need."""

WINDOW = {
    "height": "rows of the image",
    "width": "columns of the image",
    "scan_rows": "rows of the window generator's scan",
    "scan_columns": "columns of its scan",
    "offset": "scan position, along either axis, that completes the first patch",
    "stride": "stride of the first convolution",
    "row_end": "scan column that completes a row's last patch",
    "words": "words a patch",
    "plane": "words a plane of the patch memory",
    "ring_rows": "rows of patches in the ring",
}
"""Registers that the window generator reads, and what they mean."""

OTHERS = {
    "classes": "class sums of a frame",
    "relu": "the last convolution has a ReLU: its bytes are unsigned",
    "stream_rows": "weight rows that come from outside in a frame, one at least",
}
"""The other registers."""

SETTINGS = WINDOW | OTHERS
"""All registers, in the order of their addresses."""


def window_widths(capacities: Capacities, word_bytes: int) -> dict[str, int]:
    """Bits of the window generator's registers."""
    rows, columns = capacities.scan
    most = {
        "height": capacities.height,
        "width": capacities.width,
        "scan_rows": rows,
        "scan_columns": columns,
        "offset": capacities.kernel - 1,
        "stride": capacities.stride,
        "row_end": columns,
        "words": capacities.patch_planes(word_bytes),
        "plane": capacities.patch_words,
        "ring_rows": capacities.ring_rows,
    }
    return {name: max(1, most[name].bit_length()) for name in WINDOW}


def setting_widths(engine: Engine, capacities: Capacities) -> dict[str, int]:
    """Bits of every register, in the order of their addresses."""
    return window_widths(capacities, engine.rows) | {
        "classes": capacities.classes.bit_length(),
        "relu": 1,
        "stream_rows": max(1, capacities.stream_rows.bit_length()),
    }

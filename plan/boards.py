"""Which devices each board comes with, for what only plans; the boards are in ``hw/board/``."""

from plan.device import DEVICES

BOARD_DEVICES = {
    "ulx3s": ("85F", "45F", "25F", "12F"),
    "orangecrab": ("85F", "25F"),
    "ecpix5": ("85F", "45F"),
    "ecp5-evn": ("85F",),
    "versa-ecp5": ("45F",),
    "versa-ecp5-5g": ("45F",),
    "icepi-zero": ("25F",),
    "colorlight-5a75b": ("25F",),
}
"""Names in :data:`plan.device.DEVICES`, the one that is meant by default first."""

WITH_SDRAM = ("ulx3s",)
"""Those that a network can be loaded into whose weights have no room on the chip."""

REACHED_MHZ = {("ulx3s", "85F"): 125}
"""Clocks that the packaged network on the device's own engine, without a camera, has met with each
of five seeds, where that is more than the device's: see ``docs/board.md``."""


def default_clock_mhz(
    board: str, variant: str, *, engine: str | None = None, camera: bool = False
) -> float:
    """The clock of a board's device that is chosen if none is asked for, in MHz.

    ``engine`` is a name in :data:`plan.engine.ENGINES`, or None for the device's own.
    """
    device = DEVICES[variant]
    if camera or engine not in (None, device.engine):
        return device.clock_mhz
    return REACHED_MHZ.get((board, variant), device.clock_mhz)

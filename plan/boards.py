"""Which devices each board comes with, for what only plans; the boards are in ``hw/board/``."""

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

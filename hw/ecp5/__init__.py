"""The ECP5's own cells, each wrapped once, with a behavioural twin for every other platform."""

from amaranth.vendor import LatticePlatform


def is_ecp5(platform) -> bool:
    """Whether components elaborate to the ECP5's cells rather than to their twins."""
    return isinstance(platform, LatticePlatform) and platform.family == "ecp5"

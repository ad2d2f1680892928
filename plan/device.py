"""The devices: what an ECP5 has, and which engine is chosen for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What an ECP5 has, and the engine and clock that are chosen if a board has none of its own."""

    lut: int
    ff: int
    dsp: int
    ebr: int
    engine: str
    clock_mhz: float


SMALL = Device(lut=24288, ff=24288, dsp=28, ebr=56, engine="16x4-lut4", clock_mhz=100)
MEDIUM = Device(lut=43848, ff=43848, dsp=72, ebr=108, engine="16x8", clock_mhz=100)
LARGE = Device(lut=83640, ff=83640, dsp=156, ebr=208, engine="16x16", clock_mhz=100)

DEVICES = {"12F": SMALL, "25F": SMALL, "45F": MEDIUM, "85F": LARGE}
"""By the end of the device's name; Lattice FPGA-DS-02012, table 1.1. The open flow uses all of a
12F, which is a 25F sold for less."""

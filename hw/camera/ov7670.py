"""The OV7670's registers that are written, and its times.

Names and fields are those of OmniVision's data sheet, version 1.4 (VGA CMOS CameraChip sensor,
2006). Values that it calls reserved are those of the Linux kernel's driver
(``drivers/media/i2c/ov7670.c``), which had them from OmniVision.
"""

from dataclasses import dataclass

from spec.camera import Encoding, Sensor

ADDRESS = 0x42
"""On the SCCB bus, for writing."""

RESET = 0x80
"""In COM7: every register takes its default."""

COM7 = 0x12

BLANK_PIXELS = 144
"""Of a line of VGA, 784 pixels in all."""

MOST_BLANK_LINES = 64
"""No picture has so many lines without one of its own; there are 30 between two frames."""

SETTLE_FRAMES = 20
"""After the set-up, 0.7 s: exposure and white balance are still on their way."""

PAUSE_S = 10e-3
"""After power-up and after a reset; the data sheet asks for 1 ms, users for 5."""

FIRST_LINE_S = 0.25
"""Until a camera that was set up must have sent a line."""

SCCB_HZ = 100_000
"""At most 400,000."""

XCLK_HZ = 25_000_000
"""At most, so that VGA has 31 frames a second; 10 to 48 MHz are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A register, what is written to it, and what for."""

    name: str
    register: int
    value: int
    why: str

    def __post_init__(self):
        if not (0 <= self.register < 256 and 0 <= self.value < 256):
            raise ValueError(f"{self.name}: register and value must be bytes")


def _matrix(values: tuple[int, ...], why: str) -> tuple[Setting, ...]:
    return tuple(
        Setting(name=f"MTX{place + 1}", register=0x4F + place, value=value, why=why)
        for place, value in enumerate(values)
    )


_COLOURS = {
    Encoding.RGB565: (
        Setting(name="COM7", register=COM7, value=0x04, why="VGA, RGB"),
        Setting(name="COM15", register=0x40, value=0xD0, why="RGB565, 0…255"),
        *_matrix((0xB3, 0xB3, 0x00, 0x3D, 0xA7, 0xE4), "the sensor's colours to RGB"),
    ),
    Encoding.YUV422: (
        Setting(name="COM7", register=COM7, value=0x00, why="VGA, YUV"),
        Setting(name="COM15", register=0x40, value=0xC0, why="0…255"),
        *_matrix((0x80, 0x80, 0x00, 0x22, 0x5E, 0x80), "the sensor's colours to YUV"),
    ),
}


def settings(encoding: Encoding) -> tuple[Setting, ...]:
    """What is written after a reset, in order."""
    return (
        *_COLOURS[encoding],
        Setting(name="RGB444", register=0x8C, value=0x00, why="not RGB444"),
        Setting(name="TSLB", register=0x3A, value=0x04, why="Y before U and V; window by hand"),
        Setting(name="COM13", register=0x3D, value=0xC0, why="gamma, saturation; U before V"),
        Setting(name="MTXS", register=0x58, value=0x9E, why="signs of the matrix"),
        Setting(name="HSTART", register=0x17, value=0x13, why="first column, upper bits"),
        Setting(name="HSTOP", register=0x18, value=0x01, why="last column, upper bits"),
        Setting(name="HREF", register=0x32, value=0xB6, why="both, lower bits"),
        Setting(name="VSTART", register=0x19, value=0x02, why="first line, upper bits"),
        Setting(name="VSTOP", register=0x1A, value=0x7A, why="last line, upper bits"),
        Setting(name="VREF", register=0x03, value=0x0A, why="both, lower bits"),
        Setting(name="RSVD", register=0xB0, value=0x84, why="reserved; without it no colours"),
        Setting(name="COM8", register=0x13, value=0xE7, why="gain, exposure, white balance: own"),
        Setting(name="COM10", register=0x15, value=0x20, why="no PCLK between lines"),
        Setting(name="CLKRC", register=0x11, value=0x80, why="PCLK = XCLK; after the format"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """In cycles of the core's clock, but for ``settle``.

    Parameters
    ----------
    xclk
        Half a period of the camera's clock, at least 2: PCLK, which has its period, is then
        sampled four times a period or more.
    quarter
        Of a bit on the SCCB bus.
    pause
        After power-up and reset.
    first
        From the end of the set-up to the end of the first line, at most.
    gone
        Without a line's end after that: the camera is not there any more.
    settle
        Frames that are passed over after the set-up.
    """

    xclk: int
    quarter: int
    pause: int
    first: int
    gone: int
    settle: int

    def __post_init__(self):
        if self.xclk < 2:
            raise ValueError(f"half a period of XCLK must be at least 2 cycles, not {self.xclk}")
        for name in ("quarter", "pause", "first", "gone"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 cycle, not {getattr(self, name)}")
        if self.settle < 0:
            raise ValueError(f"settle must be at least 0 frames, not {self.settle}")

    @classmethod
    def of(cls, clock_hz: int, sensor: Sensor) -> "Times":
        """Those of the chip."""
        xclk = max(2, -(-clock_hz // (2 * XCLK_HZ)))
        line = 2 * (sensor.width + BLANK_PIXELS) * 2 * xclk
        return cls(
            xclk=xclk,
            quarter=-(-clock_hz // (4 * SCCB_HZ)),
            pause=round(clock_hz * PAUSE_S),
            first=round(clock_hz * FIRST_LINE_S),
            gone=MOST_BLANK_LINES * line,
            settle=SETTLE_FRAMES,
        )

"""What a device says of itself on its JTAG pins, and what programmers make of it."""

IDCODES = {
    "LFE5U-12F": 0x21111043,
    "LFE5U-25F": 0x41111043,
    "LFE5U-45F": 0x41112043,
    "LFE5U-85F": 0x41113043,
    "LFE5UM-25F": 0x01111043,
    "LFE5UM-45F": 0x01112043,
    "LFE5UM-85F": 0x01113043,
    "LFE5UM5G-25F": 0x81111043,
    "LFE5UM5G-45F": 0x81112043,
    "LFE5UM5G-85F": 0x81113043,
}
"""Lattice FPGA-TN-02039, table of device IDs."""

WITHOUT_VERSION = 0x0FFF_FFFF
"""IEEE 1149.1 calls the top four bits a version; openFPGALoader before 0.12 leaves them out."""


def fits(code: int, part: str, *, whole: bool = False) -> bool:
    """Whether a programmer that prints ``code`` may have found a ``part``.

    ``whole`` if the programmer is known to leave nothing out.
    """
    own = IDCODES[part]
    return code == own or (not whole and code == own & WITHOUT_VERSION)


def parts(code: int, *, whole: bool = False) -> list[str]:
    """Every part that a programmer may have found that prints ``code``."""
    return [part for part in IDCODES if fits(code, part, whole=whole)]

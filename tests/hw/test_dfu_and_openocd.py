"""dfu-util and OpenOCD, as several versions of them print, against the boards they program."""

from pathlib import Path

import pytest

from hw import flash
from hw.idcodes import IDCODES

#: By version of dfu-util: its banner, and what a found memory looks like after the USB id.
DFU_UTIL = {
    "0.8": ("2005-2008 Weston Schmidt, Harald Welte and OpenMoko Inc.\nCopyright 2010-2014",
            'ver=0101, devnum=7, cfg=1, intf=0, alt={alt}, name="{name}", serial="UNKNOWN"'),
    "0.9": ("2005-2009 Weston Schmidt, Harald Welte and OpenMoko Inc.\nCopyright 2010-2016",
            'ver=0101, devnum={dev}, cfg=1, intf=0, path="3-{dev}", alt={alt}, name="{name}", '
            'serial="UNKNOWN"'),
    "0.11": ("2005-2009 Weston Schmidt, Harald Welte and OpenMoko Inc.\nCopyright 2010-2021",
             'ver=0101, devnum={dev}, cfg=1, intf=0, path="3-{dev}", alt={alt}, name="{name}", '
             'serial="UNKNOWN"'),
}  # fmt: skip


def dfu_util_lists(version: str, boards: int = 1) -> str:
    """``-l`` with so many OrangeCrabs in their loader: hardware issue 48; exit code 0."""
    banner, line = DFU_UTIL[version]
    memories = [(1, "0x00100000 RISC-V Firmware"), (0, "0x00080000 Bitstream")]
    return f"dfu-util {version}\n\nCopyright {banner} Tormod Volden\n\n" + "".join(
        f"Found DFU: [1209:5af0] {line.format(alt=alt, name=name, dev=dev)}\n"
        for dev in range(7, 7 + boards)
        for alt, name in memories
    )


DFU_UTIL_WRITES = """Opening DFU capable USB device...
Claiming USB DFU Interface...
Setting Alternate Setting #0 ...
Copying data from PC to DFU device
\rDownload\t[=========================] 100%        99405 bytes
Download done.
"""
DFU_UTIL_LOST = "dfu-util: unable to read DFU status after completion (LIBUSB_ERROR_NO_DEVICE)\n"
"""What follows with the loader's version 3.1, with exit code 74: hardware issue 37."""

#: By version: OpenOCD's first line.
OPENOCD = {
    "0.10.0": "Open On-Chip Debugger 0.10.0",
    "0.11.0": "Open On-Chip Debugger 0.11.0",
    "0.12.0": "Open On-Chip Debugger 0.12.0",
    "0.12.0+dev": "Open On-Chip Debugger 0.12.0+dev-00634-g23c33e1d3 (2024-07-02-17:11)",
}
_ABOUT = (
    "Licensed under GNU GPL v2\nFor bug reports, read\n\thttp://openocd.org/doc/doxygen/bugs.html"
)


def openocd_finds(version: str, wanted: int, *codes: int) -> str:
    """A chain with these devices, one expected: YosysHQ/prjtrellis, issues 93 and 108."""
    lines = [OPENOCD[version], _ABOUT, "Info : clock speed 25000 kHz"]
    for number, code in enumerate(codes):
        tap = "ecp5.tap" if number == 0 else f"auto{number - 1}.tap"
        part, revision = code >> 12 & 0xFFFF, code >> 28
        about = f"(mfg: 0x021 (Lattice Semi.), part: 0x{part:04x}, ver: 0x{revision:x})"
        lines.append(f"Info : JTAG tap: {tap} tap/device found: 0x{code:08x} {about}")
        if number == 0 and code != wanted:
            lines += [
                f"Warn : JTAG tap: {tap}       UNEXPECTED: 0x{code:08x} {about}",
                f"Error: JTAG tap: {tap}  expected 1 of 1: 0x{wanted:08x} (mfg: 0x021)",
                "Error: Trying to use configured scan chain anyway...",
                "Warn : Bypassing JTAG setup events due to errors",
            ]
    return "\n".join([*lines, "Warn : gdb services need one or more targets defined\n"])


def openocd_finds_none(version: str) -> str:
    """No board in any socket; exit code 1."""
    return (
        f"{OPENOCD[version]}\n{_ABOUT}\nError: no device found\nError: unable to open ftdi device "
        "with vid 0403, pid 6010, description '*', serial '*' at bus location '*'\n\n"
    )


def run(board: str, file: Path, *more: str) -> int:
    return flash.main(["--board", board, "--file", str(file), *more])


def last(log: Path) -> str:
    return log.read_text().splitlines()[-1]


@pytest.mark.parametrize("version", DFU_UTIL)
def test_a_dfu_board_is_never_asked_for_a_jtag_id(version, install, bitstream, log, capfd):
    install("openFPGALoader")
    install("dfu-util", ("-l", dfu_util_lists(version), 0))
    file = bitstream("LFE5U-25F")
    assert run("orangecrab", file) == 0
    assert log.read_text().splitlines() == [
        "dfu-util -d 1209:5af0 -l",
        f"dfu-util -d 1209:5af0 -a 0 -D {file}",
    ]
    said = capfd.readouterr().err
    assert "lasts beyond power-down" in said and "the file is for an LFE5U-25F" in said
    assert run("orangecrab", file, "--flash") == 0
    assert "lasts beyond power-down" not in capfd.readouterr().err


def test_a_dfu_file_is_checked_against_the_variant(install, bitstream, log, refused):
    install("dfu-util", ("-l", dfu_util_lists("0.11"), 0))
    file = bitstream("LFE5U-25F")
    said = refused("orangecrab", file, "--variant", "85F")
    assert said.endswith("made for an LFE5U-25F; orangecrab has LFE5U-85F")
    assert "LFE5U-45F; orangecrab has" in refused("orangecrab", bitstream("LFE5U-45F"))
    said = refused("orangecrab", file, "--variant", "12F")
    assert said.endswith("--variant must be one of 85F, 25F for orangecrab, not 12F")
    assert not log.exists()
    assert run("orangecrab", bitstream("LFE5U-25F"), "--variant", "25F") == 0


@pytest.mark.parametrize("version", DFU_UTIL)
def test_no_loader_and_too_many(version, install, bitstream, refused):
    file = bitstream("LFE5U-85F")
    install("dfu-util", ("-l", dfu_util_lists(version, boards=0), 0))
    assert refused("orangecrab", file) == (
        "hw.flash: no OrangeCrab r0.2 answers (no message); hold its button while you plug it in: "
        "that starts the loader which takes bitstreams"
    )
    denied = "Cannot open DFU device 1209:5af0 found on devnum 7 (LIBUSB_ERROR_ACCESS)\n"
    install("dfu-util", ("-l", dfu_util_lists(version, boards=0) + denied, 0))
    assert refused("orangecrab", file).endswith("docs/board.md has the udev rule")
    if version != "0.8":  # it does not print where a device is
        install("dfu-util", ("-l", dfu_util_lists(version, boards=2), 0))
        assert "more than one OrangeCrab r0.2 answers" in refused("orangecrab", file)


def test_a_loader_that_leaves_early_has_done_its_work(install, bitstream, capfd):
    listed = ("-l", dfu_util_lists("0.11"), 0)
    done = DFU_UTIL_WRITES + DFU_UTIL_LOST
    file = bitstream("LFE5U-85F")
    install("dfu-util", listed, ("-D", done, 74))
    assert run("orangecrab", file) == 0
    assert "Download done." in capfd.readouterr().out
    install("dfu-util", listed, ("-D", "dfu-util: Error during download (LIBUSB_ERROR_IO)\n", 74))
    assert run("orangecrab", file) == 1
    assert "dfu-util failed with exit code 74" in capfd.readouterr().err


@pytest.mark.parametrize(("name", "part"), [
    ("versa-ecp5", "LFE5UM-45F"), ("versa-ecp5-5g", "LFE5UM5G-45F")
])  # fmt: skip
@pytest.mark.parametrize("version", OPENOCD)
def test_openocd_programs_both_versas(version, name, part, install, bitstream, log, refused):
    code = IDCODES[part]
    banner = ("^-v$", OPENOCD[version], 0)
    file = bitstream(part)
    install("openocd", banner, ("init; exit", openocd_finds(version, code, code), 0))
    assert "top.svf: not there, and OpenOCD wants it" in refused(name, file)
    file.with_suffix(".svf").touch()
    assert run(name, file) == 0
    spelling = "ftdi vid_pid" if version.startswith("0.12") else "ftdi_vid_pid"
    assert f"{spelling} 0x0403 0x6010" in last(log) and f"-expected-id 0x{code:08x}" in last(log)
    assert last(log).endswith(f"; init; svf -quiet {{{file.with_suffix('.svf')}}}; exit")
    assert "leave out --flash" in refused(name, file, "--flash")


@pytest.mark.parametrize("version", OPENOCD)
def test_openocd_finds_another_device_or_none(version, install, bitstream, refused):
    file = bitstream("LFE5UM5G-45F")
    file.with_suffix(".svf").touch()
    banner = ("^-v$", OPENOCD[version], 0)
    wanted, other, clock = IDCODES["LFE5UM5G-45F"], IDCODES["LFE5UM-45F"], 0x00191043
    install("openocd", banner, ("init", openocd_finds(version, wanted, other), 0))
    assert refused("versa-ecp5-5g", file).endswith(
        "the board has an LFE5UM-45F, the bitstream is for an LFE5UM5G-45F; "
        "build with --board versa-ecp5 --variant 45F"
    )
    install("openocd", banner, ("init", openocd_finds(version, wanted, clock, wanted), 0))
    assert "ispCLOCK device must be taken out" in refused("versa-ecp5-5g", file)
    install("openocd", banner, ("init", openocd_finds_none(version), 1))
    said = refused("versa-ecp5-5g", file)
    assert "no Lattice ECP5-5G Versa answers (Error: unable to open ftdi device with vid" in said

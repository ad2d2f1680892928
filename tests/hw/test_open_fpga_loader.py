"""openFPGALoader, as several versions of it print, against the boards that it programs."""

import re
from pathlib import Path

import pytest

from hw import flash
from hw.board.boards import BOARDS
from hw.idcodes import IDCODES, fits, parts
from hw.programmers import PROGRAMMERS

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "board.md"

MODELS = {
    0x21111043: "LFE5U-12",
    0x41111043: "LFE5U-25",
    0x41112043: "LFE5U-45",
    0x41113043: "LFE5U-85",
    0x01111043: "LFE5UM-25",
    0x01112043: "LFE5UM-45",
    0x01113043: "LFE5UM-85",
    0x81112043: "LFE5UM5G-45",
    0x81113043: "LFE5UM5G-85",
}

#: By version of openFPGALoader: what comes before the devices, and the bits of an id it prints.
OPEN_FPGA_LOADER = {
    # trabucayre/openFPGALoader, issue 124
    "0.6.0": (
        "write to ram\nJtag probe limited to 3MHz\n"
        "Jtag frequency : requested 6000000Hz -> real 3000000Hz\nret 0\n",
        0x0FFFFFFF,
    ),
    # Debian 12
    "0.10.0": ("Jtag probe limited to 3MHz\nJtag frequency : requested 6000000Hz "
               "-> real 3000000Hz\nret 0\n", 0x0FFFFFFF),
    # issue 373
    "0.11.0": ("Jtag probe limited to 3MHz\nJtag frequency : requested 6000000Hz "
               "-> real 3000000Hz\nret 0\n", 0x0FFFFFFF),
    # q3k/chubby75, issue 120
    "0.12.0": ("empty\nJtag probe limited to 3MHz\nJtag frequency : requested 6.00MHz   "
               "-> real 3.00MHz\n", 0xFFFFFFFF),
    "1.1.1": ("empty\nJtag probe limited to 3MHz\nJtag frequency : requested 6.00MHz   "
              "-> real 3.00MHz\n", 0xFFFFFFFF),
}  # fmt: skip


def detected(version: str, *codes: int) -> str:
    """``--detect`` with these devices on the chain."""
    head, mask = OPEN_FPGA_LOADER[version]
    return head + "".join(
        f"index {index}:\n\tidcode 0x{code & mask:x}\n\tmanufacturer lattice\n\tfamily ECP5\n"
        f"\tmodel  {MODELS.get(code & mask, 'LFE5U-12/25')}\n\tirlength 8\n"
        for index, code in enumerate(codes)
    )


def absent(version: str) -> str:
    """``--detect`` with no cable in any socket; exit code 1."""
    first = "" if version.startswith("0.") else "empty\n"
    return (
        f"{first}unable to open ftdi device: -3 (device not found)\n"
        "JTAG init failed with: unable to open ftdi device\n"
    )


def detected_dfu(version: str, found: bool) -> str:
    """``-b orangeCrab --detect``; exit code 1 if nothing was found."""
    first = "" if version.startswith("0.") else "empty\n"
    if not found:
        return (
            f"{first}Open file : bypassed\nOpen device 1209:5af0 Not found\n"
            "DFU init failed with: No DFU compatible device found\n"
        )
    return (
        f"{first}Open file : bypassed\nOpen device 1209:5af0 DONE\nFound DFU:\n"
        '1209:5af0 (bus 3, device  7), path: 2, alt: 0, iProduct "OrangeCrab r0.2 DFU Bootloader '
        'v3.1", iInterface "0x00080000 Bitstream"\n\tDFU details\n\t\tbLength         09\n'
    )


def run(board: str, file: Path, *more: str) -> int:
    return flash.main(["--board", board, "--file", str(file), *more])


def last(log: Path) -> str:
    return log.read_text().splitlines()[-1]


def test_an_id_fits_with_and_without_its_version():
    for part, code in IDCODES.items():
        assert fits(code, part) and fits(code & 0x0FFFFFFF, part)
        assert part in parts(code)
    assert parts(0x41113043) == ["LFE5U-85F"]
    assert parts(0x1113043) == ["LFE5U-85F", "LFE5UM-85F", "LFE5UM5G-85F"]
    assert not fits(0x81113043, "LFE5U-85F")
    assert not fits(0x1112043, "LFE5U-85F")
    assert parts(0x12345678) == []


#: A board and a variant for each part that a board of the table has.
PARTS = {
    part: (name, variant)
    for name, board in BOARDS.items()
    for variant, part in zip(board.variants, board.devices, strict=True)
    if "openFPGALoader" in board.programmers and not board.dfu
}


@pytest.mark.parametrize("version", OPEN_FPGA_LOADER)
@pytest.mark.parametrize("part", PARTS)
def test_every_version_finds_every_part(part, version, install, bitstream, log):
    name, _ = PARTS[part]
    cable = [] if BOARDS[name].cable else ["--cable", "ft232"]
    install("openFPGALoader", ("--detect", detected(version, IDCODES[part]), 0))
    assert run(name, bitstream(part), *cable) == 0
    assert re.fullmatch(r"openFPGALoader -b \S+ (-c ft232 )?--write-sram \S+top\.bit", last(log))


@pytest.mark.parametrize("version", OPEN_FPGA_LOADER)
def test_another_size_is_refused_by_every_version(version, install, bitstream, log, refused):
    found = detected(version, IDCODES["LFE5U-45F"])
    install("openFPGALoader", ("--detect", found, 0))
    assert refused("ulx3s", bitstream("LFE5U-85F")) == (
        "hw.flash: the board has an LFE5U-45F, the bitstream is for an LFE5U-85F; "
        "build with --board ulx3s --variant 45F"
    )
    assert "write" not in log.read_text()


def test_a_12f_and_a_25f_that_look_the_same(install, bitstream, capfd, refused):
    old = detected("0.10.0", IDCODES["LFE5U-12F"])
    install("openFPGALoader", ("--detect", old, 0))
    assert run("ulx3s", bitstream("LFE5U-25F")) == 0
    assert "does not tell an LFE5U-25F from an LFE5U-12F" in capfd.readouterr().err
    said = refused("ulx3s", bitstream("LFE5U-85F"))
    assert "the board has an LFE5U-12F or LFE5U-25F, the bitstream" in said
    new = detected("1.1.1", IDCODES["LFE5U-12F"])
    install("openFPGALoader", ("--detect", new, 0))
    said = refused("ulx3s", bitstream("LFE5U-25F"))
    assert said.endswith("for an LFE5U-25F; build with --board ulx3s --variant 12F")


@pytest.mark.parametrize("version", OPEN_FPGA_LOADER)
def test_the_right_one_of_two_devices_is_chosen(version, install, bitstream, log, refused):
    chain = (IDCODES["LFE5U-45F"], IDCODES["LFE5U-85F"])
    found = detected(version, *chain)
    install("openFPGALoader", ("--detect", found, 0))
    file = bitstream("LFE5U-85F")
    assert run("ulx3s", file, "--flash") == 0
    assert last(log) == f"openFPGALoader -b ulx3s --index-chain 1 --write-flash {file}"
    said = refused("ulx3s", bitstream("LFE5U-25F"))
    assert "the board has an LFE5U-45F and an LFE5U-85F, the bitstream is for an" in said
    twice = detected(version, chain[1], chain[1])
    install("openFPGALoader", ("--detect", twice, 0))
    said = refused("ulx3s", bitstream("LFE5U-85F"))
    assert said.endswith("2 devices on the JTAG chain may be an LFE5U-85F; take the others out")


@pytest.mark.parametrize("version", ["0.10.0", "1.1.1"])
def test_no_board_and_none_that_may_be_used(version, install, bitstream, refused):
    file = bitstream("LFE5U-85F")
    install("openFPGALoader", ("--detect", absent(version), 1))
    assert refused("ulx3s", file) == (
        "hw.flash: no Radiona ULX3S answers (JTAG init failed with: unable to open ftdi device); "
        "plug it in; see that no other program uses its USB port"
    )
    denied = absent(version).replace("-3 (device not found)", "-4 (usb_open() failed)")
    install("openFPGALoader", ("--detect", denied, 1))
    assert refused("ulx3s", file).endswith("docs/board.md has the udev rule")
    # Version 0.11 with nothing on the chain: no device, no error.
    install("openFPGALoader", ("--detect", "Jtag probe limited to 3MHz\nret 0\n", 0))
    assert "no Radiona ULX3S answers (ret 0)" in refused("ulx3s", file)


@pytest.mark.parametrize("version", ["0.6.0", "0.10.0", "0.12.0"])
def test_a_board_that_the_programmer_does_not_know(version, install, bitstream, refused):
    install(
        "openFPGALoader",
        ("--detect", "Error: cannot find board 'icepi-zero'\n", 1),
        ("-V", f"openFPGALoader v{version}\n", 1),
    )
    assert refused("icepi-zero", bitstream("LFE5U-25F")) == (
        f"hw.flash: this openFPGALoader ({version}) does not know icepi-zero; it is known from "
        "1.0.0 on: get a newer one"
    )


def test_both_kinds_of_the_ecpix(install, bitstream, log, refused):
    part = "LFE5UM5G-85F"
    file = bitstream(part)
    nobody = absent("1.1.1")
    found = detected("1.1.1", IDCODES[part])
    install("openFPGALoader", ("ecpix5_r03 --detect", found, 0), ("--detect", nobody, 1))
    assert run("ecpix5", file) == 0
    assert last(log) == f"openFPGALoader -b ecpix5_r03 --write-sram {file}"
    unknown = "Error: cannot find board 'ecpix5_r03'\n"
    install(
        "openFPGALoader",
        ("ecpix5_r03 --detect", unknown, 1),
        ("--detect", nobody, 1),
        ("-V", "openFPGALoader v0.10.0\n", 1),
    )
    said = refused("ecpix5", file)
    assert said.endswith("this openFPGALoader (0.10.0) does not know ecpix5_r03: get a newer one")
    assert "unable to open ftdi device" in said


def test_a_cable_is_named_where_there_is_none(install, bitstream, log, refused):
    install(
        "openFPGALoader",
        ("--detect", detected("1.1.1", IDCODES["LFE5U-25F"]), 0),
    )
    file = bitstream("LFE5U-25F")
    said = refused("colorlight-5a75b", file)
    assert "Colorlight 5A-75B has no cable of its own; name yours with --cable, such as" in said
    assert not log.exists()
    assert run("colorlight-5a75b", file, "--cable", "ft232") == 0
    assert last(log) == f"openFPGALoader -b colorlight -c ft232 --write-sram {file}"
    said = refused("ulx3s", file, "--cable", "ft232")
    assert said.endswith("Radiona ULX3S has a cable of its own; leave out --cable")
    said = refused("orangecrab", file, "--cable", "ft232")
    assert said.endswith("OrangeCrab r0.2 is loaded over its USB socket; leave out --cable")
    install("openFPGALoader", ("--detect", "\x1b[31merror : ft2322 not found\x1b[0m\n", 1))
    said = refused("colorlight-5a75b", file, "--cable", "ft2322")
    assert "(error : ft2322 not found)" in said and "that ft2322 is your cable" in said


@pytest.mark.parametrize("version", ["0.10.0", "0.11.0", "1.1.1"])
def test_open_fpga_loader_can_do_dfu_too(version, install, bitstream, log, refused):
    file = bitstream("LFE5U-85F")
    install("openFPGALoader", ("--detect", detected_dfu(version, True), 0))
    assert run("orangecrab", file) == 0
    assert last(log) == f"openFPGALoader -b orangeCrab {file}"
    install("openFPGALoader", ("--detect", detected_dfu(version, False), 1))
    assert "hold its button while you plug it in" in refused("orangecrab", file)


@pytest.mark.parametrize("name", BOARDS)
def test_what_its_user_should_know_is_said_and_written_down(name):
    board = BOARDS[name]
    assert set(board.programmers) <= set(PROGRAMMERS)
    text = " ".join(DOCUMENT.read_text().split())
    assert f"`{name}`" in text and board.title in text
    for hint in board.hints:
        assert hint in text

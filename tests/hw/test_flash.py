"""The flash command, with stand-ins that record what they were called with."""

import stat
import sys

import pytest

from hw import flash
from hw.board.boards import BOARDS

STAND_IN = """#!{python}
import sys
from pathlib import Path
with open(r"{log}", "a") as log:
    print(Path(sys.argv[0]).name, *sys.argv[1:], file=log)
if "--detect" in sys.argv:
    print("index 0:\\n\\tidcode 0x{idcode:08x}\\n\\tmanufacturer lattice")
    sys.exit(int(Path(r"{log}").with_name("absent").exists()))
sys.exit(int(Path(r"{log}").with_name("fails").exists()))
"""


def bitstream(part: str = "LFE5U-85F") -> bytes:
    """What ecppack writes, but for the frames."""
    head = f"\xff\0Part: {part}-6CABGA381\0".encode("latin-1") + b"\xff\xff"
    return head + flash.PREAMBLE + bytes(2000) + flash.DONE


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "top.bit"
    path.write_bytes(bitstream())
    return path


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def install(tmp_path, log, monkeypatch):
    """A function that installs stand-ins, and nothing else; the device they find is an 85F."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(*names: str, idcode: int = flash.IDCODES["LFE5U-85F"]):
        for name in names:
            path = tmp_path / name
            path.write_text(STAND_IN.format(python=sys.executable, log=log, idcode=idcode))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return install


def refused(capfd, *words) -> str:
    """The one line about what is wrong."""
    assert flash.main(list(map(str, words))) == 2
    said = capfd.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
    return said.err.strip()


@pytest.mark.parametrize(
    ("words", "option"), [([], "--write-sram"), (["--flash"], "--write-flash")]
)
def test_the_device_is_asked_first_and_then_programmed(words, option, install, file, log):
    install("openFPGALoader", "fujprog")
    assert flash.main(["--board", "ulx3s", "--file", str(file), *words]) == 0
    assert log.read_text().splitlines() == [
        "openFPGALoader -b ulx3s --detect",
        f"openFPGALoader -b ulx3s {option} {file}",
    ]


@pytest.mark.parametrize(("words", "target"), [([], "SRAM"), (["--flash"], "FLASH")])
def test_fujprog_takes_over_if_it_is_the_one_installed(words, target, install, file, log):
    install("fujprog")
    assert flash.main(["--board", "ulx3s", "--file", str(file), *words]) == 0
    assert log.read_text() == f"fujprog -j {target} {file}\n"


def test_the_last_build_is_the_default(install, file, log, tmp_path, monkeypatch):
    install("openFPGALoader")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build" / "ecpix5").mkdir(parents=True)
    built = file.rename(tmp_path / "build" / "ecpix5" / "top.bit")
    built.write_bytes(bitstream(BOARDS["ecpix5"].variants["85F"].device))
    install("openFPGALoader", idcode=flash.IDCODES[BOARDS["ecpix5"].variants["85F"].device])
    assert flash.main(["--board", "ecpix5"]) == 0
    assert log.read_text().splitlines()[-1] == (
        "openFPGALoader -b ecpix5 --write-sram build/ecpix5/top.bit"
    )


def test_a_missing_programmer_says_how_to_get_it(install, file, capfd):
    said = refused(capfd, "--board", "ulx3s", "--file", file)
    assert said == (
        "hw.flash: no programmer is installed; get openFPGALoader: apt-get install openfpgaloader; "
        "or fujprog: https://github.com/kost/fujprog"
    )
    said = refused(capfd, "--board", "ulx3s", "--file", file, "--tool", "fujprog")
    assert said.endswith("get fujprog: https://github.com/kost/fujprog")


def test_a_file_that_is_no_whole_bitstream_for_this_board(install, file, log, tmp_path, capfd):
    install("openFPGALoader")
    words = ["--board", "ulx3s", "--file", file]
    for data, message in [
        (b"no bitstream", "not an ECP5 bitstream; make one with python -m hw.build"),
        (bitstream()[:-100], "not a whole bitstream; make it again with python -m hw.build"),
        (bitstream("LFE5UM5G-85F"), "made for an LFE5UM5G-85F; ulx3s has LFE5U-85F, LFE5U-45F"),
    ]:
        file.write_bytes(data)
        assert message in refused(capfd, *words)
    file.unlink()
    assert "top.bit: cannot be read (No such file or directory)" in refused(capfd, *words)
    assert not log.exists()


def test_another_device_or_none_is_refused(install, file, log, tmp_path, capfd):
    install("openFPGALoader", idcode=flash.IDCODES["LFE5U-25F"])
    words = ["--board", "ulx3s", "--file", file]
    assert "the board has an LFE5U-25F, the bitstream is for an LFE5U-85F" in refused(capfd, *words)
    install("openFPGALoader", idcode=0x12345678)
    assert "the board has a device 0x12345678" in refused(capfd, *words)
    (tmp_path / "absent").touch()
    assert "no Radiona ULX3S answers (" in refused(capfd, *words)
    assert set(log.read_text().splitlines()) == {"openFPGALoader -b ulx3s --detect"}


def test_a_tool_that_cannot_program_the_board_is_refused(install, file, capfd):
    install("openFPGALoader", "fujprog")
    said = refused(capfd, "--board", "ecp5-evn", "--file", file, "--tool", "fujprog")
    assert "LFE5U-85F; ecp5-evn has" in said
    file.write_bytes(bitstream(BOARDS["ecp5-evn"].variants["85F"].device))
    said = refused(capfd, "--board", "ecp5-evn", "--file", file, "--tool", "fujprog")
    assert said.endswith(
        "fujprog cannot program Lattice ECP5-5G Evaluation Board; use openFPGALoader"
    )


def test_a_programmer_that_is_none(tmp_path, file, monkeypatch, capfd):
    (tmp_path / "openFPGALoader").write_bytes(b"\x7fELF, cut off")
    (tmp_path / "openFPGALoader").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refused(capfd, "--board", "ulx3s", "--file", file)
    assert "openFPGALoader: cannot be run (Exec format error); install it again, or" in said


def test_a_failing_programmer_is_exit_code_1(install, file, tmp_path, capfd):
    install("openFPGALoader")
    (tmp_path / "fails").touch()
    assert flash.main(["--board", "ulx3s", "--file", str(file)]) == 1
    assert "openFPGALoader failed with exit code 1" in capfd.readouterr().err

"""The network behind a bitstream: made for its engine, written beside it, or refused."""

import hashlib
import json
import stat
import sys
from dataclasses import replace

import pytest

from hw import flash
from hw.behind import takes
from hw.board.flash import ADDRESS
from plan.engine import ENGINES
from plan.image import Image
from plan.memories import fingerprint
from plan.network_image import image_memories
from plan.planner import plan
from spec import artifact, synthetic
from spec.replies import digest
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]
CLOCK_HZ = 100_000_000
BITSTREAM = b"\xff\0Part: LFE5U-85F-6CABGA381\0\xff\xff" + flash.PREAMBLE + flash.DONE
PROGRAMMER = """#!{python}
import sys
print(*sys.argv[1:], file=open(r"{log}", "a"))
if "--detect" in sys.argv:
    print("index 0:\\n\\tidcode 0x41113043")
"""


class Place:
    """A build and a model, and what would program the board."""

    def __init__(self, folder):
        quantized = synthetic.quantized(tiny(image_size=16))
        self.capacities = plan(quantized.network, ENGINE).needs()
        self.model = folder / "small.onnx"
        artifact.save(quantized, self.model)
        self.large = folder / "large.onnx"
        artifact.save(synthetic.quantized(tiny(image_size=48)), self.large)
        self.file = folder / "top.bit"
        self.file.write_bytes(BITSTREAM)
        self.report = folder / "report.json"
        self.say()
        self.log = folder / "log"

    def say(self, **other):
        said = {
            "bitstream_sha256": hashlib.sha256(BITSTREAM).hexdigest(),
            "takes": takes(ENGINE, self.capacities, CLOCK_HZ),
        }
        self.report.write_text(json.dumps(said | other))

    def install(self, name):
        path = self.file.with_name(name)
        path.write_text(PROGRAMMER.format(python=sys.executable, log=self.log))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, model=None, board="ulx3s"):
        words = ["--board", board, "--file", self.file, "--network", model or self.model]
        return flash.main([*map(str, words)])


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("openFPGALoader", "-b ulx3s --write-flash --offset {address} {file}"),
        ("fujprog", "-j FLASH -T img -f {address} {file}"),
    ],
)
def test_the_image_goes_behind_the_bitstream(place, tool, words):
    place.install(tool)
    assert place.run() == 0
    file = place.file.with_name("network.img")
    assert place.log.read_text().splitlines()[-1] == words.format(address=ADDRESS, file=file)
    memories = image_memories(ENGINE, place.capacities)
    image = Image.unpack(file.read_bytes(), fingerprint(ENGINE, place.capacities), memories)
    words = b"".join(word.to_bytes(4, "little") for word in image.contents["shell"])
    assert digest(place.model.read_bytes()) in words
    assert not [*place.file.parent.glob("*.part")]


def test_what_is_refused(place, capfd):
    place.install("openFPGALoader")

    def refused(*words, **arguments):
        assert place.run(**arguments) == 2
        said = capfd.readouterr()
        assert not said.out and len(said.err.splitlines()) == 1
        assert all(word in said.err for word in words), said.err

    refused("does not fit the engine", "rows of the image", "build for it", model=place.large)
    refused("no.onnx", model=place.file.with_name("no.onnx"))
    place.say(bitstream_sha256="0" * 64)
    refused("report.json: is of another bitstream", "build it again")
    other = takes(ENGINE, replace(place.capacities, steps=1000), CLOCK_HZ)
    place.say(takes=other | {"fingerprint": "00"})
    refused("of another version of this program", "build it again")
    place.say(takes=7)
    refused("of another version of this program")
    place.report.write_text("{}")
    refused("does not say which networks")
    place.report.unlink()
    refused("report.json: cannot be read")
    assert not place.file.with_name("network.img").exists()


def test_a_board_that_looks_for_none(place, capfd):
    place.install("openFPGALoader")
    part = b"LFE5UM5G-85F"
    place.file.write_bytes(BITSTREAM.replace(b"LFE5U-85F", part))
    assert place.run(board="ecpix5") == 2
    assert "python -m host load" in capfd.readouterr().err

"""From photographs to figures where every file and folder is called what no one would call it."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from model import train
from quant import __main__ as quant
from quant import evaluate
from spec import artifact

CLASSES = (b"-c\xf6\xff", b"cl\nass", b"b\x1b[1mold<&>")
NAMES = (b"L\xf6we", b"new\nline", b"esc\x1b[31m", b"-dash", b"quote\"' ", b"%s $x {y}", b"x" * 240)
UGLY = re.compile(r"[\x00-\x09\x0b-\x1f]|[\udc80-\udcff](?!un)")
"""Control characters, and bytes that are not UTF-8, but for those of the folder of the run."""


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """Three classes of colours, each with a damaged file."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for colour, name in enumerate(CLASSES):
        folder = tmp_path / os.fsdecode(b"-da\xff\nta") / os.fsdecode(name)
        folder.mkdir(parents=True)
        for own in NAMES:
            pixels = random.integers(0, 120, (24, 24, 3), np.uint8)
            pixels[..., colour] += 100
            Image.fromarray(pixels).save(folder / os.fsdecode(own + b".png"))
        (folder / os.fsdecode(b"da\xffm\naged.png")).write_bytes(b"x")
    return os.fsdecode(b"./-da\xff\nta")


def test_any_name(photographs, capsysbinary):
    run, model = os.fsdecode(b"r\xffun"), os.fsdecode(b"./-m\xff.onnx")
    flags = ["--image=24", "--blocks=1", "--num-filters=8", "--base-e=8", "--incr-e=8"]
    flags += ["--epochs=2", "--batch=6", "--validation-share=0.3", "--threads=1"]
    assert train.main([f"--data={photographs}", f"--output={run}", *flags]) == 0
    words = [f"{run}/best.pt", f"--output={model}", "--images=8", f"--report={run}/page"]
    assert quant.main(words) == 0
    kept = [f"--csv={run}/table.csv", f"--page={run}/other"]
    assert evaluate.main([model, f"--float={run}/best.pt", *kept]) == 0
    one = os.fsdecode(os.fsencode(photographs) + b"/" + CLASSES[0] + b"/" + NAMES[0] + b".png")
    assert evaluate.main([model, "--other-split", "--photographs", one]) == 0
    out, err = map(os.fsdecode, capsysbinary.readouterr())
    assert "\\xff\\nta/-c\\xf6\\xff/L\\xf6we.png -c\\xf6\\xff" in out
    assert artifact.load(os.fsdecode(b"-m\xff.onnx")).labels[1] == "b\\x1b[1mold<&>"
    for line in (out + err).splitlines():
        assert not UGLY.search(line.replace(os.fsdecode(b"-m\xff.onnx"), "")), repr(line)

"""What a camera costs: the command's figures are those of the reference."""

from PIL import Image

from quant.camera import main
from spec import artifact, reference, synthetic
from spec.camera import Encoding, through
from spec.photograph import square
from spec.squeezenet import tiny


def test_each_way_is_judged_by_the_reference(tmp_path, data, capsys):
    quantized = synthetic.quantized(tiny(image_size=19, blocks=2))
    quantized = type(quantized)(quantized.network, quantized.convs, ("a", "b", "c"))
    path = tmp_path / "model.onnx"
    artifact.save(quantized, path)
    assert main([str(path), "--data", str(data / "valid")]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines]
    assert [row[:2] for row in rows] == [["all", "file"], ["all", "rgb565"], ["all", "yuv422"]]
    answers = {}
    for way in ("file", *Encoding):
        right = 0
        for target, label in enumerate("abc"):
            for photo in sorted((data / "valid" / label).iterdir()):
                pixels = square(Image.open(photo), quantized.framing)
                if way != "file":
                    pixels = through(pixels, way)
                answer = quantized.decision.answer(reference.run(quantized, pixels)["sums"])
                answers.setdefault(way, []).append(answer)
                right += answer == target
        row = rows[len(answers) - 1]
        assert row[3] == row[5] == f"({right}/9)"
        others = sum(a != b for a, b in zip(answers[way], answers["file"], strict=True))
        assert row[6] == str(others)

import json
import re
import shutil
import warnings
from dataclasses import replace

import pytest
import torch

from model.checkpoint import load, save
from model.data import read_splits
from model.split import record
from quant import evaluate, pretrained
from quant.__main__ import main
from spec import artifact
from spec.photograph import Framing


@pytest.fixture
def quant(checkpoint_file, data, tmp_path):
    """The command, on the small network and its photographs; more flags are given."""

    def command(*more):
        flags = ["--data", str(data), "--output", str(tmp_path / "out" / "model.onnx")]
        return main([str(checkpoint_file), *flags, *map(str, more)])

    return command


def test_a_checkpoint_becomes_a_model_with_its_story(quant, tmp_path, capsys):
    assert quant("--finetune", 2, "--rate", 0.3) == 0
    out = capsys.readouterr().out
    quantized = artifact.load(tmp_path / "out" / "model.onnx")
    assert quantized.labels == ("a", "b", "c")
    metadata = quantized.metadata
    for kind in ("float", "int8"):
        assert metadata[f"accuracy.{kind}.validation"].endswith("of 9)")
        assert metadata[f"accuracy.{kind}.validation"] in out
    assert "shorter side resized to 25" in metadata["preprocessing"]
    assert metadata["preprocessing.normalization"].startswith("RGB in 0...1, mean 0.4, 0.5, 0.3,")
    assert quantized.framing == Framing(19, 25)
    assert "--finetune 2 --rate 0.3" in metadata["provenance.command"]
    assert metadata["provenance.seed"] == "0"
    assert torch.__version__ in metadata["provenance.versions"]
    assert json.loads(metadata["provenance.training"]) == {}
    assert metadata["finetuning"].endswith("of 2, the best on validation; rate 0.3")
    assert metadata["calibration"] == "minmax, biases corrected, 15 photographs"
    for text in ("mse           rounded", "fire5.expand3x3", "epoch 2: training loss", "taken:"):
        assert text in out
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_page_shows_float_and_int8_on_every_split(quant, checkpoint_file, tmp_path, capsys):
    epoch = {"epoch": 1, "size": 19, "rate": 0.1, "loss": 1.0, "train_accuracy": 0.5}
    trained = replace(load(checkpoint_file), history=[epoch], provenance={"momentum": "0.9"})
    save(trained, checkpoint_file)
    assert quant("--report", tmp_path / "page", "--calibration", "mse") == 0
    page = (tmp_path / "page" / "index.html").read_text()
    for part in ("train", "validation"):
        for kind in ("float", "int8"):
            assert f"<h2>{kind}, {part}: " in page
            assert (tmp_path / "page" / f"{kind}-{part}-confusion.png").is_file()
    assert '<img src="curves.png"' in page and (tmp_path / "page" / "curves.png").is_file()
    for setting, value in (("momentum", "0.9"), ("finetuning", "none")):
        assert f"<tr><td>{setting}</td><td>{value}</td></tr>" in page
    assert str(tmp_path / "page" / "index.html") in capsys.readouterr().out
    assert "accuracy.int8.train" not in artifact.load(tmp_path / "out" / "model.onnx").metadata


def test_the_same_command_gives_the_same_bytes(quant, tmp_path):
    written = []
    for _ in range(2):
        assert quant("--finetune", 1) == 0
        written.append((tmp_path / "out" / "model.onnx").read_bytes())
    assert written[0] == written[1]


def test_one_calibration_and_held_out_validation(quant, capsys):
    assert quant("--calibration", "minmax", "--validation-share", 0.2, "--images", 9) == 0
    out = capsys.readouterr().out
    assert "minmax" in out and "percentile" not in out
    assert "on 9 photographs of the training split" in out
    assert "train: 12 photographs" in out
    assert "validation  int8" in out and "test        int8" in out


def change_state(change):
    def spoil(checkpoint_file, data, tmp_path):
        content = torch.load(checkpoint_file, weights_only=True)
        change(content)
        torch.save(content, checkpoint_file)

    return spoil


def other_architecture(content):
    content["parameters"]["base_e"] = 16


def remove_data(checkpoint_file, data, tmp_path):
    data.rename(tmp_path / "elsewhere")


def remove_checkpoint(checkpoint_file, data, tmp_path):
    checkpoint_file.unlink()


def truncate_checkpoint(checkpoint_file, data, tmp_path):
    checkpoint_file.write_bytes(checkpoint_file.read_bytes()[:1000])


def rename_class(checkpoint_file, data, tmp_path):
    for part in ("train", "valid"):
        (data / part / "c").rename(data / part / "d")


def empty_class(checkpoint_file, data, tmp_path):
    for path in (data / "train" / "b").iterdir():
        path.write_bytes(b"no picture")


def few_photographs(checkpoint_file, data, tmp_path):
    for name in "abc":
        for path in sorted((data / "train" / name).iterdir())[2:]:
            path.unlink()


def collapse(checkpoint_file, data, tmp_path):
    checkpoint = load(checkpoint_file)
    checkpoint.state["fire2.squeeze.norm.weight"].zero_()
    checkpoint.state["fire2.squeeze.norm.bias"].zero_()
    save(checkpoint, checkpoint_file)


def file_for_a_folder(checkpoint_file, data, tmp_path):
    (tmp_path / "out").write_text("in the way")


def folder_for_a_file(checkpoint_file, data, tmp_path):
    (tmp_path / "out" / "model.onnx").mkdir(parents=True)


BAD = {
    "another architecture": (change_state(other_architecture), "another architecture"),
    "no data": (remove_data, "no such folder"),
    "no checkpoint": (remove_checkpoint, "no such file"),
    "half a checkpoint": (truncate_checkpoint, "damaged"),
    "other classes": (rename_class, "has the classes a, b, d, and the checkpoint a, b, c"),
    "an empty class": (empty_class, "an empty class"),
    "few photographs": (few_photographs, "at least 8 images, not 6"),
    "a collapsed network": (collapse, "fire2.squeeze: its largest value"),
    "a file for a folder": (file_for_a_folder, "its folder cannot be made"),
    "a folder for a file": (folder_for_a_file, "choose another --output"),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_2(
    quant, checkpoint_file, data, tmp_path, capsys, spoil, message
):
    spoil(checkpoint_file, data, tmp_path)
    assert quant() == 2
    error = capsys.readouterr().err
    assert error.startswith("quant: ") and error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "out" / "model.onnx").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--images", "7"), "must be at least 8, not 7"),
        (("--images", "-3"), "must be at least 8, not -3"),
        (("--finetune", "-1"), "must be at least 0, not -1"),
        (("--finetune", "1", "--rate", "inf"), "must be a finite number above 0, not inf"),
        (("--validation-share", "1"), "must be a finite number at least 0, below 1, not 1"),
        (("--threads", "-1"), "must be in 0…1024, not -1"),
    ],
)
def test_bad_flags_leave_the_old_model_as_it_was(quant, tmp_path, capsys, flags, message):
    old = tmp_path / "out" / "model.onnx"
    old.parent.mkdir()
    old.write_text("the old one")
    with pytest.raises(SystemExit, match="2"):
        quant(*flags)
    assert message in capsys.readouterr().err
    assert old.read_text() == "the old one"


def test_damaged_photographs_are_skipped_and_counted_or_refused(quant, data, capsys):
    spoilt = sorted((data / "train" / "a").iterdir())[0]
    spoilt.write_bytes(spoilt.read_bytes()[:200])
    assert quant() == 0
    out = capsys.readouterr().out
    assert "train: 14 photographs, 1 files skipped" in out and f"skipped {spoilt}" in out
    assert quant("--strict") == 2
    assert str(spoilt) in capsys.readouterr().err


def test_a_name_must_look_like_one(quant, capsys):
    with pytest.raises(SystemExit, match="2"):
        quant("--name", "CHEETAH")
    assert "must look like 293=CHEETAH" in capsys.readouterr().err


@pytest.fixture
def foreign(quant, checkpoint_file, monkeypatch, tmp_path):
    """The command, on the small network as if it were somebody else's; a file of its names."""
    monkeypatch.setattr(pretrained, "load", lambda path, trained_with: (load(path), ["read"]))
    names = tmp_path / "names.tsv"
    names.write_text("0\ta\tlynx\n1\tb\tlion\n2\tc\ttiger\n")
    return lambda *more: quant("--pretrained", "--names", names, *more)


def test_a_foreign_network_with_a_file_of_names(foreign, data, tmp_path, capsys):
    for path in sorted(data.glob("valid/*/*")):
        path.rename(data / "train" / path.parent.name / path.name)
    assert foreign("--data", data / "train", "--images", 10) == 0
    out = capsys.readouterr().out
    assert "train: 10 photographs" in out and "validation: 14 photographs" in out
    quantized = artifact.load(tmp_path / "out" / "model.onnx")
    assert quantized.labels == ("lynx", "lion", "tiger")
    assert evaluate.main([str(tmp_path / "out" / "model.onnx"), "--data", str(data / "train")]) == 0
    assert "of 24)" in capsys.readouterr().out


def test_two_classes_of_one_name_are_refused(foreign, capsys):
    assert foreign("--name", "0=LION", "--name", "1=LION") == 2
    assert "classes 0 and 1 are both called LION" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["Lo\u0308we", " Löwe "])
def test_a_name_is_compared_as_it_is_read(foreign, capsys, other):
    assert foreign("--name", "0=Löwe", "--name", f"1={other}") == 2
    assert "classes 0 and 1 are both called Löwe" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [("--trained-with", "unit"), ("--image", "32")])
def test_what_a_checkpoint_says_is_not_told_again(quant, capsys, flags):
    with pytest.raises(SystemExit, match="2"):
        quant(*flags)
    assert "are for a foreign network; a checkpoint says both" in capsys.readouterr().err


def test_names_are_for_networks_from_elsewhere(quant, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        quant("--names", tmp_path / "names.txt")
    assert "--names and --name are for a foreign network" in capsys.readouterr().err


def test_the_threshold_is_set_by_the_photographs(quant, tmp_path, capsys):
    assert quant("--calibration", "mse", "--recall", 0.75) == 0
    made = artifact.load(tmp_path / "out" / "model.onnx")
    assert made.decision.refuses and made.decision.none is None
    assert made.metadata["threshold"].startswith("recall 0.75: ")
    assert f"threshold {made.decision.threshold:,}: recall 0.75" in capsys.readouterr().out
    assert quant("--recall", 1.5) == 2
    assert "the recall must be above 0" in capsys.readouterr().err


def test_a_class_for_none_is_one_in_the_file(checkpoint_file, data, tmp_path, capsys):
    saved = load(checkpoint_file)
    save(replace(saved, labels=("a", "b", "none")), checkpoint_file)
    (data / "train" / "c").rename(tmp_path / "others")
    shutil.rmtree(data / "valid" / "c")
    flags = ["--data", data, "--calibration", "mse", "--finetune", 1, "--recall", 1]
    flags += ["--others", tmp_path / "others", "--output", tmp_path / "model.onnx"]
    assert main([str(flag) for flag in (checkpoint_file, *flags)]) == 0
    made = artifact.load(tmp_path / "model.onnx")
    assert made.decision.none == 2
    assert "6 of 6 validation photographs" in made.metadata["threshold"]
    assert "train: 15 photographs" in capsys.readouterr().out


@pytest.fixture
def onnx_file(module, tmp_path):
    """The small network as PyTorch exports it; it pads before it normalizes, as ours does."""
    path = tmp_path / "theirs.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter will be removed, and says so
        torch.onnx.export(module, torch.zeros(1, 3, 19, 19), path, dynamo=False)
    return path


def test_a_float_onnx_file_goes_through_like_a_checkpoint(onnx_file, data, tmp_path, capsys):
    made = tmp_path / "made.onnx"
    flags = ["--data", str(data), "--output", str(made), "--trained-with", "unit"]
    names = [word for name in ("0=a", "1=b", "2=c") for word in ("--name", name)]
    assert main([str(onnx_file), *flags, *names, "--calibration", "mse"]) == 0
    out = capsys.readouterr().out
    assert "theirs.onnx: 3×19×19, 3 classes" in out
    assert "the best class is the same for 15 of 15 photographs" in out
    assert artifact.load(made).labels == ("a", "b", "c")
    flags[3] = str(tmp_path / "again.onnx")
    assert main([str(made), *flags]) == 2
    assert (
        "made.onnx: is quantized already, to the integers of the circuit" in capsys.readouterr().err
    )


def test_an_onnx_file_does_not_say_what_its_input_is(onnx_file, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([str(onnx_file), "--data", str(tmp_path), "--output", str(tmp_path / "made.onnx")])
    assert "give --trained-with torchvision, caffe, unit" in capsys.readouterr().err


def test_a_refused_onnx_file_is_one_line(tmp_path, capsys):
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"no onnx")
    flags = ["--data", str(tmp_path), "--output", str(tmp_path / "made.onnx")]
    assert main([str(path), *flags, "--trained-with", "unit"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "bad.onnx: is not a complete ONNX file" in error


def record_run(checkpoint_file, data, **settings):
    """The checkpoint as a run on ``data`` would leave it, a share of it held out."""
    settings = {"validation_share": "0.4", "validation_list": "None", "seed": "3"} | settings
    made = load(checkpoint_file)
    splits = read_splits(data, made.framing, validation_share=0.4, seed=3)
    provenance = {"data": str(data)} | settings
    save(
        replace(made, provenance=provenance, photographs=record(splits)),
        checkpoint_file,
    )


def test_the_split_is_the_run_s(checkpoint_file, data, tmp_path, capsys):
    record_run(checkpoint_file, data)
    output = tmp_path / "model.onnx"
    command = [str(checkpoint_file), "--output", str(output), "--calibration", "minmax"]
    assert main(command) == 0
    assert "validation: 6 photographs" in capsys.readouterr().out
    quantized = artifact.load(output)
    assert quantized.metadata["provenance.seed"] == "3"
    assert "accuracy.note" not in quantized.metadata
    other = ["--validation-share", "0.3", "--seed", "7"]
    assert main([*command, *other]) == 2
    error = capsys.readouterr().err
    assert "held out photographs with --validation-share 0.4, not 0.3, --seed 3, not 7" in error
    assert main([*command, *other, "--other-split"]) == 0
    note = artifact.load(output).metadata["accuracy.note"]
    assert note in capsys.readouterr().err
    assert re.match(r"\d of \d validation photographs were trained on: .* is flattered", note)


def test_what_judges_the_file_later_was_not_trained_on(checkpoint_file, data, tmp_path, capsys):
    record_run(checkpoint_file, data)
    output = str(tmp_path / "model.onnx")
    assert main([str(checkpoint_file), "--output", output, "--calibration", "minmax"]) == 0
    capsys.readouterr()
    assert evaluate.main([output]) == 0
    out = capsys.readouterr().out
    assert "validation: int8 accuracy" in out and "of 6)" in out and "test: int8" in out
    assert evaluate.main([output, "--data", str(data / "valid")]) == 0
    assert "all: int8 accuracy" in capsys.readouterr().out
    assert evaluate.main([output, "--data", str(data / "train")]) == 2
    assert "9 of 15 photographs were trained on (" in capsys.readouterr().err
    assert evaluate.main([output, "--data", str(data / "train"), "--other-split"]) == 0
    assert "the accuracy is flattered" in capsys.readouterr().err

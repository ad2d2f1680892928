"""Flags of two commands and a file of both; what is wrong is one line."""

import pytest

from explore import __main__ as command
from explore.command import parse
from explore.study import AXES, Point


def test_defaults():
    request = parse(["--data=photographs"])
    assert request.axes == AXES
    assert request.seeds == (0,)
    assert request.target.variant == "85F"
    assert request.points[0] == request.reference == Point.of(request.recipe)


def test_flags_of_training_are_the_recipe_and_the_reference():
    request = parse(["--plan-only", "--epochs", "9", "--base-e=16", "--vary=base-e=32"])
    assert request.recipe.epochs == 9
    assert [point.base_e for point in request.points] == [16, 32]


def test_a_file_and_flags_over_it(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        'data = "photographs"\nepochs = 9\nbase-e = 16\nseeds = [0, 1]\ngrid = true\n'
        "batch_norm = false\n[vary]\nbase_e = [16, 64]\nimage = [32, 64]\n"
    )
    request = parse([f"--study={path}", "--epochs=8", "--vary=image=48", "--jobs=3"])
    assert request.recipe.epochs == 8
    assert not request.recipe.batch_norm
    assert (request.seeds, request.jobs) == ((0, 1), 3)
    assert [(point.base_e, point.image) for point in request.points] == [(16, 48), (64, 48)]
    assert not parse([f"--study={path}", "--no-grid"]).full_grid


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("speed = 1", "unknown setting speed"),
        ("study = 'other.toml'", "unknown setting study"),
        ("epochs = ", "not a TOML file that can be read"),
        ("vary = 3", r"vary must be a table, \[vary\]"),
        ("[vary]\nrate = [1]", "--vary must name one of"),
        ("[recipe]\nepochs = 1", "unknown setting recipe"),
    ],
)
def test_a_bad_file(tmp_path, capsys, content, message):
    path = tmp_path / "study.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        parse(["--plan-only", f"--study={path}"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--data is needed, or --plan-only"),
        (["--plan-only", "--study=none.toml"], "none.toml: not a TOML file that can be read"),
        (["--plan-only", "--vary=rate=1"], "--vary must name one of"),
        (["--plan-only", "--grid"], "--grid needs the axes"),
        (["--plan-only", "--seed=1"], "--seed 1 is for one run; give --seeds 1"),
        (["--plan-only", "--resume"], "go without --resume"),
        (["--plan-only", "--architecture=1.1"], "go without --architecture"),
        (["--plan-only", "--jobs=0"], "--jobs must be at least 1, not 0"),
        (["--plan-only", "--epochs=0"], "epochs must be at least 1, not 0"),
        (["--plan-only", "--board=arty"], "--board must be one of"),
        (["--plan-only", "--vary=image=0"], "image must be at least 1, not 0"),
        (["--plan-only", "--vary=freq=0"], "freq must be at least 1, not 0"),
        (
            ["--plan-only", "--vary=squeeze_ratio=nan"],
            "squeeze_ratio must be a finite number, not nan",
        ),
        (["--data=none"], "none: no such folder"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, flags, message):
    assert command.main([*flags, f"--output={tmp_path / 'study'}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("explore: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("flag", ["--spede=1", "--epochs=many", "--jobs=two"])
def test_a_flag_of_neither(capsys, flag):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--plan-only", flag])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert flag.partition("=")[0] in error
    assert error.count("\n") == 1

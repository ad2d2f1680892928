"""Flags, a TOML file, and what they may not say."""

from pathlib import Path

import pytest

from model.checkpoint import Published
from model.settings import parse
from spec.squeezenet import Metaparameters

NEEDED = ["--data=d", "--output=o"]


def test_defaults_are_the_reference_architecture():
    settings = parse(NEEDED)
    assert settings.parameters(5) == Metaparameters()
    assert settings.data == Path("d")
    assert settings.validation_list is None


def test_flags_set_the_whole_family():
    flags = ["--num-filters=24", "--blocks=2", "--base-e=16", "--incr-e=8", "--freq=1"]
    flags += ["--pct-3x3=0.25", "--squeeze-ratio=0.125", "--image=96"]
    assert parse(NEEDED + flags).parameters(7) == Metaparameters(
        num_filters=24,
        blocks=2,
        base_e=16,
        incr_e=8,
        freq=1,
        pct_3x3=0.25,
        squeeze_ratio=0.125,
        image_size=96,
        classes=7,
    )


def test_a_published_architecture():
    settings = parse([*NEEDED, "--architecture=1.1", "--image=200"])
    assert settings.parameters(9) == Published(version="1.1", classes=9, image_size=200)


def test_stages():
    schedule = parse([*NEEDED, "--stages=64x3,96x2", "--epochs=6"]).schedule
    assert schedule.stages == ((64, 3), (96, 2))


def test_toml_gives_values_and_flags_overrule_them(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('data = "photos"\noutput = "out"\nrate = 1\nbatch-norm = false\nepochs = 7\n')
    settings = parse(["--config", str(file), "--epochs=9"])
    assert settings.data == Path("photos")
    assert settings.rate == 1.0
    assert isinstance(settings.rate, float)
    assert settings.batch_norm is False
    assert settings.epochs == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed = 3", "unknown setting speed; see --help"),
        ("epochs = 'many'", "epochs must be int, not 'many'"),
        ("epochs = 2.5", "epochs must be int, not 2.5"),
        ("strict = 'no'", "strict must be bool, not 'no'"),
        ("epochs = ", "not a TOML file that can be read"),
        ("optimizer = 'adam'", "optimizer must be one of sgd, adamw, not adam"),
    ],
)
def test_bad_toml(tmp_path, text, message):
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        parse([*NEEDED, "--config", str(file)])


def test_no_such_toml():
    with pytest.raises(ValueError, match=r"none\.toml: not a TOML file"):
        parse([*NEEDED, "--config=none.toml"])


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--batch=0", "batch must be at least 1, not 0"),
        ("--dropout=1", "dropout must be at least 0, below 1"),
        ("--mixup=0.6 --cutmix=0.6", "mixup and cutmix must"),
        ("--view-mixup=0.6 --view-cutmix=0.6", "view_mixup and view_cutmix must"),
        ("--view-mixup=-0.1", "view_mixup and view_cutmix must"),
        ("--view-crop=0", "crop must be above 0"),
        ("--rate=0", "rate, clip and temperature must be above 0"),
        ("--stages=64", "stages must look like 128x250,160x120, not 64"),
        ("--stages=64x50", "stages take 50 epochs, which leaves none of 40"),
        ("--crop=0", "crop must be above 0"),
        ("--clip=nan", "clip must be a finite number, not nan"),
    ],
)
def test_out_of_range(flag, message):
    with pytest.raises(ValueError, match=message):
        parse(NEEDED + flag.split())


def test_data_and_output_are_needed(capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(["--data=d"])
    assert stopped.value.code == 2
    assert "--output is needed" in capsys.readouterr().err


@pytest.mark.parametrize("epochs", [1, 2, 3, 40])
def test_the_default_warm_up_fits_any_number_of_epochs(epochs):
    assert parse([*NEEDED, f"--epochs={epochs}"]).schedule.warmup == min(2, epochs / 2)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--threads=-1", "threads must be at least 0, not -1"),
        ("--patience=-1", "patience must be at least 0, not -1"),
        ("--rate=inf", "rate must be a finite number, not inf"),
        ("--weight-decay=nan", "weight_decay must be a finite number, not nan"),
        ("--momentum=nan", "momentum must be a finite number, not nan"),
        ("--momentum=2", "momentum must be at least 0, below 1, not 2"),
        ("--weight-decay=-1", "weight_decay must be at least 0, not -1"),
        ("--cutmix=-0.5", r"cutmix must be at least 0, not -0\.5"),
        ("--seed=-1", "seed must be at least 0, not -1"),
        ("--seed=99999999999999999999", "seed must be below 4,294,967,296, not 9999"),
        ("--image=2", "pool1: a 3×3 window does not fit a map"),
        ("--image=1000000", "image must be at most 4,096, not 1000000"),
        ("--stages=100000x1", "stages: a side must be at most 4,096, not 100000"),
        ("--num-filters=100000000", "num_filters must be at most 4,096, not 1"),
        ("--threads=10000000", "threads must be at most 1,024, not 1"),
        ("--batch=10000000000000000000000", "batch must be at most 1,048,576, not 1"),
        ("--patience=10000000000000000000000", "patience must be at most 1,000,000,000, not 1"),
        ("--flip=2", "flip must be in 0…1, not 2"),
        ("--rotate=-3", "rotate must be at least 0, below 90, not -3"),
        ("--stages=32x2,4x1", "stages: 4 pixels do not fit the network"),
        ("--stages=32x-2", "must be of at least 1 pixel and epoch, not 32x-2"),
        ("--stages=0x2", "must be of at least 1 pixel and epoch, not 0x2"),
    ],
)
def test_values_are_checked_before_any_work(flag, message):
    with pytest.raises(ValueError, match=message):
        parse([*NEEDED, flag])


@pytest.mark.parametrize(
    ("flags", "needed"),
    [
        ("--views=4", "--teacher"),
        ("--hint-weight=2", "--teacher"),
        ("--teacher-weight=0.5", "--teacher"),
        ("--views-file=views", "--teacher"),
        ("--refit", "--teacher"),
        ("--refit-decay=0.1 --teacher=a.onnx", "--refit"),
        ("--repeat=3", "--empties or --field"),
        ("--smallest=0.5", "--paste"),
        ("--trained-with=caffe", "--init or --pretrained"),
        ("--momentum=0.8 --optimizer=adamw", "--optimizer sgd"),
        ("--base-e=16 --architecture=1.1", "--architecture family"),
    ],
)
def test_what_would_do_nothing_is_refused(flags, needed):
    first = flags.split()[0].split("=")[0].strip("-").replace("-", "_")
    with pytest.raises(ValueError, match=f"^{first} does nothing without {needed}: leave it away"):
        parse([*NEEDED, *flags.split()])


def test_what_has_what_it_needs_is_taken():
    flags = "--teacher=a --views=4 --refit --refit-decay=1 --field=f --repeat=3 --momentum=0.8"
    assert parse([*NEEDED, *flags.split()]).views == 4


def test_a_batch_norm_needs_more_than_a_value():
    with pytest.raises(ValueError, match="batch must be at least 2, not 1: the last map of 28×28"):
        parse([*NEEDED, "--image=28", "--batch=1"])
    with pytest.raises(ValueError, match=r"stages: 28 pixels .* batch must be at least 2"):
        parse([*NEEDED, "--batch=1", "--stages=28x1"])
    for flags in ("--batch=2 --image=28", "--batch=1", "--batch=1 --image=28 --no-batch-norm"):
        assert parse([*NEEDED, *flags.split()])


def test_the_help_names_the_defaults_there_are(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert "(default: 40)" in said and "None" not in said and "(default: )" not in said

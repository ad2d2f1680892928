import numpy as np
import pytest

from quant import speed
from quant.speed import main, processor_seconds
from spec import artifact, reference, synthetic
from spec.quantized import QuantizedNetwork
from spec.squeezenet import tiny


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    quantized = synthetic.quantized(tiny(image_size=19, blocks=2))
    path = tmp_path / "model.onnx"
    labels = ("a", "b", "c")
    artifact.save(QuantizedNetwork(quantized.network, quantized.convs, labels), path)
    return path


def test_the_ratio_is_that_of_the_two_speeds(model, capsys, monkeypatch):
    times = iter([0.5, 0.125])
    monkeypatch.setattr(speed, "processor_seconds", lambda work, runs: (work(), next(times))[1])
    assert main([str(model), "--runs", "3"]) == 0
    _, ours, theirs, ratio = capsys.readouterr().out.splitlines()
    assert ours.split() == ["NumPy", "reference", "2.0", "images/s"]
    assert theirs.split() == ["ONNX", "Runtime", "8.0", "images/s"]
    assert "0.25 times" in ratio


def test_the_least_processor_time_counts(monkeypatch):
    clock = iter([0.0, 5.0, 5.0, 7.0, 7.0, 10.0])
    monkeypatch.setattr("time.process_time", lambda: next(clock))
    calls = []
    assert processor_seconds(lambda: calls.append(1), 3) == 2.0
    assert len(calls) == 3


def test_programs_that_differ_are_not_compared(model, capsys, monkeypatch):
    right = reference.run
    monkeypatch.setattr(reference, "run", lambda *a: {"sums": right(*a)["sums"] + np.int64(1)})
    assert main([str(model), "--runs", "1"]) == 2
    assert "differ; see quant.evaluate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "threads", "message"),
    [
        (["--runs", "0"], "1", "--runs must be at least 1, not 0"),
        ([], "2", "OMP_NUM_THREADS must be 1"),
        (["--runs", "1"], None, "OMP_NUM_THREADS must be 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(model, capsys, monkeypatch, flags, threads, message):
    if threads is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert main([str(model), *flags]) == 2
    error = capsys.readouterr().err
    assert error.startswith("quant.speed: ") and message in error and error.count("\n") == 1


def test_no_model(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert main([str(tmp_path / "none.onnx")]) == 2
    assert "none.onnx" in capsys.readouterr().err

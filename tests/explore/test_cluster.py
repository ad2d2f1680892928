"""Runs on a local Ray cluster; without Ray or without a cluster, the way out."""

import socket
import sys
from types import ModuleType

import pytest

from explore import __main__ as command
from explore.cluster import ClusterError, train_on_ray


def test_without_ray(arguments, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command.main([*arguments, "--vary=freq=1", "--ray=local"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("explore: --ray needs Ray: pip install 'caracal[ray]'")
    assert error.count("\n") == 1


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "127.0.0.1:port"])
def test_nobody_there(monkeypatch, form):
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = form.format(taken.getsockname()[1])
        with pytest.raises(ClusterError, match=f"--ray {address}: no cluster there.*ray start"):
            next(train_on_ray([], None, address))


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # Ray's own
def test_a_local_cluster_trains_what_a_process_does(arguments, tmp_path, capsys):
    arguments += ["--vary=base_e=16", "--epochs=1"]
    assert command.main([*arguments, "--ray=local"]) == 0
    lines = capsys.readouterr().out.splitlines()
    here = tmp_path / "here"
    assert command.main([*arguments, f"--output={here}"]) == 0
    # All figures but the seconds are the same.
    for path in here.rglob("log.txt"):
        there = tmp_path / "study" / path.relative_to(here)
        one, other = (p.read_text().rpartition(" seconds ")[0] for p in (path, there))
        assert one == other
    assert any(line.startswith("2/2 ") for line in lines)

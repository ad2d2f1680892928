"""What makes two bitstreams the same, and what does not."""

import subprocess

from amaranth.build.run import BuildPlan

from hw import provenance


def plan(**files: str) -> BuildPlan:
    result = BuildPlan("build_top")
    for name, text in files.items():
        result.add_file(name, text)
    return result


def test_the_id_is_of_the_circuit_and_of_the_model():
    one = provenance.build_id(plan(il="circuit", lpf="pins"), b"model")
    assert len(one) == 8
    assert provenance.build_id(plan(lpf="pins", il="circuit"), b"model") == one
    others = [
        provenance.build_id(plan(il="circuit 2", lpf="pins"), b"model"),
        provenance.build_id(plan(il="circuit", lpf="pins 2"), b"model"),
        provenance.build_id(plan(il="circuit", lpf="pins"), b"another"),
        provenance.build_id(plan(il="circuitp", lpf="ins"), b"model"),
    ]
    assert len({one, *others}) == 5


def test_versions_and_the_commit(tmp_path, monkeypatch):
    found = provenance.versions({"yosys": "/opt/bin/yosys"})
    assert found["amaranth"].startswith("0.5.") and found["yosys"] == "yosys"
    monkeypatch.setattr(provenance, "SOURCES", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() is None

    def git(*words: str) -> str:
        about = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.check_output(["git", *about, *words], cwd=tmp_path, text=True).strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    assert provenance.commit() == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("two")
    assert provenance.commit() == git("rev-parse", "HEAD") + "+"

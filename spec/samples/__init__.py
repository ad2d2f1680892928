"""Sample pictures, so that a first try needs no photograph."""

from pathlib import Path


def samples() -> list[Path]:
    """The sample pictures, in order of name; ``README.md`` beside them says what they are."""
    return sorted(Path(__file__).parent.glob("*.jpg"))

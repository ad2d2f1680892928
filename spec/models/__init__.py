"""The model that comes with the project."""

from pathlib import Path


def packaged() -> Path:
    """The quantized reference network for five wild cats, at 224×224."""
    return Path(__file__).parent / "wildcats5.onnx"

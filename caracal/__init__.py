"""Caracal: from photographs to an open FPGA.

``import caracal`` loads next to nothing; each name below brings what it needs when it is used
first. The same functions are the commands of :mod:`caracal.__main__`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caracal.building import build, plan
    from caracal.devices import Answer, Board
    from caracal.drawing import draw
    from caracal.learning import Evaluation, evaluate, quantize, train

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Board",
    "Evaluation",
    "build",
    "draw",
    "evaluate",
    "plan",
    "quantize",
    "train",
]

_HOMES = {
    "Answer": "caracal.devices",
    "Board": "caracal.devices",
    "Evaluation": "caracal.learning",
    "build": "caracal.building",
    "draw": "caracal.drawing",
    "evaluate": "caracal.learning",
    "plan": "caracal.building",
    "quantize": "caracal.learning",
    "train": "caracal.learning",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module caracal has no attribute {name}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]

"""What a study trains: settings around a reference, or on a grid, and a seed or several of each."""

from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

from model.settings import Settings

AXES = {
    "squeeze_ratio": (0.125, 0.25, 0.5, 0.75, 1.0),
    "pct_3x3": (0.25, 0.5, 0.75),
    "base_e": (16, 32, 48, 64),
    "incr_e": (0, 16, 32, 64),
    "freq": (1, 2, 3),
    "image": (96, 128, 160, 192, 224),
}
"""The metaparameters that are studied, named as in :class:`model.settings.Settings`, and the values
tried if no axis is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One setting of the metaparameters."""

    squeeze_ratio: float
    pct_3x3: float
    base_e: int
    incr_e: int
    freq: int
    image: int

    @classmethod
    def of(cls, settings: Settings) -> "Point":
        """The point at which a training run would be."""
        return cls(**{axis: getattr(settings, axis) for axis in AXES})

    @property
    def slug(self) -> str:
        """A folder's name."""
        return "-".join(f"{axis}_{value}" for axis, value in asdict(self).items())

    def changes(self, reference: "Point") -> dict[str, float]:
        """The axes in which it differs, and its values there."""
        other = asdict(reference)
        return {axis: value for axis, value in asdict(self).items() if value != other[axis]}

    def __str__(self) -> str:
        return describe(asdict(self))


def describe(values: dict[str, float]) -> str:
    """``base_e 16, image 64``."""
    return ", ".join(f"{axis} {value}" for axis, value in values.items())


def parse_axis(text: str) -> tuple[str, tuple[float, ...]]:
    """An axis and its values, from ``base_e=16,64``.

    Raises
    ------
    ValueError
        If there is no such axis, a value is no number of its kind, or comes twice.
    """
    name, _, values = text.partition("=")
    axis = name.strip().replace("-", "_")
    if axis not in AXES:
        raise ValueError(f"--vary must name one of {', '.join(AXES)}, not {name}")
    kind = type(AXES[axis][0])
    example = ",".join(str(value) for value in AXES[axis])
    return axis, _listed(f"--vary {axis}", values, kind, example)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from ``0,1,2``.

    Raises
    ------
    ValueError
        If one is no whole number of at least 0, or comes twice.
    """
    seeds = _listed("--seeds", text, int, "0,1,2")
    if min(seeds) < 0:
        raise ValueError(f"--seeds must be at least 0, not {min(seeds)}")
    return seeds


def _listed(what: str, text: str, kind: type, example: str) -> tuple:
    try:
        values = tuple(kind(value) for value in text.split(","))
    except ValueError:
        raise ValueError(f"{what} must be like {example}, not {text!r}") from None
    twice = {value for value in values if values.count(value) > 1}
    if twice:
        raise ValueError(f"{what} has {min(twice)} twice")
    return values


def one_at_a_time(reference: Point, axes: dict[str, tuple[float, ...]]) -> tuple[Point, ...]:
    """The reference, then each axis's values with all others at the reference."""
    points = [reference]
    for axis, values in axes.items():
        points += [replace(reference, **{axis: value}) for value in values]
    return tuple(dict.fromkeys(points))


def grid(reference: Point, axes: dict[str, tuple[float, ...]]) -> tuple[Point, ...]:
    """Every combination of the axes' values; an axis not named stays at the reference."""
    combinations = product(*axes.values())
    return tuple(replace(reference, **dict(zip(axes, c, strict=True))) for c in combinations)


def run_settings(recipe: Settings, point: Point, seed: int, folder: Path) -> Settings:
    """A point's training run: the recipe, but for the point, the seed and the folder.

    One thread unless the recipe says otherwise: so results do not depend on how many run at once.
    Paths are absolute, for a process elsewhere.

    Raises
    ------
    ValueError
        If a value is out of range.
    """
    changes = asdict(point) | {
        "seed": seed,
        "output": folder,
        "report": False,
        "threads": recipe.threads or 1,
    }
    settings = replace(recipe, **changes)
    paths = {key: value for key, value in vars(settings).items() if isinstance(value, Path)}
    return replace(settings, **{key: path.resolve() for key, path in paths.items()})

"""The command line of a study: its own flags, those of ``model.train``, and a TOML file of both."""

import argparse
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from explore.field import FIGURES, Sets
from explore.prediction import Target
from explore.study import AXES, Point, describe, grid, one_at_a_time, parse_axis, parse_seeds
from hw.board.boards import BOARDS
from model import settings
from model.settings import Settings
from plan.engine import ENGINES
from spec.arguments import Parser, number
from spec.text import TextError, read_text


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    recipe
        What every run shares; its own place on the axes is the reference.
    data
        The photographs; None only with ``plan_only``.
    axes
        The values that are varied.
    full_grid
        Every combination of them, or one at a time.
    jobs
        Runs at a time; None for as many as there is room for.
    ray
        Address of a cluster, or None for processes here.
    sets
        Pictures of the field, on which every network is measured, too.
    by, frames
        The figure of ``explore.field.FIGURES`` that ranks settings, or None; and how many frames a
        second a setting must have to be among them.
    """

    recipe: Settings
    data: Path | None
    output: Path
    axes: dict[str, tuple[float, ...]]
    full_grid: bool
    seeds: tuple[int, ...]
    target: Target
    jobs: int | None
    ray: str | None
    plan_only: bool
    sets: Sets
    by: str | None
    frames: float

    @property
    def measures(self) -> bool:
        """Whether networks are measured in the field."""
        return bool(self.sets) or self.by is not None

    @property
    def reference(self) -> Point:
        return Point.of(self.recipe)

    @property
    def points(self) -> tuple[Point, ...]:
        return (grid if self.full_grid else one_at_a_time)(self.reference, self.axes)

    def names(self, point: Point) -> tuple[str, str, str]:
        """What a point is called in the table, which series of the plot it is in, and as what."""
        if self.full_grid:
            values = {axis: getattr(point, axis) for axis in self.axes}
            first, *others = values.items()
            tag = "/".join(str(value) for _, value in others)
            return describe(values), describe(dict([first])), tag
        for axis, value in point.changes(self.reference).items():
            return f"{axis} {value}", axis, str(value)
        return "reference", "reference", ""


def _parser() -> Parser:
    parser = Parser(
        prog="python -m explore",
        description="Study the metaparameters: train every setting with one recipe, and set its "
        "accuracy against weights, MACs and predicted frames a second on a board.",
        epilog="Every other flag is one of python -m model.train: together they are the recipe "
        "and, where they name a metaparameter, the reference setting.",
        examples=(
            "--plan-only --vary base_e=16,64 --board ulx3s",
            "--data photographs --validation-share 0.12 --vary blocks=4,6 --epochs 20",
        ),
        allow_abbrev=False,
    )
    yes_or_no = argparse.BooleanOptionalAction
    parser.add_argument("--data", type=Path, help="folder of photographs, as for model.train")
    parser.add_argument("--output", type=Path, default=Path("runs/explore"))
    parser.add_argument(
        "--study",
        type=Path,
        metavar="FILE",
        help="TOML file: flags, of model.train too, and a table [vary]; flags overrule it",
    )
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="AXIS=VALUES",
        help=f"such as base_e=16,64; repeat for other axes; of {', '.join(AXES)}; "
        "default: all of them",
    )
    parser.add_argument(
        "--grid",
        action=yes_or_no,
        default=False,
        help="every combination instead of one change at a time",
    )
    parser.add_argument("--seeds", default="0", metavar="0,1,2", help="a run for each (0)")
    parser.add_argument("--board", default="ulx3s", help=f"{', '.join(BOARDS)} (ulx3s)")
    parser.add_argument("--variant", metavar="DEVICE", help="such as 45F; default: the largest")
    parser.add_argument("--engine", help=f"{', '.join(ENGINES)}; default: the device's")
    parser.add_argument("--clock", type=float, metavar="MHZ", help="default: the device's")
    parser.add_argument("--strangers", type=Path, help="pictures of animals much like the known")
    parser.add_argument("--general", type=Path, help="pictures of anything else")
    parser.add_argument("--trap", type=Path, help="trap frames, as python -m quant.field has them")
    parser.add_argument("--sources", type=Path, metavar="TABLE.tsv", help="TRAP/sources.tsv")
    parser.add_argument(
        "--by", choices=FIGURES, help="rank the settings by this figure of their int8 networks"
    )
    parser.add_argument(
        "--frames",
        type=number(least=0),
        metavar="N",
        help="with --by: only settings with N frames a second or more",
    )
    parser.add_argument("--jobs", type=int, help="runs at a time; default: one a processor")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="train on this Ray cluster; local starts one here"
    )
    parser.add_argument(
        "--plan-only",
        action=yes_or_no,
        default=False,
        help="the table without accuracy, in seconds; needs no --data",
    )
    return parser


def _from_file(path: Path, parser: Parser) -> list[str]:
    """The flags in a TOML file."""
    try:
        values = tomllib.loads(read_text(path))
    except (TextError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file that can be read ({error})") from None
    vary = values.pop("vary", {})
    if not isinstance(vary, dict):
        raise ValueError(f"{path}: vary must be a table, [vary], of axes and lists of values")
    known = {*vars(parser.parse_args([])), *(item.name for item in fields(Settings))} - {"study"}
    flags = []
    for key, value in values.items():
        if key.replace("-", "_") not in known:
            raise ValueError(f"{path}: unknown setting {key}; see --help, and model.train's")
        flag = "--" + key.replace("_", "-")
        if isinstance(value, bool):
            flags.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            flags.append(f"{flag}={_text(value)}")
    return flags + [f"--vary={axis}={_text(value)}" for axis, value in vary.items()]


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def parse(argv: list[str]) -> Request:
    """What a command line asks for.

    Raises
    ------
    ValueError
        If a value is out of range, or flags do not go together.
    """
    parser = _parser()
    options, others = parser.parse_known_args(argv)
    if options.study is not None:
        options, others = parser.parse_known_args([*_from_file(options.study, parser), *argv])
    if options.data is None and not options.plan_only:
        raise ValueError("--data is needed, or --plan-only")
    recipe = settings.parse(
        [*others, f"--data={options.data or '.'}", f"--output={options.output}"]
    )
    if recipe.architecture != "family":
        raise ValueError("only the family has metaparameters; go without --architecture")
    if recipe.seed:
        raise ValueError(f"--seed {recipe.seed} is for one run; give --seeds {recipe.seed}")
    if recipe.resume:
        raise ValueError("a study always goes on where it stopped; go without --resume")
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {options.jobs}")
    sets = Sets(
        strangers=options.strangers,
        general=options.general,
        trap=options.trap,
        sources=options.sources,
    )
    sets.check()
    if options.by is not None and not sets.gives(options.by):
        needed = options.by if options.by in ("strangers", "general") else "trap"
        raise ValueError(f"--by {options.by} needs the pictures: give --{needed}")
    if options.frames is not None and options.by is None:
        raise ValueError("--frames chooses among settings that --by ranks: give both")
    if options.plan_only and (sets or options.by is not None):
        raise ValueError("a network that is only planned is nowhere measured: no --plan-only")
    axes = dict(parse_axis(text) for text in options.vary)
    if options.grid and not axes:
        raise ValueError("--grid needs the axes it is to combine: --vary base_e=16,32 …")
    return Request(
        recipe=recipe,
        data=options.data,
        output=options.output,
        axes=axes or AXES,
        full_grid=options.grid,
        seeds=parse_seeds(options.seeds),
        target=Target.of(options.board, options.variant, options.engine, options.clock),
        jobs=options.jobs,
        ray=options.ray,
        plan_only=options.plan_only,
        sets=sets,
        by=options.by,
        frames=options.frames or 0.0,
    )

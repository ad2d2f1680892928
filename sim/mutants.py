"""Is it found when something is wrong? One thing at a time is changed, and the proof run.

    python -m sim.mutants [circuit] [reference] [plan] [--mutants N] [--seed S] [--csv FILE]

``circuit``: connections of the core's netlist, against NumPy and the plan. ``reference``: places
in the source of the NumPy reference, against ONNX Runtime. ``plan``: places in the source of the
plan, against the circuit. Every mutant meets the small networks of ``sim/trial.py`` until one shows
it. Those that none shows are printed, with the reason (``sim/survivors.py``) if it is known. Exit
code 1: of those that no reason excuses, fewer were found than ``--least`` asks for.
"""

import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from sim import verilate
from sim.mutated_circuit import MutatedCircuit
from sim.mutated_source import MutatedPlan, MutatedReference, MutatedSource, SourceError
from sim.survivors import reason
from spec import terminal
from spec.arguments import Parser

WHAT = ("circuit", "reference", "plan")
LEAST = 0.97
"""The share of mutants that must be found; the rest change nothing that can be seen."""


class BadInput(ValueError):
    """One line that names what is wrong."""


def subject(what: str, folder: Path, count: int, seed: int) -> MutatedCircuit | MutatedSource:
    """What is mutated, one of :data:`WHAT`; ``folder`` is for its files."""
    if what == "circuit":
        return MutatedCircuit(count=count, seed=seed)
    kind = MutatedReference if what == "reference" else MutatedPlan
    return MutatedSource(kind, folder, count=count, seed=seed)


def count_found(what: str, count: int, seed: int, rows) -> float:
    """Run all mutants, print what was found by part, and give the share that was found."""
    found, made, missed = Counter(), Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        mutated = subject(what, Path(folder), count, seed)
        results = mutated.results()
        bar = tqdm(results, total=len(mutated.mutants), unit="mutant", disable=terminal.bars_off())
        for mutant, by in bar:
            made[mutant.part] += 1
            found[mutant.part] += bool(by)
            if not by:
                missed.append(mutant)
            if rows:
                rows.writerow([what, mutant.part, mutant, by])
    print(f"{what}, seed {seed}\n{'part':24}{'mutants':>9}{'found':>7}")
    for part, number in sorted(made.items()):
        print(f"{part:24}{number:9}{found[part]:7}")
    equal = 0
    for mutant in missed:
        why = reason(what, str(mutant))
        equal += bool(why)
        print(f"not found: {mutant}: {why or 'MISSED'}")
    share = found.total() / (made.total() - equal)
    print(
        f"{found.total()} of {made.total()} found, {equal} change nothing that is promised: "
        f"{share:.3f} of the others",
        flush=True,
    )
    return share


def run(what: list[str], count: int, seed: int, least: float, file: Path | None) -> int:
    """0: of each enough mutants were found; 1: of one not."""
    for one in what:
        if one not in WHAT:
            raise BadInput(f"WHAT must be of {', '.join(WHAT)}, not {one}")
    if not 0 < count < 1 << 16:
        raise BadInput(f"--mutants must be from 1 to {(1 << 16) - 1}, not {count}")
    if file is None:
        return int(min(count_found(one, count, seed, None) for one in what) < least)
    with open(file, "w", newline="", buffering=1) as opened:
        rows = csv.writer(opened)
        rows.writerow(["what", "part", "mutant", "found by"])
        return int(min(count_found(one, count, seed, rows) for one in what) < least)


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.mutants",
        description=__doc__,
        examples=(
            "circuit --mutants 30",
            "reference plan",
        ),
    )
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"of {', '.join(WHAT)}; all")
    parser.add_argument("--mutants", type=int, default=300, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (%(default)s)")
    parser.add_argument("--least", type=float, default=LEAST, metavar="SHARE", help="(%(default)s)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="every mutant, and what found it")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim.mutants",
        lambda: run(
            arguments.what or [*WHAT],
            arguments.mutants,
            arguments.seed,
            arguments.least,
            arguments.csv,
        ),
        bad=(BadInput, OSError, verilate.ToolMissing),
        failed=(verilate.SimulationError, SourceError),
    )


if __name__ == "__main__":
    sys.exit(main())

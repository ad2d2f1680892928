"""``python -m explore``: how accurate, big and fast many settings are, in a table and a plot; and,
with pictures of the field, which of them is best there."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing

from tqdm import tqdm

from explore import plot
from explore.cluster import ClusterError, train_on_ray
from explore.command import Request, parse
from explore.field import measure
from explore.local import train_here
from explore.prediction import predict
from explore.ranking import ranking
from explore.store import Store, write_whole
from explore.study import Point, run_settings
from explore.table import Row, csv_table, markdown_table
from explore.training import Failure, Result
from model.data import inventory, read_splits, remarks
from model.metrics import in_words
from model.settings import Settings
from spec import terminal
from spec.squeezenet import Metaparameters

CHECK_SIZE = 32
"""Side of the images, in pixels, with which the data are checked before the first run."""


def make_rows(request: Request, classes: int) -> dict[Point, Row]:
    """A row for each setting, without outcomes.

    Raises
    ------
    ValueError
        If a metaparameter is out of range.
    """
    rows = {}
    for point in request.points:
        settings = run_settings(request.recipe, point, 0, request.output)
        label, series, tag = request.names(point)
        rows[point] = Row(
            point=point,
            label=label,
            series=series,
            tag=tag,
            prediction=predict(settings.parameters(classes), request.target),
        )
    return rows


def read_classes(request: Request) -> int:
    """Read the photographs once, small: what is wrong with them is said before the first run."""
    recipe = request.recipe
    splits = read_splits(
        request.data,
        CHECK_SIZE,
        validation_list=recipe.validation_list,
        validation_share=recipe.validation_share,
        strict=recipe.strict,
        nested=recipe.nested,
    )
    for name, part in splits.items():
        print(*inventory(name, part), sep="\n")
    for line in remarks(splits):
        print(line)
    return len(splits.train.labels)


def outcomes(request: Request, runs: list[Settings]) -> Iterator[tuple[Settings, Result | Failure]]:
    """Train runs where the request says."""
    if request.ray is not None:
        return train_on_ray(runs, request.jobs, request.ray)
    threads = request.recipe.threads or 1
    return train_here(runs, request.jobs or max(1, (os.cpu_count() or 1) // threads))


def train_rows(request: Request, rows: dict[Point, Row], store: Store) -> None:
    """Train what is not finished, and put every outcome into its row, as it comes."""
    runs = {}
    for point, row in rows.items():
        if not row.prediction.trainable:
            continue
        for seed in request.seeds:
            folder = store.run_folder(point.slug, seed)
            settings = run_settings(request.recipe, point, seed, folder)
            if not runs:
                store.claim(settings)
            result = store.result(folder)
            if result is not None:
                row.outcomes[seed] = result
            else:
                runs[settings] = row
    kept = sum(len(row.outcomes) for row in rows.values())
    print(f"{len(runs)} runs to train, {kept} finished before")
    if not runs:
        return
    with (
        closing(outcomes(request, list(runs))) as finished,
        tqdm(total=len(runs), desc="runs", disable=terminal.bars_off()) as bar,
    ):
        for number, (settings, outcome) in enumerate(finished, 1):
            row = runs[settings]
            row.outcomes[settings.seed] = outcome
            if isinstance(outcome, Result):
                store.keep(settings, outcome)
                line = f"accuracy {outcome.accuracy:.3f}, {outcome.seconds:.0f} s"
            else:
                line = f"failed: {outcome.why}"
            bar.update()
            bar.write(f"{number}/{len(runs)} {row.label}, seed {settings.seed}: {line}")


def measure_rows(request: Request, rows: dict[Point, Row], store: Store) -> None:
    """Measure every finished run in the field, unless it was, and put the figures into its row."""
    for point, row in rows.items():
        for seed, outcome in row.outcomes.items():
            if not isinstance(outcome, Result):
                continue
            folder = store.run_folder(point.slug, seed)
            found = store.figures(folder, request.sets)
            if found is None:
                found = measure(run_settings(request.recipe, point, seed, folder), request.sets)
                if isinstance(found, dict):
                    store.keep_figures(folder, request.sets, found)
                    line = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
                else:
                    line = f"not measured: {found.why}"
                print(f"{row.label}, seed {seed}: {line}", flush=True)
            row.measured[seed] = found


def write_tables(request: Request, rows: list[Row], argv: list[str]) -> None:
    """Write and print the table, and draw the plot if there is an accuracy."""
    stem = "plan" if request.plan_only else "study"
    table = markdown_table(rows)
    about = [f"Reference: {request.reference}.", f"Board: {request.target}."]
    if not request.plan_only:
        recipe = request.recipe
        about.append(
            f"Accuracy: validation, best of {recipe.epochs} epochs; the mean over seeds "
            f"{', '.join(map(str, request.seeds))} (lowest–highest)."
        )
        best = max(
            (run for row in rows for run in row.outcomes.values() if isinstance(run, Result)),
            key=lambda run: run.accuracy,
            default=None,
        )
        if best is not None and best.photographs:
            right = round(best.accuracy * best.photographs)
            about.append(f"The best run: {in_words(right, best.photographs)}.")
        if request.by is not None:
            about.append(ranking(rows, request.by, request.frames))
    text = "\n\n".join([*about, table, f"`python -m explore {shlex.join(argv)}`"])
    written = {f"{stem}.csv": csv_table(rows).encode(), f"{stem}.md": f"{text}\n".encode()}
    if any(row.accuracy is not None for row in rows):
        written[f"{stem}.png"] = plot.draw(rows, about[1])
    for name, content in written.items():
        write_whole(request.output / name, content)
    said = "\n".join(about[-1:] if request.by is None else about[-2:])
    print(f"\n{table}\n\n{said}\n{', '.join(str(request.output / name) for name in written)}")


def explore(argv: list[str]) -> int:
    request = parse(argv)
    classes = Metaparameters().classes if request.data is None else read_classes(request)
    rows = make_rows(request, classes)
    if request.plan_only:
        write_tables(request, list(rows.values()), argv)
        return 0
    store = Store(request.output)
    code = 0
    try:
        train_rows(request, rows, store)
        if request.measures:
            measure_rows(request, rows, store)
    except KeyboardInterrupt:
        code = 130
    write_tables(request, list(rows.values()), argv)
    if code:
        terminal.complain("interrupted; finished runs are kept, the same command goes on")
        return code
    for row in rows.values():
        for seed, outcome in (*row.outcomes.items(), *row.measured.items()):
            if isinstance(outcome, Failure):
                terminal.complain(f"{row.label}, seed {seed}: {outcome.why}")
                code = 1
    return code


def main(argv: list[str] | None = None) -> int:
    return terminal.run(
        "explore",
        lambda: explore(sys.argv[1:] if argv is None else argv),
        bad=(ValueError, ClusterError),
        interrupted=lambda: "interrupted; finished runs are kept",
    )


if __name__ == "__main__":
    sys.exit(main())

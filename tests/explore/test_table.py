"""The table says what is known, and only that."""

import csv
import io
from pathlib import Path

from explore.prediction import Prediction
from explore.study import Point
from explore.table import Row, csv_table, markdown_table
from explore.training import Failure, Result
from model.settings import Settings

POINT = Point.of(Settings(data=Path("d"), output=Path("o")))


def result(accuracy: float) -> Result:
    return Result(accuracy=accuracy, loss=0.5, epoch=1, seconds=2.0)


def row(outcomes=None, **prediction) -> Row:
    known = {
        **{"weights": 1200, "macs": 3400, "cycles": 5600, "utilization": 0.5, "ebr": 7},
        **{"multipliers": 8, "frames_per_second": 1234.56},
    }
    return Row(
        point=POINT,
        label="base_e 16",
        series="base_e",
        tag="16",
        prediction=Prediction(**known | prediction),
        outcomes=outcomes or {},
    )


def read(text: str) -> dict[str, str]:
    (line,) = csv.DictReader(io.StringIO(text))
    return line


def test_mean_and_spread_over_seeds():
    made = row({0: result(0.75), 1: result(0.5), 2: result(1.0)})
    assert "| 0.750 (0.500–1.000) |" in markdown_table([made])
    line = read(csv_table([made]))
    keys = ("accuracy", "accuracy_lowest", "accuracy_highest", "seeds", "seconds")
    assert [line[key] for key in keys] == ["0.75", "0.5", "1.0", "3", "6.0"]


def test_one_seed_has_no_spread():
    assert "| 0.750 |" in markdown_table([row({5: result(0.75)})]).replace("   ", "")


def test_no_run_no_accuracy():
    line = read(csv_table([row()]))
    assert (line["accuracy"], line["seeds"], line["seconds"]) == ("", "0", "")
    assert line["setting"] == "base_e 16"
    assert line["image"] == "224"
    assert line["frames_per_second"] == "1234.56"


def test_what_does_not_fit_and_what_failed_are_noted():
    outcomes = {0: Failure("the loss is not finite"), 1: result(0.5)}
    made = row(outcomes, frames_per_second=None, note="does not fit 25F")
    note = "does not fit 25F; seed 0 failed: the loss is not finite"
    line = read(csv_table([made]))
    assert (line["note"], line["frames_per_second"]) == (note, "")
    assert line["accuracy"] == "0.5"
    assert note in markdown_table([made])


def test_markdown_is_aligned():
    text = markdown_table([row(), row({0: Failure("a | b")})])
    head, rule, *lines = text.splitlines()
    assert len({len(line) for line in (head, rule, *lines)}) == 1
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == [
        *("base_e 16", "1,200", "3,400", "7", "5,600", "1,234.6", "", "")
    ]
    assert "a \\| b" in lines[1]

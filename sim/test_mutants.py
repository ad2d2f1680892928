"""A sample of ``python -m sim.mutants``: what is made wrong is found."""

import ast
import subprocess
import sys

from sim.mutants import main
from sim.mutated_circuit import _ones, _starts_at_one
from sim.mutated_source import _Places
from sim.survivors import reason
from sim.verilate import ROOT

SOURCE = '''
@dataclass(frozen=True)
class Thing:
    """Text."""

    size: int = 3

    def half(self, other: int) -> int:
        if other < 0:
            raise ValueError(f"{other + 1}")
        return self.size * 2 if other <= 7 and not other else -1
'''


def test_a_sample_is_found():
    command = [sys.executable, "-m", "sim.mutants", "reference", "--mutants", "20"]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "of 20 found" in said and "MISSED" not in said


def test_a_sample_of_the_circuit_is_found(capsys):
    assert main(["circuit", "--mutants", "20", "--least", "0.9"]) == 0
    assert " of 20 found" in capsys.readouterr().out


def test_a_sample_of_the_plan_is_found(capsys):
    assert main(["plan", "--mutants", "10"]) == 0
    assert " of 10 found" in capsys.readouterr().out


def test_places_are_all_but_refusals_and_texts():
    places = _Places()
    places.visit(ast.parse(SOURCE))
    found = [text for _, text in places.found]
    assert found == [
        *("3 → 4", "3 → 2"),
        *("And → Or", "LtE → Lt", "7 → 8", "7 → 6", "without the sign of not other"),
        *("Mult → Add", "2 → 3", "2 → 1"),
        *("without the sign of -1", "1 → 2", "1 → 0"),
    ]


def test_each_place_changes_one_thing():
    count = _Places()
    count.visit(ast.parse(SOURCE))
    before = ast.unparse(ast.parse(SOURCE))
    made = {ast.unparse(_Places(k).visit(ast.parse(SOURCE))) for k in range(len(count.found))}
    assert len(made) == len(count.found) and before not in made


def test_a_reason_is_for_what_it_names():
    assert reason("reference", "spec.arith:26 127 → 128 | WEIGHT_MAX = 127")
    assert not reason("reference", "spec.arith:67 16 → 17 | whole = product >> SHIFT")
    padding = "plan.memory_map:58 without the sign of -1 | blocks.append([{}-1] * (engine.columns"
    assert reason("plan", padding.format("*block] + ["))
    assert not reason("plan", padding.format(""))
    assert not reason("circuit", "spec.arith:26 127 → 128 | WEIGHT_MAX = 127")
    assert reason("circuit", "cnot1 $reduce_or machine.$1.A[5] by [0]")
    assert not reason("circuit", "cnot0 $reduce_or machine.$1.A[5] by [0]")
    lanes = "cnot1 $dff machine.$1.D[11] by [{}] (machine.pool.meta_2[11])"
    assert reason("circuit", lanes.format(14)) and not reason("circuit", lanes.format(13))


def test_bad_input_is_one_line(capsys):
    assert main(["plans"]) == 2
    said = capsys.readouterr().err
    assert said == "sim.mutants: WHAT must be of circuit, reference, plan, not plans\n"
    assert main(["--mutants", "0"]) == 2
    assert capsys.readouterr().err == "sim.mutants: --mutants must be from 1 to 65535, not 0\n"


def test_a_register_that_starts_at_one_is_left_alone():
    netlist = (
        '  attribute \\src "x"\n  attribute \\init 4\'0x10\n  attribute \\keep 1\n'
        "  wire width 4 \\core.settings\n  attribute \\init 1'0\n  wire \\core.busy\n"
        "  wire \\core.other\n"
    )
    ones = _ones(netlist)
    assert ones == {"core.settings": 2, "core.busy": 0}
    line = "mutate -mode inv -cell c -port {} -portbit 0 -wire \\core.{} -wirebit {}"
    assert _starts_at_one(line.format("Q", "settings", 1), ones)
    assert not _starts_at_one(line.format("D", "settings", 1), ones)
    assert not _starts_at_one(line.format("Q", "settings", 0), ones)
    assert not _starts_at_one(line.format("Q", "busy", 0), ones)
    assert not _starts_at_one(line.format("Q", "other", 0), ones)
    assert not _starts_at_one("mutate -mode inv -cell c -port Q -portbit 0", ones)

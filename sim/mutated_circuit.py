"""One connection of the core's netlist is changed at a time: is it found?

Yosys' ``mutate`` chooses ports of cells, evenly over the whole core, and inverts a bit, holds it at
0 or 1, or mixes it with another. All mutants are in one model; which one is in force is said when
it starts.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sim import verilate
from sim.trial import Trial, circuit_checks, found

SELECT = "mutant"
SELECT_BITS = 16
DRAWN = 60
"""Networks that only those meet which the chosen ones did not find."""
SELECTOR = f"""module mutant_selector(output reg [{SELECT_BITS - 1}:0] number);
  initial if (!$value$plusargs("{SELECT}=%d", number)) number = 0;
endmodule
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change of one bit at a cell's port, as ``mutate`` names it; ``number`` from 1 on.

    ``kind`` is the cell's. ``control`` is the bit of the same port that says when the bit is
    turned, if one does, ``wire`` the bit of a named wire that it is, if it is one's. ``idle``:
    yosys proved that the bit drives nothing, or is held at what it always is, and removed the
    mutant.
    """

    number: int
    mode: str
    kind: str
    cell: str
    port: str
    bit: int
    control: int | None
    wire: str
    idle: bool

    @property
    def part(self) -> str:
        """The part of the core that the cell is in, without numbers."""
        words = [word.strip("\\") for word in self.cell.removeprefix("$flatten").split(".")[:-1]]
        words = [re.sub(r"[\d_$]+", "", word) for word in words if word.strip("\\") != "machine"]
        return words[0] if words else "core"

    def __str__(self) -> str:
        by = "" if self.control is None else f" by [{self.control}]"
        wire = f" ({self.wire})" if self.wire else ""
        idle = ", which changes nothing" if self.idle else ""
        return f"{self.mode} {self.kind} {self.cell}.{self.port}[{self.bit}]{by}{wire}{idle}"


class MutatedCircuit:
    """The core of a :class:`sim.trial.Trial` with ``count`` mutants in it, chosen by ``seed``.

    Raises
    ------
    sim.verilate.SimulationError
        If a tool is missing or fails, or if the core is wrong without any mutant.
    """

    def __init__(self, *, count: int, seed: int):
        self._trial = Trial.made(drawn=DRAWN)
        mutants: list[Mutant] = []

        def edit(netlist: str) -> str:
            mutated, mutants[:] = _mutate(netlist, count, seed)
            return mutated

        with tempfile.TemporaryDirectory() as folder:
            cells = Path(folder) / "mutant_selector.sv"
            cells.write_text(SELECTOR)
            self._model = self._trial.build(cells=[cells], edit=edit)
        self.mutants = tuple(mutants)
        if by := self._run(0):
            raise verilate.SimulationError(f"the circuit itself is wrong: {by}")

    def _run(self, number: int) -> str:
        return found(circuit_checks(self._trial, self._model, **{SELECT: number}))

    def results(self) -> Iterator[tuple[Mutant, str]]:
        """Every mutant in turn, and what showed it; empty if nothing did."""
        for mutant in self.mutants:
            yield mutant, self._run(mutant.number)


def _mutate(netlist: str, count: int, seed: int) -> tuple[str, list[Mutant]]:
    """A netlist in RTLIL with ``count`` mutants that :data:`SELECTOR` chooses from."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "core.il").write_text(netlist)
        _yosys(
            work,
            "read_rtlil core.il; hierarchy -top core; proc; flatten; opt -full; wreduce; "
            "opt_clean; write_rtlil flat.il; "
            f"mutate -list {count} -seed {seed} -ctrl {SELECT} {SELECT_BITS} 1 "
            "-o mutants.txt t:* t:$meminit* %d",  # what memories begin with must stay constant
        )
        lines = (work / "mutants.txt").read_text().splitlines()
        ones = _ones((work / "flat.il").read_text())
        lines = [line for line in lines if not _starts_at_one(line, ones)]
        script = ["read_rtlil flat.il", *lines, "opt_clean", "write_rtlil mutated.il"]
        # Bit by bit, what nothing reads and what a constant holds is seen to be of no effect.
        script += ["simplemap t:*dff* t:$mux", "opt_expr", "opt_clean", "write_rtlil seen.il"]
        (work / "apply.ys").write_text("\n".join(script))
        _yosys(work, "script apply.ys")
        text = (work / "mutated.il").read_text()
        seen = (work / "seen.il").read_text()
    # The choice is no port of the core: its bench has the ports of any core.
    text = re.sub(rf"(wire width {SELECT_BITS}) input \d+ (\\{SELECT})\b", r"\1 \2", text)
    end = text.rindex("end\n")
    cell = f"  cell \\mutant_selector \\selector\n    connect \\number \\{SELECT}\n  end\n"
    return text[:end] + cell + text[end:], [_parse(line, seen, text) for line in lines]


def _ones(netlist: str) -> dict[str, int]:
    """What registers start with that do not start with zeros, by wire."""
    found = re.findall(
        r"^  attribute \\init \d+'([01x]+)\n(?:  attribute .*\n)*  wire .*?\\?(\S+)$", netlist, re.M
    )
    return {wire: int(bits.replace("x", "0"), 2) for bits, wire in found}


def _starts_at_one(line: str, ones: dict[str, int]) -> bool:
    """Whether a mutant is of the output of such a register: yosys leaves the initial value on the
    wire behind the mutant, and the register would start with 0 whether it is chosen or not."""
    options = dict(pairwise(line.split()))
    wire, bit = options.get("-wire", "").lstrip("\\"), int(options.get("-wirebit", 0))
    return options["-port"] == "Q" and bool(ones.get(wire, 0) >> bit & 1)


def _parse(line: str, seen: str, netlist: str) -> Mutant:
    """A mutant from ``mutate``'s command for it, the netlist of those that have an effect, and that
    of all."""
    words = line.split()
    options = dict(pairwise(words))
    number = int(words[words.index("-ctrl") + 3])
    cell = options["-cell"]
    found = re.search(rf"^  cell (\S+) {re.escape(cell)}$", netlist, re.M)
    wire = options.get("-wire", "").lstrip("\\")
    return Mutant(
        number=number,
        mode=options["-mode"],
        kind=found[1].lstrip("\\") if found else "?",
        cell=cell.lstrip("\\"),
        port=options["-port"].lstrip("\\"),
        bit=int(options["-portbit"]),
        control=int(options["-ctrlbit"]) if "-ctrlbit" in options else None,
        wire=f"{wire}[{options['-wirebit']}]" if wire else "",
        idle=f"{SELECT_BITS}'{number:0{SELECT_BITS}b}" not in seen,
    )


def _yosys(work: Path, script: str) -> None:
    command = [sys.executable, "-c", verilate.YOSYS, "-q", "-p", script]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise verilate.SimulationError(f"yosys failed: {done.stderr.strip().splitlines()[-1]}")

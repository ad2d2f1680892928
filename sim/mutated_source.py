"""One place of the reference's or the plan's source is changed at a time: is it found?

A place is an integer (one more, one less), a comparison, an operator or a condition (another one),
in a line that the trial runs. Whatever only refuses bad input is left out. Each mutant is a process
of its own, in which all modules of this project are imported anew, one of them changed.
"""

import ast
import importlib.abc
import importlib.util
import itertools
import multiprocessing
import random
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim.compare import run_onnxruntime
from sim.planned import said
from sim.trial import CORES, Trial
from sim.verilate import ROOT
from spec import artifact

REFERENCE = ("spec.arith", "spec.network", "spec.parse", "spec.quantized", "spec.reference")
PLAN = (
    *("plan.array_timing", "plan.capacities", "plan.contents", "plan.engine", "plan.instruction"),
    *("plan.latency", "plan.memories", "plan.memory_map", "plan.planner", "plan.program"),
    *("plan.room", "plan.schedule", "plan.search", "plan.settings", "plan.starved"),
    *("plan.steps", "plan.timing", "plan.window", "plan.words"),
)
"""Whatever says what the circuit does, when, and with how much room; what that costs on a device is
another matter."""
ROOMS = ("spec", "plan", "hw", "sim")
SECONDS = 10
MEMORY = 4 << 30
"""What a mutant may take of a processor and of memory; found if it wants more."""
TRACED_SECONDS = 120
"""What the right source may take while its lines are noted."""

SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class SourceError(Exception):
    """Something is wrong without any mutant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A changed place: the ``index``-th of a module."""

    module: str
    line: int
    index: int
    text: str

    @property
    def part(self) -> str:
        return self.module

    def __str__(self) -> str:
        line = _source(self.module).read_text().splitlines()[self.line - 1]
        return f"{self.module}:{self.line} {self.text} | {line.strip()}"


class _Places(ast.NodeTransformer):
    """Counts the places of a module, and changes the one whose number is ``chosen``."""

    def __init__(self, chosen: int = -1):
        self._chosen = chosen
        self.found: list[tuple[int, str]] = []

    def _here(self, node: ast.expr, text: str) -> bool:
        self.found.append((node.lineno, text))
        return len(self.found) - 1 == self._chosen

    def visit_Raise(self, node):
        return node

    visit_Assert = visit_JoinedStr = visit_Raise

    def visit_If(self, node):
        if all(isinstance(one, ast.Raise) for one in node.body):
            node.orelse = [self.visit(one) for one in node.orelse]
            return node
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.body = [self.visit(one) for one in node.body]
        return node

    visit_ClassDef = visit_FunctionDef

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            others = [not node.value]
        elif isinstance(node.value, int):
            others = [node.value + 1, node.value - 1]
        else:
            return node
        made = node
        for other in others:
            if self._here(node, f"{node.value} → {other}"):
                made = ast.copy_location(ast.Constant(other), node)
        return made

    def _swap(self, node, operator):
        other = SWAPS[type(operator)]
        text = f"{type(operator).__name__} → {other.__name__}"
        return other() if self._here(node, text) else operator

    def visit_BinOp(self, node):
        if type(node.op) in SWAPS:
            node.op = self._swap(node, node.op)
        return self.generic_visit(node)

    visit_BoolOp = visit_BinOp

    def visit_Compare(self, node):
        node.ops = [self._swap(node, one) for one in node.ops]
        return self.generic_visit(node)

    def visit_UnaryOp(self, node):
        signed = isinstance(node.op, ast.Not | ast.USub)
        if signed and self._here(node, f"without the sign of {ast.unparse(node)}"):
            return self.visit(node.operand)
        return self.generic_visit(node)


def _source(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _places(module: str) -> list[Mutant]:
    places = _Places()
    places.visit(ast.parse(_source(module).read_text()))
    return [
        Mutant(module=module, line=line, index=index, text=text)
        for index, (line, text) in enumerate(places.found)
    ]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a mutant in the place of its module."""

    def __init__(self, mutant: Mutant):
        self._mutant = mutant

    def find_spec(self, name, path, target=None):
        if name == self._mutant.module:
            return importlib.util.spec_from_loader(name, self, origin=str(_source(name)))
        return None

    def exec_module(self, module):
        tree = ast.parse(_source(self._mutant.module).read_text())
        tree = ast.fix_missing_locations(_Places(self._mutant.index).visit(tree))
        module.__file__ = str(_source(self._mutant.module))
        exec(compile(tree, module.__file__, "exec"), module.__dict__)


def _anew(mutant: Mutant | None) -> None:
    """Forget all modules of this project; those that are imported next are changed."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in ROOMS and name != __name__:
            del sys.modules[name]
    if mutant:
        sys.meta_path.insert(0, _Finder(mutant))


class MutatedReference:
    """The NumPy reference, and what reads a network for it, against ONNX Runtime.

    Its rounding is also compared with that of exact fractions.
    """

    modules = REFERENCE

    def __init__(self, folder: Path):
        trial = Trial.made()
        self._cases = []
        for number, (network, images) in enumerate(zip(trial.networks, trial.images, strict=True)):
            path = folder / f"{number}.onnx"
            artifact.save(network, path)
            for image in images:
                tensors = run_onnxruntime(path, network, image)
                self._cases.append((path, image, tensors))

    def check(self) -> str:
        from spec import arith, artifact, reference  # those that were imported anew

        # What no network meets: both ends, and all that lies beside the middle of two integers.
        middles = np.arange(-(2**24), 2**24, 2**15)[1:-1]
        one = np.ones(1, np.int64)
        for beside, relu in itertools.product((-1, 0, 1), (True, False)):
            low, high = (0, 255) if relu else (-128, 127)
            exact = [round(Fraction(int(middle) + beside, 2**16)) for middle in middles]
            exact = [max(low, min(high, value)) for value in exact]
            if arith.requantize(middles + beside, one, relu).tolist() != exact:
                return "rounding"
        for path, image, expected in self._cases:
            tensors = reference.run(artifact.load(path), image)
            if [*tensors] != [*expected]:
                return "names of tensors"
            for name, values in expected.items():
                same = tensors[name].shape == values.shape and tensors[name].dtype == values.dtype
                if not same or not np.array_equal(tensors[name], values):
                    return f"values of {name}"
        return ""


class MutatedPlan:
    """The plan against circuits that were made of the right one, and can be loaded.

    They are of one pixel a cycle, and of two. What the right plan says of engines of every kind
    (:mod:`sim.planned`) is recorded: a longer program may compute the same.
    """

    modules = PLAN

    def __init__(self, folder: Path):
        del folder
        self._said = said()
        self._circuits = []
        for engine, names in CORES.items():
            trial = Trial.made(engine=engine, names=names)
            self._circuits.append((engine, names, asdict(trial.capacities), trial.build()))

    def check(self) -> str:
        from plan.capacities import Capacities  # those that were imported anew
        from sim import planned, trial

        now = planned.said()
        for what, numbers in self._said.items():
            if now[what] != numbers:
                return f"numbers of {what}"
        for engine, names, sizes, model in self._circuits:
            made = trial.Trial.made(Capacities(**sizes), engine=engine, names=names)
            order = tuple(range(len(made.plans)))
            for stalls in trial.PLAN_STALLS:
                try:
                    made.check(model, order, stalls, begins=None)
                except trial.Wrong as wrong:
                    return str(wrong)
        return ""


def _in_process(work: Callable[[], str], seconds: int = SECONDS) -> str:
    """What ``work`` returns in a process of its own, or how that ended."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def body():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        try:
            said = work()
        except BaseException as error:  # whatever a wrong program may raise
            said = f"{type(error).__name__}: {error}".splitlines()[0]
        theirs.send(said)

    process = context.Process(target=body)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return "no end, or no memory"
    finally:
        process.kill()
        process.join()
        ours.close()


def _lines_run(check: Callable[[], str], modules: tuple[str, ...]) -> str:
    """``module:line`` of every line that ``check`` runs, in one text."""
    files = {str(_source(module)): module for module in modules}
    run = set()

    def local(frame, event, argument):
        run.add((files[frame.f_code.co_filename], frame.f_lineno))
        return local

    def trace(frame, event, argument):
        return local(frame, event, argument) if frame.f_code.co_filename in files else None

    _anew(None)
    sys.settrace(trace)
    try:
        by = check()
    finally:
        sys.settrace(None)
    if by:
        raise SourceError(f"wrong without any mutant: {by}")
    return "\n".join(f"{module}:{line}" for module, line in sorted(run))


def _mutant_check(mutant: Mutant, check: Callable[[], str]) -> str:
    _anew(mutant)
    return check()


class MutatedSource:
    """``count`` mutants of the modules of a subject, chosen by ``seed``.

    Raises
    ------
    SourceError
        If something is wrong without any mutant.
    """

    def __init__(
        self,
        subject: type[MutatedReference] | type[MutatedPlan],
        folder: Path,
        *,
        count: int,
        seed: int,
    ):
        self._check = subject(folder).check
        said = _in_process(lambda: _lines_run(self._check, subject.modules), TRACED_SECONDS)
        run = set(said.splitlines())
        if not any(":" in line and line.split(":")[0] in subject.modules for line in run):
            raise SourceError(said)
        places = [place for module in subject.modules for place in _places(module)]
        places = [place for place in places if f"{place.module}:{place.line}" in run]
        chosen = random.Random(seed).sample(places, min(count, len(places)))
        self.mutants = tuple(sorted(chosen, key=lambda one: (one.module, one.index)))

    def results(self) -> Iterator[tuple[Mutant, str]]:
        """Every mutant in turn, and what showed it; empty if nothing did."""
        for mutant in self.mutants:
            yield mutant, _in_process(lambda mutant=mutant: _mutant_check(mutant, self._check))

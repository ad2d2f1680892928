"""The table of commands: what is typed, the function behind it, and what it is for."""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, which is also ``python -m`` something.

    Parameters
    ----------
    module
        Its ``main(argv)`` is called; imported only then.
    help
        What it is for, in a line.
    words
        Put before what the user typed.
    extra
        The optional dependencies it takes, for the message that one is missing.
    """

    module: str
    help: str
    words: tuple[str, ...] = ()
    extra: str = ""

    def main(self, argv: list[str]) -> int:
        """Run it; returns an exit code.

        Raises
        ------
        ModuleNotFoundError
            If a package is not installed.
        """
        return import_module(self.module).main([*self.words, *argv])


def _host(name: str, help: str) -> dict[str, Command]:
    return {name: Command(module="host.command", help=help, words=(name,), extra="host")}


GROUPS: dict[str, dict[str, Command]] = {
    "learn": {
        "train": Command(
            module="model.train",
            help="photographs in class folders → a float network",
            extra="train",
        ),
        "report": Command(
            module="model.report", help="a run as a page of figures and tables", extra="train"
        ),
        "teacher": Command(
            module="model.head", help="a teacher from an ONNX classifier", extra="train"
        ),
        "quantize": Command(
            module="quant.__main__",
            help="a float network → the integers of the circuit",
            extra="train",
        ),
        "evaluate": Command(
            module="quant.evaluate", help="how good a quantized network is", extra="train"
        ),
        "explore": Command(
            module="explore.__main__", help="which network for which board", extra="train"
        ),
    },
    "build": {
        "plan": Command(
            module="hw.build",
            help="cycles, memories and what fits, before anything is built",
            words=("--plan-only",),
        ),
        "build": Command(module="hw.build", help="a bitstream"),
        "flash": Command(module="hw.flash", help="a bitstream into a board"),
    },
    "use": {
        **_host("ports", "this computer's serial ports"),
        **_host("identify", "what a board is, and what it has counted"),
        **_host("classify", "photographs → classes, on a board or the simulated one"),
        **_host("watch", "classify what appears in a folder"),
        **_host("live", "what a board with a camera sees, as it sees it"),
        **_host("load", "a network into a running board"),
        **_host("bench", "how fast chip and link are"),
        **_host("selftest", "let a board test itself"),
        **_host("memtest", "let a board test its SDRAM"),
    },
    "prove": {
        "sim": Command(
            module="sim.command",
            help="photographs through the simulated circuit, every value compared",
            extra="sim",
        ),
    },
}
COMMANDS: dict[str, Command] = {
    name: command for group in GROUPS.values() for name, command in group.items()
}

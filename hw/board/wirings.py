"""Where a camera hangs: the wirings of boards, and the pads that come of them.

A camera's module has two rows of pins, as the boards' headers have: of each pair of pins ``p`` and
``n``, one is in each row. A flat cable turns the rows round.
"""

from dataclasses import dataclass

from amaranth.build import Attrs, Pins, Resource, Subsignal
from amaranth.hdl import Const, Module
from amaranth.lib import io

SIGNALS = {
    "sioc": "o",
    "siod": "io",
    "href": "i",
    "vsync": "i",
    "pclk": "i",
    "xclk": "o",
    "pwdn": "o",
    "reset": "o",
    "data": "i",
}
"""A camera's wires, and which way they go."""

NAME = "camera"
TRIGGER = "trigger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Which pads of a board a camera's wires are, in pairs of a header.

    Parameters
    ----------
    header
        What the board calls it.
    pairs
        Pads ``p`` and ``n`` of each pair that is used, and the two wires on them; ``d0`` to ``d7``
        for the data.
    trigger
        The pad of the trigger pin, which no cable changes.
    """

    header: str
    pairs: tuple[tuple[str, str, str, str], ...]
    trigger: str

    def pads(self, *, turned: bool = False) -> dict[str, str]:
        """The pad of each wire; ``turned`` if a flat cable is between."""
        found = {}
        for p, n, first, second in self.pairs:
            found[first], found[second] = (n, p) if turned else (p, n)
        return found

    def resources(self, *, turned: bool = False) -> tuple[Resource, Resource]:
        """The camera's pads, and the trigger's."""
        pads = self.pads(turned=turned)
        data = " ".join(pads[f"d{bit}"] for bit in range(8))
        wires = {"data": data, **{name: pads[name] for name in SIGNALS if name != "data"}}
        parts = [
            Subsignal(
                name,
                Pins(wires[name], dir=way),
                Attrs(PULLMODE="UP" if name in ("sioc", "siod") else "NONE"),
            )
            for name, way in SIGNALS.items()
        ]
        common = Attrs(IO_TYPE="LVCMOS33", DRIVE="4", SLEWRATE="SLOW")
        return (
            Resource(NAME, 0, *parts, common),
            Resource(TRIGGER, 0, Pins(self.trigger, dir="o"), Attrs(PULLMODE="NONE"), common),
        )


def _ulx3s(header: str, *pairs: str) -> Wiring:
    """Pairs in the order of :data:`_ORDER`; gp27 is free beside either."""
    names = (pair.split() + wires.split() for pair, wires in zip(pairs, _ORDER, strict=True))
    return Wiring(header=header, pairs=tuple(map(tuple, names)), trigger="D13")


_ORDER = ("siod sioc", "href vsync", "pclk xclk", "pwdn reset", "d6 d7", "d4 d5", "d2 d3", "d0 d1")

ULX3S = {
    "j1": _ulx3s(
        "J1", "B11 C11", "A10 A11", "A9 B10", "B9 C10", "A6 B6", "A4 A5", "A2 B1", "C4 B4"
    ),
    "j2": _ulx3s(
        "J2", "U18 U17", "N17 P16", "N16 M17", "L16 L17", "C18 D17", "B15 C15", "B17 C17", "C16 D16"
    ),
}
"""The two that public projects use, on pairs 0 to 3 and 7 to 10 (J1), 14 to 17 and 21 to 24 (J2):
``emard/ulx3s``, ``doc/constraints/ulx3s_v20.lpf``."""


def connect_camera(m: Module, platform, wiring: Wiring, shell, *, turned: bool) -> None:
    """Pads between a shell and its camera: powered, not in reset, its wires as they are."""
    platform.add_resources(wiring.resources(turned=turned))
    port = platform.request(NAME, 0, dir="-")
    driven = shell.driven
    for name, way in SIGNALS.items():
        m.submodules[f"camera_{name}"] = pad = io.Buffer(way, getattr(port, name))
        if way == "i":
            m.d.comb += shell.wires[name].eq(pad.i)
        elif name == "siod":
            m.d.comb += [pad.o.eq(driven.siod), pad.oe.eq(driven.siod_driven)]
        else:
            level = {"pwdn": Const(0), "reset": Const(1)}.get(name)
            m.d.comb += pad.o.eq(driven[name] if level is None else level)
    m.submodules.trigger = trigger = io.Buffer("o", platform.request(TRIGGER, 0, dir="-"))
    m.d.comb += trigger.o.eq(shell.pin)

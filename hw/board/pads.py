"""What a board's pads are told beyond ``amaranth_boards``: pulls, and what else hangs on them."""

from copy import deepcopy

from amaranth.build import Resource
from amaranth.hdl import Module
from amaranth.lib import io

from hw.board.boards import Board


def prepare(platform, board: Board) -> None:
    """Add the board's own resources to its platform, and give its pads their pulls.

    The serial line idles high: where nothing drives the input, a pull-up keeps it from being low
    for ever, which is a break.
    """
    platform.add_resources((*board.uart, *board.held, *board.released))
    _replace(platform, _pulled(platform.lookup("uart", 0), "UP", "rx"))
    for name, number, mode in board.pulls:
        _replace(platform, _pulled(platform.lookup(name, number), mode))


def occupy(m: Module, platform, board: Board) -> None:
    """Keep the pads that something else on the board listens to, or drives, as it wants them."""
    for resource in board.held:
        port = platform.request(resource.name, resource.number, dir="-")
        m.submodules[resource.name] = pad = io.Buffer("o", port)
        m.d.comb += pad.o.eq(1)
    for resource in board.released:
        port = platform.request(resource.name, resource.number, dir="-")
        m.submodules[resource.name] = io.Buffer("i", port)


def _pulled(resource: Resource, mode: str, *path: str) -> Resource:
    """A copy of a resource with another pull on one of its pads."""
    resource = deepcopy(resource)
    pad = resource
    for name in path:
        pad = next(part for part in pad.ios if part.name == name)
    pad.attrs["PULLMODE"] = mode
    return resource


def _replace(platform, resource: Resource) -> None:
    platform.resources[resource.name, resource.number] = resource

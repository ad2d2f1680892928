"""From the words a core shows to tensors. Plain NumPy.

A step's words come in the order: output group → pixel in raster order; a word is ``columns``
bytes, one output channel each. Where a max-pool follows, the pixels written are the pooled ones.
With two pixels a cycle, those of even columns are one such sequence, those of odd columns another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plan.planner import Plan
from plan.steps import Step
from sim.runner import SimulationError
from spec.network import Fire, MaxPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Where a step's words belong: channels and rows of one tensor.

    ``groups`` output groups make ``channels`` channels; the last group's other bytes are padding.
    ``margin`` rows and columns of the tensor come before its first. With ``border``, it is the
    pixels of the tensor's margin from ``first_row`` on, in raster order.
    """

    tensor: str
    first_channel: int
    channels: int
    groups: int
    first_row: int
    rows: int
    width: int
    margin: int = 0
    border: bool = False

    def words(self, bank: int, banks: int) -> int:
        """Words in a bank, of so many that columns take turns in."""
        return self.groups * self.rows * len(range(bank, self.width, banks))


def computed(plan: Plan, step: Step) -> Block:
    """What a step computes, before any pooling: rows of its convolution's own tensor."""
    if step.fields["blank"]:
        blanks = [other for other in plan.program.steps if other.fields["blank"]]
        return Block(
            tensor=step.conv.name,
            first_channel=0,
            channels=step.conv.channels,
            groups=plan.engine.groups(step.conv.channels),
            first_row=sum(other.pixels for other in blanks[: blanks.index(step)]),
            rows=1,
            width=step.width,
            margin=plan.network.last.padding,
            border=True,
        )
    return Block(
        tensor=step.conv.name,
        first_channel=0,
        channels=step.conv.channels,
        groups=plan.engine.groups(step.conv.channels),
        first_row=step.first_row,
        rows=step.rows,
        width=step.conv.o.width,
        margin=plan.network.last.padding if step.conv.name == plan.network.last.name else 0,
    )


def written(plan: Plan, step: Step) -> Block | None:
    """What a step writes to the activation memory; None for the last convolution's steps."""
    conv = step.conv
    if conv.name == plan.network.last.name:
        return None
    tile = step.tile
    tensor, first_channel = conv.name, 0
    for index, layer in enumerate(plan.network.layers):
        if conv in layer.convs:
            if isinstance(layer, Fire) and conv != layer.squeeze:
                tensor = layer.name
                first_channel = layer.expand1x1_channels if conv == layer.expand3x3 else 0
            if tile.pool is not None:
                tensor = plan.network.layers[index + 1].name
    return Block(
        tensor=tensor,
        first_channel=first_channel,
        channels=conv.channels,
        groups=plan.engine.groups(conv.channels),
        first_row=tile.o_first,
        rows=tile.o_rows,
        width=(tile.pool or conv).o.width,
    )


Banks = Sequence[np.ndarray]
"""For each bank that columns take turns in its words, uint8, (words, columns)."""


def rebuild(plan: Plan, trace: Banks, write: Banks) -> dict[str, np.ndarray]:
    """Every tensor of a frame, in the order and form of :func:`spec.reference.run`, without sums.

    Parameters
    ----------
    plan
        The plan of the core.
    trace, write
        The words the core computed, and those it wrote, in one frame.

    Raises
    ------
    SimulationError
        If there are more or fewer words than the plan's steps make.
    """
    network = plan.network
    tensors = {name: np.zeros(shape.shape, np.uint8) for name, shape in network.tensors()}
    _fill(tensors, [computed(plan, step) for step in plan.program.steps], trace, "computed")
    _fill(
        tensors,
        [block for step in plan.program.steps if (block := written(plan, step))],
        write,
        "written",
    )
    for layer, above in zip(network.layers, network.layers[1:], strict=False):
        # Never in memory as a whole: its two parts are, and what the pool makes of it.
        if isinstance(layer, Fire) and isinstance(above, MaxPool):
            tensors[layer.name] = np.concatenate([tensors[c.name] for c in layer.convs[1:]])
    if not network.last.relu:
        tensors[network.last.name] = tensors[network.last.name].view(np.int8)
    return tensors


def _fill(tensors: dict, blocks: list[Block], banks: Banks, kind: str) -> None:
    for bank, words in enumerate(banks):
        expected = sum(block.words(bank, len(banks)) for block in blocks)
        if len(words) != expected:
            raise SimulationError(f"{expected} words must be {kind}, not {len(words)}")
    at = [0] * len(banks)
    for block in blocks:
        if not block.rows:
            continue  # the first rows of a tile may not complete a pooled one
        shape = (block.groups, block.rows, block.width, banks[0].shape[1])
        pixels = np.empty(shape, np.uint8)
        for bank, words in enumerate(banks):
            end = at[bank] + block.words(bank, len(banks))
            part = words[at[bank] : end]
            pixels[:, :, bank :: len(banks)] = part.reshape(*shape[:2], -1, shape[3])
            at[bank] = end
        channels = pixels.transpose(0, 3, 1, 2).reshape(-1, block.rows, block.width)
        last = block.first_channel + block.channels
        target = tensors[block.tensor][block.first_channel : last]
        if block.border:
            outside = np.ones(target.shape[1:], bool)
            outside[block.margin : -block.margin, block.margin : -block.margin] = False
            y, x = np.nonzero(outside)
            some = slice(block.first_row, block.first_row + block.width)
            target[:, y[some], x[some]] = channels[: block.channels, 0]
            continue
        top, left = block.first_row + block.margin, block.margin
        target[:, top : top + block.rows, left : left + block.width] = channels[: block.channels]

"""Quantized network + plan → memory contents."""

from dataclasses import dataclass

import numpy as np

from plan.capacities import Capacities
from plan.engine import Engine
from plan.instruction import Format
from plan.planner import Plan
from plan.schedule import PlanError
from plan.words import PAIR_BITS, PARAM, pack, pair
from spec.quantized import QuantizedConv, QuantizedNetwork


@dataclass(frozen=True)
class Contents:
    """What the memories of :data:`plan.memories.NETWORK` hold, an integer a word.

    ``stream`` is empty if nothing brings weights from outside; otherwise it has a row at least.
    """

    registers: list[int]
    program: list[int]
    params: list[int]
    weights: list[int]
    stream: list[int]


def contents(quantized: QuantizedNetwork, plan: Plan, capacities: Capacities) -> Contents:
    """The memory contents of a network's plan, for an engine with these capacities.

    Raises
    ------
    PlanError
        If the network needs more than there is.
    ValueError
        If the plan is of another network.
    """
    if quantized.network != plan.network:
        raise ValueError(f"the plan is of {plan.network.name}, not of {quantized.network.name}")
    if missing := capacities.shortages(plan.needs()):
        raise PlanError(f"{plan.network.name} needs {', '.join(missing)}")
    format = Format.of(plan.engine, capacities)
    outside: dict[str, list[int]] = {}
    inside: list[int] = []
    params: list[int] = []
    for conv in plan.network.convs:
        integers = quantized.convs[conv.name]
        if conv.name in plan.streamed:
            outside[conv.name] = stream_rows(weight_rows(integers, plan))
        else:
            inside += memory_rows(weight_rows(integers, plan))
        params += param_words(integers, plan.engine)
    steps = plan.program.steps
    streamed = [step.conv.name for step in steps if step.fields["streamed"]]
    stream = [row for name in streamed for row in outside[name]]
    return Contents(
        registers=[*plan.settings().values()],
        program=[format.encode(step.fields) for step in steps],
        params=params,
        weights=inside or [0],
        stream=stream or [0] * capacities.streamed,
    )


def memory_rows(weights: np.ndarray) -> list[int]:
    """Weight rows as the memory on the chip has them.

    Two columns share a :func:`plan.words.pair`, the even column's weight above.
    """
    pairs = pair(weights[:, 0::2], weights[:, 1::2])
    return [sum(both << PAIR_BITS * k for k, both in enumerate(row)) for row in pairs.tolist()]


def stream_rows(weights: np.ndarray) -> list[int]:
    """Weight rows as they come from outside: a signed byte a column, the first one lowest."""
    return [int.from_bytes(row.tobytes(), "little") for row in weights.astype(np.int8)]


def weight_rows(integers: QuantizedConv, plan: Plan) -> np.ndarray:
    """A convolution's weights, (rows, columns), in the order in which the array takes them.

    Output group → tap → input plane → row, the last array row first.
    """
    engine = plan.engine
    conv = integers.conv
    planes = plan.inputs[conv.name]
    weight = integers.weight.astype(np.int64)
    if conv == plan.network.first:
        # A patch's bytes are numbered by kernel row, kernel column, channel.
        weight = weight.transpose(0, 2, 3, 1).reshape(conv.channels, 1, -1)
    else:
        weight = weight.transpose(0, 2, 3, 1).reshape(conv.channels, conv.taps, -1)
    groups = engine.groups(conv.channels)
    padded = np.zeros((groups * engine.columns, weight.shape[1], weight.shape[2] + 1), np.int64)
    padded[: conv.channels, :, :-1] = weight
    rows = []
    for group in range(groups):
        columns = padded[group * engine.columns : (group + 1) * engine.columns]
        for tap in range(weight.shape[1]):
            for plane in planes:
                tile = columns[:, tap, list(plane)]  # columns × rows; index −1 is the zero column
                rows.append(tile.T[::-1])
    return np.concatenate(rows)


def param_words(integers: QuantizedConv, engine: Engine) -> list[int]:
    """Bias (low bits), multiplier and ReLU of each output channel, a group's last column first."""
    channels = integers.conv.channels
    words = []
    for group in range(engine.groups(channels)):
        for column in reversed(range(engine.columns)):
            channel = group * engine.columns + column
            if channel < channels:
                values = {
                    "bias": integers.bias[channel],
                    "multiplier": integers.multiplier[channel],
                    "relu": integers.conv.relu,
                }
                words.append(pack(PARAM, values))
            else:
                words.append(0)
    return words

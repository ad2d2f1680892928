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
    """What the memories of :data:`plan.memories.NETWORK` hold, an integer a word."""

    registers: list[int]
    program: list[int]
    params: list[int]
    weights: list[int]


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
    streamed = capacities.streamed
    if missing := capacities.shortages(plan.needs(streamed=streamed)):
        raise PlanError(f"{plan.network.name} needs {', '.join(missing)}")
    format = Format.of(plan.engine, capacities)
    weights: dict[str, list[int]] = {}
    params: list[int] = []
    for conv in plan.network.convs:
        integers = quantized.convs[conv.name]
        weights[conv.name] = weight_rows(integers, plan)
        params += param_words(integers, plan.engine)
    steps = plan.program.steps
    order = [step.conv for step in steps] if streamed else plan.network.convs
    # Where weights come from outside, nobody reads a step's place in the memory.
    told = [step.fields | ({"weights": 0} if streamed else {}) for step in steps]
    return Contents(
        registers=[*plan.settings(streamed=streamed).values()],
        program=[format.encode(fields) for fields in told],
        params=params,
        weights=[row for conv in order for row in weights[conv.name]],
    )


def weight_rows(integers: QuantizedConv, plan: Plan) -> list[int]:
    """A convolution's weight memory rows, in the order in which the array takes them.

    Output group → tap → input plane → row, the last array row first. Two columns share a
    :func:`plan.words.pair`, the even column's weight above.
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
                pairs = pair(tile[0::2], tile[1::2])
                for row in reversed(range(engine.rows)):
                    rows.append(
                        sum(int(both) << PAIR_BITS * k for k, both in enumerate(pairs[:, row]))
                    )
    return rows


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

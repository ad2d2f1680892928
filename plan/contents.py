"""Quantized network + plan → memory contents."""

from dataclasses import dataclass

import numpy as np

from plan.engine import Engine
from plan.planner import Plan
from spec.quantized import QuantizedConv, QuantizedNetwork


@dataclass(frozen=True)
class Contents:
    """Initial contents of the three read-only memories, an integer a word."""

    program: list[int]
    weights: list[int]
    params: list[int]


def contents(quantized: QuantizedNetwork, plan: Plan) -> Contents:
    """The memory contents of a network's plan.

    Raises
    ------
    ValueError
        If the plan is of another network.
    """
    if quantized.network != plan.network:
        raise ValueError(f"the plan is of {plan.network.name}, not of {quantized.network.name}")
    weights: list[int] = []
    params: list[int] = []
    for conv in plan.network.convs:
        integers = quantized.convs[conv.name]
        weights += weight_rows(integers, plan)
        params += param_words(integers, plan.engine)
    return Contents(plan.program.words, weights, params)


def weight_rows(integers: QuantizedConv, plan: Plan) -> list[int]:
    """A convolution's weight memory rows, in the order in which the array takes them.

    Output group → tap → input plane → row, the last array row first. Two columns share 18 bits:
    ``(a << 10) + b`` in two's complement, ``a`` the even column's weight.
    """
    engine = plan.engine
    conv = integers.conv
    planes = plan.inputs[conv.name]
    weight = integers.weight.astype(np.int64)
    if conv == plan.network.first:
        # A patch's bytes: kernel row, kernel column, channel.
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
                packed = ((tile[0::2] << 10) + tile[1::2]) & 0x3FFFF
                for row in reversed(range(engine.rows)):
                    rows.append(
                        sum(int(value) << (18 * pair) for pair, value in enumerate(packed[:, row]))
                    )
    return rows


def param_words(integers: QuantizedConv, engine: Engine) -> list[int]:
    """Bias (low bits), multiplier and ReLU of each output channel, a group's last column first."""
    bits = engine.accumulator_bits
    channels = integers.conv.channels
    words = []
    for group in range(engine.groups(channels)):
        for column in reversed(range(engine.columns)):
            channel = group * engine.columns + column
            if channel < channels:
                bias = int(integers.bias[channel]) & ((1 << bits) - 1)
                scale = int(integers.multiplier[channel])
                words.append(bias | scale << bits | integers.conv.relu << engine.param_bits - 1)
            else:
                words.append(0)
    return words

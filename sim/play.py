"""Play prepared values to a circuit without streams, one a cycle, and record what it answers."""

from collections.abc import Iterable, Mapping, Sequence

from cocotb.triggers import FallingEdge, RisingEdge


async def play(
    dut, inputs: Mapping[str, Sequence[int]], outputs: Iterable[str], *, after: int = 0
) -> dict[str, list[int]]:
    """Give each input its next value in each cycle; return each output's value in each cycle.

    All inputs have the same number of values; ``after`` more cycles follow with the last ones.
    Values are unsigned, as the port's bits. Call it right after a rising clock edge.
    """
    drivers = [getattr(dut, name) for name in inputs]
    recorded = {name: (getattr(dut, name), []) for name in outputs}
    shown = [None] * len(drivers)
    cycles = [*zip(*inputs.values(), strict=True)]
    for values in cycles + cycles[-1:] * after:
        for place, value in enumerate(values):
            if value != shown[place]:
                drivers[place].value = value
        shown = values
        await FallingEdge(dut.clk)
        for handle, record in recorded.values():
            record.append(int(handle.value))
        await RisingEdge(dut.clk)
    return {name: record for name, (_, record) in recorded.items()}

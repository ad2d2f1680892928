"""Drive and collect streams inside a cocotb bench, with random stalls, checking their rules.

    sent = [rng.getrandbits(8) for _ in range(1000)]
    driving = cocotb.start_soon(drive(dut, "i", sent, stall=0.3, rng=rng))
    got = await collect(dut, "o", len(sent), stall=0.5, rng=rng)

Payloads are unsigned integers, packed as Amaranth packs the shape: the first field lowest. Ports
without ``ready`` (``always_ready=True``) or ``valid`` (``always_valid=True``) work as well.

Inputs change right after a rising edge of ``dut.clk``, and all is sampled at the falling edge,
when the circuit has settled: right after a rising edge, Verilator shows what registers became,
other simulators what they were.
"""

from collections.abc import Callable, Iterable
from random import Random

from cocotb.triggers import FallingEdge, RisingEdge


async def drive(
    dut, port: str, payloads: Iterable[int], *, stall: float = 0.0, rng: Random | None = None
) -> None:
    """Offer payloads in order; before each, wait with probability ``stall`` (again and again).

    Returns right after the rising edge that took the last one, with ``valid`` low.
    """
    valid = _member(dut, port, "valid")
    ready = _member(dut, port, "ready")
    payload = getattr(dut, f"{port}__payload")
    for value in payloads:
        while stall and rng.random() < stall:
            await RisingEdge(dut.clk)
        if valid is not None:
            valid.value = 1
        payload.value = value
        taken = False
        while not taken:
            await FallingEdge(dut.clk)
            taken = ready is None or bool(int(ready.value))
            await RisingEdge(dut.clk)
        if valid is not None:
            valid.value = 0


async def collect(
    dut,
    port: str,
    count: int,
    *,
    stall: float = 0.0,
    rng: Random | None = None,
    each: Callable[[int], None] | None = None,
) -> list[int]:
    """Take ``count`` payloads; in each cycle ``ready`` is low with probability ``stall``.

    Returns right after the rising edge that took the last one, with ``ready`` low. ``each`` is
    called with every payload as it is taken.

    Raises
    ------
    AssertionError
        If ``valid`` is withdrawn, or the payload changes, before it was taken.
    """
    valid = _member(dut, port, "valid")
    ready = _member(dut, port, "ready")
    payload = getattr(dut, f"{port}__payload")
    taken = []
    waiting = None
    while len(taken) < count:
        takes = not (stall and rng.random() < stall)
        if ready is not None:
            ready.value = int(takes)
        await FallingEdge(dut.clk)
        offered = valid is None or bool(int(valid.value))
        if waiting is not None:
            assert offered, f"{port}: valid withdrawn before payload {waiting:#x} was taken"
        if offered:
            value = int(payload.value)
            assert waiting in (None, value), f"{port}: {waiting:#x} became {value:#x} while waiting"
            waiting = None if takes or ready is None else value
            if waiting is None:
                taken.append(value)
                if each is not None:
                    each(value)
        await RisingEdge(dut.clk)
    if ready is not None:
        ready.value = 0
    return taken


def _member(dut, port: str, member: str):
    """The variable of a stream's ``valid`` or ``ready``, or None where it is constant."""
    return getattr(dut, f"{port}__{member}", None)

"""Capacities of a board's engine: what its first network needs, and what the device has besides."""

from collections.abc import Callable
from dataclasses import replace

from plan.capacities import Capacities
from plan.device import Device
from plan.engine import ENGINES, Engine
from plan.link import link_block_rams
from plan.memories import engine_block_rams
from plan.planner import Plan, plan
from plan.schedule import PlanError
from plan.sdram import capacity
from plan.search import plan_within
from spec.network import Network
from spec.squeezenet import published

SHARE = 0.95
"""Of the device's EBR, what is given away at most: the last ones cost speed."""

LARGER = (1.5, 1.4, 1.3, 1.2, 1.1, 1.0)
"""How much larger than the first one another network may be, without an SDRAM: as much as fits."""

_SCALED = ("classes", "steps", "activation_words", "weight_rows", "param_groups")
_CLASSES = 16
_STEPS = 512
"""Words of a program: as deep as the widest shape of a block RAM."""


def family() -> dict[str, Network]:
    """The networks that an engine with an SDRAM is to hold, by the name they are known by."""
    return {
        "SqueezeNet 1.1, 224×224, 1000 classes": published("1.1"),
        "SqueezeNet 1.0, 227×227, 1000 classes": published("1.0", image_size=227, last_padding=1),
    }


def grown(
    needs: Capacities, engine: Engine, device: Device, *, sdram: bool, spare: int = 0
) -> Capacities:
    """What an engine on a device can hold besides a network with these needs.

    With an SDRAM, room for them, and no engine smaller than the device's own, the :func:`family`;
    else networks of about the same size: an engine that is asked for because it is small stays so.
    So many EBR are left ``spare`` for what else is on the board.
    Where even the needs are more than the device has, they are what is left.
    """
    limit = int(SHARE * device.ebr) - spare
    wide = _widened(needs)
    wishes = [_scaled(wide, factor) for factor in LARGER]
    if sdram and engine.macs_per_cycle >= ENGINES[device.engine].macs_per_cycle:
        wishes.insert(0, _for_family(wide, engine, limit))
    for wish in wishes:
        if wish and design_ebr(engine, wish) <= limit:
            return _filled(wish, engine)
    return needs


def loaded(
    network: Network, first: Network, device: Device, engine: Engine, *, clock_hz: int
) -> Plan | None:
    """A network in the SDRAM of a board whose bitstream was made for ``first`` on an engine.

    None if it is too large even so, or the device has no room for the first.
    """
    room = grown(plan(first, engine).needs(), engine, device, sdram=True)
    if design_ebr(engine, room) > device.ebr:
        return None
    try:
        made = plan_within(network, engine, room, clock_hz=clock_hz)
    except PlanError:
        return None
    return None if room.shortages(made.needs()) else made


def design_ebr(engine: Engine, capacities: Capacities) -> int:
    """EBR of a whole design."""
    return sum(engine_block_rams(engine, capacities).values()) + sum(link_block_rams().values())


def _bits(value: int) -> int:
    """The largest number of as many bits."""
    return (1 << value.bit_length()) - 1


def _widened(needs: Capacities) -> Capacities:
    """What costs a bit of a counter at most."""
    return replace(
        needs,
        planes=1 << (needs.planes - 1).bit_length(),
        groups=1 << (needs.groups - 1).bit_length(),
        height=max(needs.height, needs.width),
        stride=max(3, _bits(needs.stride)),
        ring_rows=max(7, _bits(needs.ring_rows)),
        positions=_bits(needs.positions * 255) // 255,
    )


def _scaled(needs: Capacities, factor: float) -> Capacities:
    scaled = {name: int(factor * getattr(needs, name)) for name in _SCALED}
    return replace(needs, **scaled | {"classes": max(scaled["classes"], _CLASSES)})


def _for_family(needs: Capacities, engine: Engine, limit: int) -> Capacities | None:
    """Room for the family, its weights outside; the activation memory has what is left."""
    others = [plan(network, engine).needs() for network in family().values()]
    both = replace(
        Capacities.covering(needs, *map(_widened, others)),
        steps=max(_STEPS, needs.steps),
        weight_rows=needs.weight_rows,
        activation_words=needs.activation_words,
        stream_rows=capacity(engine.stream_bits),
    )
    if design_ebr(engine, both) > limit:
        return None
    return _most(both, "activation_words", lambda one: design_ebr(engine, one) <= limit)


def _filled(capacities: Capacities, engine: Engine) -> Capacities:
    """The same block RAMs, used to their ends."""
    ebr = design_ebr(engine, capacities)
    for name in (
        *("activation_words", "patch_words", "weight_rows", "param_groups", "pool_slots"),
        *("width", "steps"),
    ):
        capacities = _most(capacities, name, lambda one: design_ebr(engine, one) <= ebr)
    return replace(capacities, height=max(capacities.height, capacities.width))


def _most(capacities: Capacities, name: str, fits: Callable[[Capacities], bool]) -> Capacities:
    """One capacity as large as fits, where more of it takes more."""
    least, beyond = getattr(capacities, name), 1 << 20
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if fits(replace(capacities, **{name: middle})):
            least = middle
        else:
            beyond = middle
    return replace(capacities, **{name: least})

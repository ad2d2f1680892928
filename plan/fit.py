"""What fits on which device, before anything is built."""

from collections.abc import Iterator
from dataclasses import replace
from math import floor

from plan.device import Device
from plan.engine import ENGINES
from plan.link import link_block_rams
from plan.planner import Plan, plan
from plan.schedule import PlanError
from spec.network import FeatureMap, Network

IMAGE_STEP = 16
"""Image sizes that are tried are multiples of this."""


def needs(made: Plan, spare: int = 0) -> dict[str, int]:
    """EBR and multipliers of a whole design, with so many EBR for what else is on the board."""
    ebr = sum(made.block_rams.values()) + sum(link_block_rams().values()) + spare
    return {"EBR": ebr, "multipliers": made.multipliers}


def shortages(made: Plan, device: Device, spare: int = 0) -> list[str]:
    """What a design needs more of than the device has, as phrases; empty if it fits."""
    has = {"EBR": device.ebr, "multipliers": device.dsp}
    return [
        f"{count} {name} of {has[name]}"
        for name, count in needs(made, spare).items()
        if count > has[name]
    ]


def resized(network: Network, size: int) -> Network:
    """The same layers for square images of another size.

    Raises
    ------
    ValueError
        If a map vanishes.
    """
    below = FeatureMap(network.image.channels, size, size)
    image, layers = below, []
    for layer in network.layers:
        layers.append(replace(layer, i=below))
        below = layers[-1].o
    return Network(network.name, image, tuple(layers))


def fitting(network: Network, device: Device) -> Iterator[tuple[str, Plan]]:
    """For each engine whose multipliers the device has, the plan of the largest image that fits.

    The fastest engine first; images are square, no larger than the network's. Engines of two pixels
    a cycle are left to who asks for them: it takes a synthesis to know whether their LUTs fit.
    """
    sizes = range(network.image.width, 0, -IMAGE_STEP)
    if network.image.width % IMAGE_STEP:
        largest = IMAGE_STEP * floor(network.image.width / IMAGE_STEP)
        sizes = [network.image.width, *range(largest, 0, -IMAGE_STEP)]
    engines = sorted(ENGINES.items(), key=lambda item: -item[1].macs_per_cycle)
    for name, engine in engines:
        if engine.multipliers > device.dsp or engine.pixels > 1:
            continue
        for size in sizes:
            try:
                made = plan(resized(network, size), engine)
            except (PlanError, ValueError):
                continue
            if not shortages(made, device):
                yield name, made
                break

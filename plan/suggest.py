"""Which networks of the family a device holds, at a frame rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from plan.block_rams import SHAPES
from plan.device import Device
from plan.engine import ENGINES
from plan.fit import shortages
from plan.planner import Plan, plan
from plan.schedule import PlanError
from spec.network import Network
from spec.squeezenet import Metaparameters, squeezenet

SEARCHED = {
    "image_size": (224, 160, 128, 96, 64),
    "num_filters": (48, 32, 16),
    "base_e": (64, 48, 32, 16),
    "incr_e": (64, 32, 16, 0),
    "freq": (1, 2, 3),
    "squeeze_ratio": (0.75, 0.5, 0.25),
}
"""The values of each metaparameter that are tried, in every combination."""

EBR_WEIGHTS = max(depth * (width // 8) for depth, width in SHAPES)
"""Weights that a block RAM holds at most, a byte each."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A network that fits, and its plan."""

    parameters: Metaparameters
    plan: Plan

    @property
    def flags(self) -> str:
        """What ``model.train`` must be told to train it; what is its default is left out."""
        names = {"image_size": "image"}
        usual = Metaparameters()
        return " ".join(
            f"--{names.get(key, key).replace('_', '-')} {getattr(self.parameters, key)}"
            for key in SEARCHED
            if getattr(self.parameters, key) != getattr(usual, key)
        )


def _networks(classes: int) -> dict[Network, Metaparameters]:
    """Every network that is tried; where several metaparameters give it, the nearest to usual."""
    usual, found = Metaparameters(), {}
    for values in product(*SEARCHED.values()):
        parameters = Metaparameters(classes=classes, **dict(zip(SEARCHED, values, strict=True)))
        try:
            network = squeezenet(parameters)
        except ValueError:  # a fraction of a filter, or a map that vanishes
            continue
        changed = sum(getattr(parameters, key) != getattr(usual, key) for key in SEARCHED)
        if network not in found or changed < found[network][0]:
            found[network] = changed, parameters
    return {network: parameters for network, (_, parameters) in found.items()}


def suggestions(
    device: Device, clock_hz: float, frames: float, classes: int
) -> Iterator[Suggestion]:
    """Networks that fit a device with its own engine, those of most MACs first.

    More MACs of one family are more accuracy, as a rule of thumb; training tells.

    Parameters
    ----------
    device
        What there is.
    clock_hz
        Of the engine.
    frames
        How many a second the chip must compute, at least.
    classes
        Of the network.
    """
    engine = ENGINES[device.engine]
    cycles = clock_hz / frames if frames > 0 else float("inf")
    possible = [
        (parameters, network)
        for network, parameters in _networks(classes).items()
        if network.weights <= device.ebr * EBR_WEIGHTS
        and network.macs / engine.macs_per_cycle <= cycles
    ]
    for parameters, network in sorted(possible, key=lambda pair: -pair[1].macs):
        try:
            made = plan(network, engine)
        except PlanError:
            continue
        if made.cycles <= cycles and not shortages(made, device):
            yield Suggestion(parameters=parameters, plan=made)

"""A quantized network and its plan, as the network image that a board is loaded with."""

import struct

from plan.capacities import Capacities
from plan.contents import contents
from plan.engine import Engine
from plan.image import SHELL, Image, Memory
from plan.memories import fingerprint, memories
from plan.planner import Plan
from plan.settings import SETTINGS
from spec import reference, selftest
from spec.quantized import QuantizedNetwork
from spec.replies import NETWORK_WORDS, NetworkIdentity


def image_memories(engine: Engine, capacities: Capacities) -> dict[str, Memory]:
    """What an image fills, in its order: the shell's memory, then those of the core."""
    sizes = memories(engine, capacities).items()
    shell = Memory(number=0, bits=32, depth=NETWORK_WORDS + capacities.classes)
    return {SHELL: shell} | {
        name: Memory(number=number, bits=size.bits, depth=size.depth)
        for number, (name, size) in enumerate(sizes, 1)
    }


def selftest_sums(quantized: QuantizedNetwork) -> list[int]:
    """The class sums of :func:`spec.selftest.image`."""
    image = quantized.network.image
    picture = selftest.image(image.height, image.width)
    return reference.run(quantized, picture)["sums"].tolist()


def words_read(plan: Plan) -> dict[str, int]:
    """How many words of the memories the program of a plan reads, by name: from address 0 on."""
    weights = params = stream = 0
    for step in plan.program.steps:
        rows = step.passes * plan.engine.rows
        if step.fields["streamed"]:
            stream += rows
        else:
            weights = max(weights, step.fields["weights"] + rows)
        groups = step.fields["params"] + step.fields["groups_out_last"] + 1
        params = max(params, groups * plan.engine.columns)
    return {
        "registers": len(SETTINGS),
        "program": len(plan.program.steps),
        "params": params,
        "weights": weights,
        "stream": stream,
    }


def network_image(
    quantized: QuantizedNetwork, plan: Plan, capacities: Capacities, model: bytes
) -> Image:
    """The image of a network whose file has the digest ``model``.

    Raises
    ------
    plan.schedule.PlanError
        If the network needs more than the capacities.
    ValueError
        If the plan is of another network, or reads other words than there are: what an image does
        not fill is another network's.
    """
    held = contents(quantized, plan, capacities)
    for name, count in words_read(plan).items():
        found = len(getattr(held, name))
        if count and count != found:
            raise ValueError(f"{name}: {found} words, where the program reads {count}")
    identity = NetworkIdentity.of(quantized, cycles=plan.cycles, model=model)
    sums = selftest_sums(quantized)
    words = identity.pack_network() + struct.pack(f"<{len(sums)}i", *sums)
    shell = tuple(word for (word,) in struct.iter_unpack("<I", words))
    return Image(
        engine=fingerprint(plan.engine, capacities),
        contents={SHELL: shell}
        | {name: tuple(getattr(held, name)) for name in memories(plan.engine, capacities)},
    )

"""What an engine does in a frame, whatever the numbers: where plan, timing and circuit meet."""

from dataclasses import dataclass

from plan.engine import Engine
from plan.memory_map import Region
from plan.steps import Step
from plan.stream import Stream
from plan.window import WindowGeometry


@dataclass(frozen=True, kw_only=True)
class Program:
    """Steps on an engine, and the memories they use.

    Parameters
    ----------
    engine
        What follows the program.
    window
        How the first convolution's patches come about.
    steps
        The instructions, in order.
    regions
        Where each tensor of the activation memory lies, by its name.
    patch
        The patch memory.
    stream
        What brings the weights that are not on the chip; needed if a step is ``streamed``.
    """

    engine: Engine
    window: WindowGeometry
    steps: tuple[Step, ...]
    regions: dict[str, Region]
    patch: Region
    stream: Stream | None = None

    def __post_init__(self):
        if self.stream is None and any(step.fields["streamed"] for step in self.steps):
            raise ValueError("nothing brings the weights of the steps that are streamed")

    @property
    def activation_words(self) -> int:
        return max(region.base + region.words for region in self.regions.values())

    @property
    def pool_slots(self) -> int:
        """Partial maxima the pool's row buffers hold each: pooled columns × output groups."""
        return max(
            (
                step.fields["slot"]
                + self.engine.across(step.tile.pool.o.width) * (step.fields["groups_out_last"] + 1)
                for step in self.steps
                if step.tile.pool
            ),
            default=1,
        )

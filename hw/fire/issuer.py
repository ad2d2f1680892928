"""The issue side: waits for what steps need, and starts their passes."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.accumulator import Tag
from hw.fire.fetcher import Fetcher, write_layout
from hw.fire.passes import PassWalk
from hw.fire.pixels import PixelWalk
from hw.streams import delayed
from plan import latency
from plan.instruction import Format
from plan.schedule import QUEUE


class Issuer(wiring.Component):
    """Runs the program, over and over: one pixel address a cycle, no gap where nothing is missing.

    A pass starts when the pixel before it was the last of its own, when its weights are ready,
    and, if it is the first of a step, when at most ``wait`` steps are unfinished and the
    step's rows of patches are there. The pixel's address is at ``address`` a cycle after its pass
    started (plus its number in the pass), ``zero`` a cycle before its data is to be used, and
    ``tag`` when it is: what listens is all across the engine and has registers of its own.

    Parameters
    ----------
    format : Format
        Of the program's words.
    steps : int
        Words of the program memory.
    address_bits : int
        Of both memories.
    patch_rows : int
        Rows of the patch memory's ring.
    param_groups : int
        Output groups of the parameter memory.

    Members
    -------
    program_address : ``Out(range(steps))``
        The word of the program memory to read.
    program_word : ``In(format.bits)``
        It, ``latency.MEMORY_READ`` cycles later.
    start : ``Out(1)``
        A pass starts.
    weights_ready : ``In(1)``
        The next pass's weights will be in place.
    weights_jump, weights_known, weights_place, weights_streamed : ``Out``
        Where the next pass's weights are, for :mod:`hw.fire.rows`.
    params_load, params_group : ``Out``
        A group's last pass begins: fetch its parameters.
    step : ``Out(stream)``
        The write side's half of a step, when the step starts; always ready.
    retire : ``In(1)``
        The oldest unfinished step has written its last word.
    row_done : ``In(1)``
        A row of patches is complete.
    free : ``Out(range(patch_rows + 1))``
        Rows of patches that will not be read again, in the cycle in which that is known.
    waiting : ``Out(1)``
        Nothing is issued because rows of patches are missing.
    idle : ``Out(1)``
        No step is unfinished, and the next frame's first one could start.
    address, address_even : ``Out(address_bits)``
        A pixel's word; with two at a time, that of the bank of odd columns, and that of the other.
    patch : ``Out(1)``
        The data read in the next cycle comes from the patch memory.
    zero : ``Out(1)``, or ``Out(2)``, a bit a pixel
        The data read in the next cycle is padding.
    aside : ``Out(1)``
        With two pixels at a time: of the data read in the next cycle, what the bank of odd columns
        has is the first pixel's.
    swap : ``Out(1)``
        The data at the array's input is a pass's first.
    tag : ``Out(Tag)``
        The tag of the data at the array's input.
    """

    def __init__(
        self,
        *,
        format: Format,
        steps: int,
        address_bits: int,
        patch_rows: int,
        param_groups: int,
    ):
        if min(steps, address_bits, patch_rows, param_groups) < 1:
            raise ValueError(
                "steps, address_bits, patch_rows and param_groups must be at least 1, not "
                f"{steps}, {address_bits}, {patch_rows} and {param_groups}"
            )
        self._format = format
        self._steps = steps
        self._sizes = {"address_bits": address_bits, "param_groups": param_groups}
        pairs = {"address_even": Out(address_bits), "aside": Out(1)} if format.pairs else {}
        super().__init__(
            {
                "program_address": Out(range(steps)),
                "program_word": In(format.bits),
                "start": Out(1),
                "weights_ready": In(1),
                "weights_jump": Out(1),
                "weights_known": Out(1),
                "weights_place": Out(format.widths["weights"]),
                "weights_streamed": Out(1),
                "params_load": Out(1),
                "params_group": Out(range(param_groups)),
                "step": Out(stream.Signature(write_layout(format), always_ready=True)),
                "retire": In(1),
                "row_done": In(1),
                "free": Out(range(patch_rows + 1)),
                "waiting": Out(1),
                "idle": Out(1),
                "address": Out(address_bits),
                "patch": Out(1),
                "zero": Out(1 + format.pairs),
                "swap": Out(1),
                "tag": Out(Tag),
                **pairs,
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fetcher = fetcher = Fetcher(format=self._format, depth=self._steps)
        m.submodules.passes = passes = PassWalk(format=self._format, **self._sizes)
        m.submodules.pixels = pixels = PixelWalk(format=self._format, **self._sizes)
        start, begin_step = self.start, Signal()
        # A step that has begun is held a cycle longer: its start comes late, and from afar.
        begun = Signal()
        known, next_step = fetcher.known & ~begun, fetcher.issue
        step, now_is = passes.step, passes.now_is
        m.d.comb += [
            self.program_address.eq(fetcher.address),
            fetcher.word.eq(self.program_word),
            fetcher.next.eq(begun),
            passes.next_step.eq(next_step),
            passes.start.eq(start),
            passes.turn.eq(pixels.turn),
            pixels.start.eq(start),
            *(
                getattr(pixels, name).eq(getattr(passes, name))
                for name in ("step", "coming_step", "now", "coming")
            ),
        ]

        # What the next pass waits for. All of it is monotonous while it waits.
        unfinished = Signal(range(QUEUE + 1))
        rows = Signal(signed(len(self.free) + 1))
        enough = Signal()
        m.d.sync += [
            unfinished.eq(unfinished + begun - self.retire),
            begun.eq(begin_step),
            rows.eq(rows + self.row_done - Mux(begun, next_step.patch_rows, 0)),
        ]
        m.d.comb += enough.eq(rows >= next_step.patch_rows)
        may_start = Signal()
        ready = self.weights_ready & ~start
        m.d.sync += [
            may_start.eq(
                ready & (~now_is.final | (known & (unfinished <= next_step.wait) & enough))
            ),
            self.idle.eq(ready & now_is.final & known & (unfinished == 0)),
        ]
        m.d.comb += [
            self.weights_jump.eq(now_is.final),
            self.weights_known.eq(~now_is.final | known),
            self.weights_place.eq(next_step.weights),
            self.weights_streamed.eq(passes.coming_step.streamed),
            start.eq(may_start & pixels.turn),
            begin_step.eq(start & now_is.final),
            self.waiting.eq(~pixels.active & now_is.final & known & ~enough),
        ]
        m.d.sync += [
            self.params_load.eq(start & passes.coming_is.last),
            self.params_group.eq(passes.coming.param),
            self.step.valid.eq(begin_step),
            self.step.payload.eq(fetcher.write),
            self.free.eq(Mux(pixels.active & pixels.end & now_is.final, step.patch_rows, 0)),
        ]

        # The address, and what goes with the data that it reads.
        opening = Signal()
        m.d.sync += opening.eq(start)
        with_data, of_data = Cat(pixels.padding, step.patch), Cat(self.zero, self.patch)
        if self._format.pairs:
            with_data, of_data = Cat(with_data, pixels.aside), Cat(of_data, self.aside)
            m.d.comb += self.address_even.eq(pixels.address_even)
        with_pixel = Signal(data.StructLayout({"tag": Tag, "swap": 1}))
        m.d.comb += [
            self.address.eq(pixels.address),
            with_pixel.swap.eq(opening),
            with_pixel.tag.valid.eq(pixels.active),
            with_pixel.tag.first.eq(now_is.first),
            with_pixel.tag.last.eq(now_is.last),
            with_pixel.tag.end.eq(pixels.end),
            with_pixel.tag.open.eq(opening & now_is.last),
        ]
        m.d.comb += of_data.eq(delayed(m, with_data, latency.MEMORY_READ, "with_data"))
        m.d.comb += Cat(self.tag, self.swap).eq(
            delayed(m, with_pixel, latency.MEMORY_READ + 2, "with_pixel")
        )
        return m

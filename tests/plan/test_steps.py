"""The program, executed on memories of labels: what a step reads is what it must."""

from collections import Counter, defaultdict

import numpy as np

from plan.planner import Plan
from plan.schedule import QUEUE
from sim.walk import beats, passes
from spec.network import MaxPool

NOTHING = -1


def label(tensor: int, channel, row, x):
    """A number for one value of one tensor."""
    return ((tensor * 4096 + channel) * 1024 + row) * 1024 + x


class Memories:
    """The activation memory with, for each byte, whose value it holds and which step wrote it."""

    def __init__(self, made: Plan):
        self.made = made
        shape = (made.engine.pixels * made.program.activation_words, made.engine.rows)
        self.labels = np.full(shape, NOTHING, np.int64)
        self.writers = np.full(shape, NOTHING)
        names = [name for name, _ in made.network.tensors()]
        self.numbers = {name: number for number, name in enumerate(names)}
        # What a convolution reads, and where in which tensor its results go in the end.
        self.sources, self.targets = {}, {}
        below = None
        for layer, above in zip(made.network.layers, [*made.network.layers[1:], None], strict=True):
            pooled = isinstance(above, MaxPool)
            for place, conv in enumerate(layer.convs):
                fire = len(layer.convs) > 1
                self.sources[conv.name] = layer.squeeze.name if fire and place else below
                wide = not fire or place > 0
                name = above.name if pooled and wide else layer.name if wide else conv.name
                self.targets[conv.name] = (name, layer.expand1x1_channels if place == 2 else 0)
            below = layer.name

    def read(self, index: int) -> None:
        """Every byte a step reads is the one it must be, and its writer has retired."""
        made, step = self.made, self.made.program.steps[index]
        conv = step.conv
        words = made.inputs[conv.name]
        tensor = self.numbers[self.sources[conv.name]]
        halo = 1 if conv.kernel == 3 else 0
        y, x = np.divmod(np.arange(step.pixels), conv.o.width)
        for one in passes(step, made.engine):
            if one.group:
                break  # the same again
            used = np.array([channel != NOTHING for channel in words[one.plane]])
            channels = np.array(words[one.plane])[used]
            down, right = divmod(one.tap, 3)
            inside = np.array([address is not None for address in one.addresses])
            rows = step.first_row + y[inside] + down - halo
            columns = x[inside] + right - halo
            at = np.array([address for address in one.addresses if address is not None], int)
            want = label(tensor, channels[None], rows[:, None], columns[:, None])
            assert (self.labels[at][:, used] == want).all(), f"step {index} reads something else"
            newest = self.writers[at][:, used].max(initial=NOTHING)
            assert newest <= index - 1 - step.fields["wait"], f"step {index} reads too early"
            outside = ~inside
            assert (
                (y[outside] + down - halo + step.first_row < 0)
                | (y[outside] + down - halo + step.first_row >= conv.i.height)
                | (x[outside] + right - halo < 0)
                | (x[outside] + right - halo >= conv.i.width)
            ).all()

    def write(self, index: int, rows_before: int) -> int:
        """What a step writes; returns how many rows of its target are then complete."""
        made, step = self.made, self.made.program.steps[index]
        engine = made.engine
        name, first_channel = self.targets[step.conv.name]
        width = (step.tile.pool or step.conv).o.width
        counts = Counter()
        for beat in beats(step, engine):
            if beat.address is None:
                continue
            row, x = divmod(counts[beat.group], width)
            counts[beat.group] += 1
            low = beat.lane * engine.columns
            for column in range(engine.columns):
                channel = beat.group * engine.columns + column
                value = NOTHING
                if channel < step.conv.channels:
                    value = label(self.numbers[name], first_channel + channel, rows_before + row, x)
                self.labels[beat.address, low + column] = value
                self.writers[beat.address, low + column] = index
        assert len(set(counts.values())) <= 1
        return rows_before + next(iter(counts.values()), 0) // width


def test_every_step_reads_what_it_must_and_waits_for_it(made):
    memories = Memories(made)
    rows = Counter()
    for index, step in enumerate(made.program.steps):
        if not step.fields["patch"]:
            memories.read(index)
        if not step.fields["final"]:
            rows[step.conv.name] = memories.write(index, rows[step.conv.name])
    for conv in made.network.convs[:-1]:
        name, _ = memories.targets[conv.name]
        assert rows[conv.name] == dict(made.network.tensors())[name].height


def test_tiles_cover_each_convolution_once_and_fit_the_accumulators(made):
    covered = defaultdict(list)
    for step in made.program.steps:
        f = step.fields
        assert step.cycles == f["pixels_last"] + 1 == step.rows * (f["x_last"] + 1)
        assert step.pixels == step.rows * (
            made.engine.pixels * (f["x_last"] + 1) - f.get("x_odd", 0)
        )
        assert step.rows == f["rows_last"] + 1
        assert step.cycles <= made.engine.tile_pixels
        assert f["top"] == (step.first_row == 0)
        assert f["bottom"] == (step.first_row + step.rows == step.conv.o.height)
        assert f["y_odd"] == step.first_row % 2
        covered[step.conv.name] += range(step.first_row, step.first_row + step.rows)
    for conv in made.network.convs:
        assert covered[conv.name] == [*range(conv.o.height)]


def test_the_program_ends_with_the_class_sums(made):
    *before, last = made.program.steps
    finals = [step for step in made.program.steps if step.fields["final"]]
    assert [step.conv for step in finals] == [made.network.last] * len(finals)
    assert [step.fields["fresh"] for step in finals] == [1] + [0] * (len(finals) - 1)
    assert last.fields["frame_last"] and last.fields["final"]
    assert not any(step.fields["frame_last"] for step in before)
    assert len(finals) == sum(step.conv == made.network.last for step in made.program.steps)
    assert all(0 <= step.fields["wait"] < QUEUE for step in made.program.steps)
    assert made.program.steps[0].fields["wait"] == 0


def test_patches_are_taken_in_order_from_a_ring_that_holds_them(made):
    window = made.program.window
    assert (made.program.patch.planes, made.program.patch.plane) == (window.words, window.plane)
    ring = window.ring_rows
    taken = 0
    for step in made.program.steps:
        f = step.fields
        if not f["patch"]:
            assert not f["patch_rows"]
            continue
        assert f["patch_rows"] == step.rows <= ring
        assert (f["i_base"], f["i_plane"], f["taps3"]) == (0, window.plane, 0)
        banks = made.engine.pixels
        assert f["groups_in_last"] + 1 == window.words
        for one in passes(step, made.engine):
            for pixel, address in enumerate(one.addresses):
                row, x = divmod(pixel, window.o_width)
                place = (taken + row) % ring * window.across + x // banks
                assert address == (one.plane * window.plane + place) * banks + x % banks
        taken += step.rows
    assert taken == window.o_height


def test_the_max_pool_keeps_each_partial_maximum_apart(made):
    owners: dict[int, str] = {}
    for step in made.program.steps:
        f, pool = step.fields, step.tile.pool
        kernel = pool.kernel if pool else 0
        assert (f["pool3"], f["pool2"]) == (kernel == 3, kernel == 2)
        if not pool:
            continue
        count = made.engine.across(pool.o.width) * (f["groups_out_last"] + 1)
        slots = range(f["slot"], f["slot"] + count)
        assert slots[-1] < made.program.pool_slots
        if not f["top"]:
            assert {owners[slot] for slot in slots} == {step.conv.name}
        owners |= dict.fromkeys(slots, step.conv.name)


def test_weights_and_parameters_are_read_once_and_in_order(made):
    rows = params = 0
    for conv in made.network.convs:
        steps = [step for step in made.program.steps if step.conv == conv]
        assert {step.fields["weights"] for step in steps} == {rows}
        assert {step.fields["params"] for step in steps} == {params}
        assert {step.passes for step in steps} == {made.passes(conv)}
        reads = [*passes(steps[0], made.engine)]
        assert [one.weights for one in reads] == [
            rows + made.engine.rows * k for k in range(len(reads))
        ]
        assert [one.params for one in reads if one.last] == [
            params + k for k in range(made.engine.groups(conv.channels))
        ]
        rows += made.engine.rows * len(reads)
        params += made.engine.groups(conv.channels)
    assert (rows, params) == (made.weight_rows, made.param_groups)

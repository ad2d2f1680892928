"""From tiles to instructions."""

from dataclasses import dataclass, replace

from plan.engine import Engine
from plan.instruction import field_names
from plan.memory_map import Region, Words
from plan.schedule import QUEUE, Phase, Tile, border
from spec.network import Conv, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An instruction: one tile of rows of one convolution, and its encoded fields.

    ``width`` are the pixels of a row.
    """

    tile: Tile
    width: int
    fields: dict[str, int]

    def sourced(self, *, outside: bool) -> "Step":
        """The same step, its weights from outside or from the chip."""
        return replace(self, fields=self.fields | {"streamed": int(outside)})

    @property
    def conv(self) -> Conv:
        return self.tile.conv

    @property
    def first_row(self) -> int:
        return self.tile.first

    @property
    def rows(self) -> int:
        return self.tile.rows

    @property
    def passes(self) -> int:
        f = self.fields
        taps = 9 if f["taps3"] else 1
        return (f["groups_out_last"] + 1) * (f["groups_in_last"] + 1) * taps

    @property
    def pixels(self) -> int:
        return (self.fields["rows_last"] + 1) * self.width

    @property
    def cycles(self) -> int:
        """Cycles in which a pass issues pixels."""
        return self.fields["pixels_last"] + 1


def steps(
    network: Network,
    engine: Engine,
    work: tuple[Phase, ...],
    orders: list[list[tuple[Tile, bool]]],
    reads: dict[str, Words],
    places: dict[str, Region],
    patch: Region,
    streamed: frozenset[str],
) -> tuple[Step, ...]:
    """The program: the tiles in their orders, each with what it reads, writes and waits for.

    Parameters
    ----------
    work, orders
        The phases, and the order of each one's tiles (:func:`plan.schedule.interleave`).
    reads, places, patch
        What the convolutions read, and where it lies (:mod:`plan.memory_map`).
    streamed
        Names of the convolutions whose weights come from outside; the memory has the others'.
    """
    weights, params = {}, {}
    rows = groups = 0
    for conv in network.convs:
        weights[conv.name], params[conv.name] = rows, groups
        groups += engine.groups(conv.channels)
        if conv.name in streamed:
            weights[conv.name] = 0
            continue
        taps = 1 if conv == network.first else conv.taps
        rows += engine.groups(conv.channels) * len(reads[conv.name]) * taps * engine.rows

    names = field_names(engine)
    result: list[Step] = []
    writers: dict[tuple[str, int], int] = {}
    narrow = patch
    for phase, order in zip(work, orders, strict=True):
        wide = places[phase.wide]
        # The last convolution's results go to the class sums, which have no addresses.
        nowhere = Region(tensor="sums", base=0, plane=1, planes=1, width=1)
        made = places.get(phase.consumer.name, nowhere)
        for tile, consumes in order:
            conv = tile.conv
            source, target = (wide, made) if consumes else (narrow, wide)
            first, last = conv == network.first, conv.name == network.last.name
            if last and tile.top:
                result += blanks(conv, border(network.last), len(result), engine, params)
            taps3 = conv.kernel == 3 and not first
            halo = int(taps3)
            needs = range(max(0, tile.first - halo), tile.first + tile.rows + halo)
            newest = max(writers.get((source.tensor, row), -1) for row in needs)
            wait = min(QUEUE - 1, len(result) - 1 - newest) if result else 0
            for row in range(tile.o_first, tile.o_first + tile.o_rows):
                writers[target.tensor, row] = len(result)
            # The expands lie side by side: output groups that come before this one's.
            before = () if consumes else phase.producers[: phase.producers.index(conv)]
            block = sum(engine.groups(other.channels) for other in before)
            pool = tile.pool.kernel if tile.pool else 0
            across = engine.across(conv.o.width)
            fields = {
                "patch": first,
                "i_base": source.base,
                "i_plane": source.plane,
                "i_plane_last": source.plane - 1,
                "i_start": source.offset(tile.first) - halo * (across + 1),
                "x_last": across - 1,
                "x_odd": conv.o.width % 2,
                "pixels_last": tile.rows * across - 1,
                "rows_last": tile.rows - 1,
                "groups_in_last": len(reads[conv.name]) - 1,
                "groups_out_last": engine.groups(conv.channels) - 1,
                "taps3": taps3,
                "blank": False,
                "top": tile.top,
                "bottom": tile.bottom,
                "weights": weights[conv.name],
                "streamed": conv.name in streamed,
                "params": params[conv.name],
                "wait": wait,
                "patch_rows": tile.rows if first else 0,
                "frame_last": last and tile.bottom,
                "o_base": target.base + block // engine.lanes * target.plane,
                "o_plane": target.plane,
                "o_plane_last": target.plane - 1,
                "o_start": target.offset(tile.o_first),
                "o_lane": block % engine.lanes,
                "final": last,
                "fresh": tile.top and not border(network.last),
                "pool3": pool == 3,
                "pool2": pool == 2,
                "slot": block * engine.across(tile.pool.o.width) if tile.pool else 0,
                "y_odd": tile.first % 2,
            }
            fields = {name: int(fields[name]) for name in names}
            result.append(Step(tile=tile, width=conv.o.width, fields=fields))
        narrow = made
    return tuple(result)


def blanks(
    conv: Conv, pixels: int, before: int, engine: Engine, params: dict[str, int]
) -> list[Step]:
    """Steps for so many outputs of the last convolution that see nothing but padding.

    They read zeros, against any weights, and begin the class sums; they wait for no step of the
    ``before`` ones.
    """
    tile = Tile(conv=conv, pool=None, first=0, rows=0, o_first=0, o_rows=0)
    names = field_names(engine)
    common = dict.fromkeys(names, 0) | {
        "i_plane": 1,
        "groups_out_last": engine.groups(conv.channels) - 1,
        "blank": 1,
        "params": params[conv.name],
        "o_plane": 1,
        "final": 1,
    }
    result = []
    most = engine.tile_pixels * engine.pixels
    for start in range(0, pixels, most):
        width = min(most, pixels - start)
        last = engine.across(width) - 1
        wait = min(QUEUE - 1, before + len(result))
        fields = {"x_last": last, "x_odd": width % 2, "pixels_last": last}
        fields |= {"wait": wait, "fresh": int(start == 0)}
        fields = {name: (common | fields)[name] for name in names}
        result.append(Step(tile=tile, width=width, fields=fields))
    return result

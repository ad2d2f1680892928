"""Bench of the max-pool of pairs: maps of many sizes in tiles of rows, compared with NumPy."""

from random import Random

import cocotb
import numpy as np
from amaranth.hdl import unsigned

from hw.engine.pair_pool import Along, PairMaxPool
from hw.engine.pool import flags_layout
from sim.bench_pool import META_BITS, drawn_rows, pooled
from sim.play import play
from sim.runner import parameters, reset

BANKS = ("even", "odd")


class Traffic:
    """What is said to the component in each cycle, and what each bank must answer when."""

    def __init__(self, rng: Random, columns: int, depth: int):
        self._rng = rng
        self._columns = columns
        self._depth = depth
        self._told = flags_layout(depth, unsigned(META_BITS), rows=False)
        ports = [f"i_{bank}__{port}" for bank in BANKS for port in ("valid", "payload")]
        self.inputs: dict[str, list[int]] = {name: [] for name in ("data", "along", *ports)}
        self.results: dict[str, dict[int, int]] = {bank: {} for bank in BANKS}

    def _noise(self, bits: int) -> int:
        return self._rng.getrandbits(bits)

    def _beat(self, pair: list, along: dict, ends: dict[str, tuple[dict, np.ndarray | None]]):
        """A pair; for each bank, what is said of the result that ends, and what comes out."""
        now = len(self.inputs["data"])
        values = [int(value) for pixel in pair for value in pixel]
        self.inputs["data"].append(int.from_bytes(bytes(values), "little"))
        self.inputs["along"].append(Along.const({"valid": 1} | along).as_bits())
        for bank in BANKS:
            self.inputs[f"i_{bank}__valid"].append(int(bank in ends))
            said = self._noise(self._told.size)
            if bank in ends:
                y_flags, result = ends[bank]
                meta = self._noise(META_BITS)
                said = self._told.const(y_flags | {"meta": meta}).as_bits()
                if result is not None:
                    data = int.from_bytes(bytes(map(int, result)), "little")
                    self.results[bank][now] = meta << 8 * self._columns | data
            self.inputs[f"i_{bank}__payload"].append(said)

    def gap(self) -> None:
        self.inputs["data"].append(self._noise(16 * self._columns))
        self.inputs["along"].append(self._noise(Along.size) & ~1)
        for bank in BANKS:
            self.inputs[f"i_{bank}__valid"].append(0)
            self.inputs[f"i_{bank}__payload"].append(self._noise(self._told.size))

    def bypass(self) -> None:
        """A pair of a row without pooling, or its last pixel."""
        pair = [[self._rng.randrange(256) for _ in range(self._columns)] for _ in BANKS]
        single = self._rng.random() < 0.3
        along = {"pools": 0, "odd": self._rng.randrange(2), "single": int(single)}
        through = {"open_y": 0, "join_y": 0, "emit_y": 1}
        ends = {
            bank: (through | {"slot": self._rng.randrange(self._depth)}, pixel)
            for bank, pixel in zip(BANKS[: 1 if single else 2], pair, strict=False)
        }
        self._beat(pair, along, ends)

    def row(self, values: np.ndarray, kernel: int, y_flags, slot: int, want: np.ndarray | None):
        """A row of a map (width, columns) and, if it ends windows, their maxima."""
        width = len(values)
        ends: dict[int, dict] = {}
        for window in range(len(range(0, max(1, width - kernel + 2), 2))):
            last = min(2 * window + kernel - 1, width - 1)
            said = {f"{name}_y": int(on) for name, on in y_flags._asdict().items()}
            said |= {"slot": slot + window // 2}
            result = want[window] if want is not None else None
            ends.setdefault(last // 2, {})[BANKS[window % 2]] = (said, result)
        for number in range((width + 1) // 2):
            pair = [*values[2 * number : 2 * number + 2]]
            single = len(pair) == 1
            if single:
                pair.append([self._rng.randrange(256) for _ in range(self._columns)])
            along = {"pools": 1, "odd": number % 2, "single": int(single)}
            yield self._beat(pair, along, ends.get(number, {}))

    def frame(self, *, kernel: int, height: int, width: int, groups: int, gaps: float) -> None:
        """A map of some groups, in tiles of rows, with gaps and other layers' pairs between."""
        rng = self._rng
        slots = (len(pooled(np.zeros((1, width, 1)), kernel)[0]) + 1) // 2
        base = rng.randrange(self._depth - groups * slots + 1)
        shape = (groups, height, width, self._columns)
        for group, row, y_flags, want in drawn_rows(rng, kernel, shape):
            for _ in self.row(row, kernel, y_flags, base + group * slots, want):
                while rng.random() < gaps:
                    rng.choice((self.gap, self.bypass))()


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(gaps=[0.0, 0.3])
async def equals_numpy(dut, gaps):
    sizes = parameters()
    rng = Random(sizes["seed"])
    traffic = Traffic(rng, sizes["columns"], sizes["depth"])
    shapes = [
        (kernel, height, width, groups)
        for kernel in (2, 3)
        for height in (1, 2, 3, 5, 8)
        for width in (3, 4, 5, 6, 7, 8, 9, 10)
        for groups in (1, 3)
    ]
    rng.shuffle(shapes)
    for kernel, height, width, groups in shapes:
        traffic.frame(kernel=kernel, height=height, width=width, groups=groups, gaps=gaps)
    for _ in range(PairMaxPool.LATENCY):
        traffic.gap()
    await reset(dut)
    ports = [f"o_{bank}__{port}" for bank in BANKS for port in ("valid", "payload")]
    got = await play(dut, traffic.inputs, ports)
    for bank in BANKS:
        valid, payload = got[f"o_{bank}__valid"], got[f"o_{bank}__payload"]
        seen = {
            cycle - PairMaxPool.LATENCY: word
            for cycle, (there, word) in enumerate(zip(valid, payload, strict=True))
            if there
        }
        assert seen == traffic.results[bank], bank
        dut._log.info("%s: %d pairs, %d results", bank, len(valid), len(seen))

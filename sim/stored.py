"""Parts that read a memory of the core's, together with that memory: for their benches."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.memory import Memory
from hw.fire.issuer import Issuer
from hw.fire.loader import ParamLoader, WeightLoader
from hw.fire.rows import MemoryRows
from hw.streams import Param
from plan.instruction import Format


class StoredProgram(wiring.Component):
    """An issuer and the program that it runs; all other ports are the issuer's."""

    def __init__(self, *, format: Format, program: list[int], part: type[Issuer] = Issuer, **size):
        self._program = program
        self._issuer = part(format=format, steps=len(program), **size)
        own = ("program_address", "program_word")
        ports = self._issuer.signature.members.items()
        super().__init__({name: member for name, member in ports if name not in own})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.issuer = issuer = self._issuer
        m.submodules.memory = memory = Memory(
            width=len(issuer.program_word), depth=len(self._program), init=self._program
        )
        m.d.comb += [
            memory.read_address.eq(issuer.program_address),
            issuer.program_word.eq(memory.read_data),
        ]
        for name, member in self.signature.members.items():
            mine, its = getattr(self, name), getattr(issuer, name)
            if not member.is_port:
                connect(m, flipped(mine), its)
            else:
                m.d.comb += mine.eq(its) if member.flow is Out else its.eq(mine)
        return m


class StoredWeights(wiring.Component):
    """A weight loader, its source on the chip and the weight memory.

    Members
    -------
    start, jump, known, place
        As of :class:`hw.fire.rows.MemoryRows`.
    ready, load, weights
        As of :class:`hw.fire.loader.WeightLoader`.
    """

    def __init__(
        self,
        *,
        rows: int,
        width: int,
        delay: int,
        init: list[int],
        loader: type[WeightLoader] = WeightLoader,
        source: type[MemoryRows] = MemoryRows,
    ):
        self._init = init
        self._loader = loader(rows=rows, width=width, delay=delay)
        self._source = source(width=width, depth=len(init))
        super().__init__(
            {
                "start": In(1),
                "jump": In(1),
                "known": In(1),
                "place": In(range(len(init))),
                "ready": Out(1),
                "load": Out(1),
                "weights": Out(width),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.loader = loader = self._loader
        m.submodules.source = source = self._source
        m.submodules.memory = memory = Memory(
            width=len(self.weights), depth=len(self._init), init=self._init
        )
        connect(m, source.o, loader.i)
        m.d.comb += [
            loader.start.eq(self.start),
            source.start.eq(self.start),
            source.jump.eq(self.jump),
            source.known.eq(self.known),
            source.place.eq(self.place),
            memory.read_address.eq(source.address),
            source.word.eq(memory.read_data),
            self.ready.eq(loader.ready),
            self.load.eq(loader.load),
            self.weights.eq(loader.weights),
        ]
        return m


class StoredParams(wiring.Component):
    """A parameter loader and the parameter memory; all other ports are the loader's."""

    def __init__(self, *, columns: int, init: list[int]):
        self._init = init
        self._loader = ParamLoader(columns=columns, groups=len(init) // columns)
        ports = self._loader.signature.members.items()
        super().__init__({name: port for name, port in ports if name not in ("address", "word")})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.loader = loader = self._loader
        m.submodules.memory = memory = Memory(
            width=Param.size, depth=len(self._init), init=self._init
        )
        m.d.comb += [
            memory.read_address.eq(loader.address),
            loader.word.eq(memory.read_data),
            loader.load.eq(self.load),
            loader.group.eq(self.group),
            loader.swap.eq(self.swap),
            self.params.eq(loader.params),
        ]
        return m

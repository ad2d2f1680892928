"""Network images on their way into the memories: over the line, or out of flash at power-up."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.layouts import TOLD, queue
from hw.board.loader import ImageLoader
from hw.board.parser import ImageParser, write_layout
from hw.board.powerup import PowerUp
from hw.stage import Stage
from plan.image import Memory
from spec.protocol import CHUNK_BYTES, Held, Load


class ImageIntake(wiring.Component):
    """Takes one image at a time, the one of the flash memory first.

    Parameters
    ----------
    engine : bytes
        Fingerprint of the engine that images must be for.
    memories : mapping of str to Memory
        What an image fills.
    patience : int
        Cycles to wait for an image's next chunk.
    flash : bool
        There is a flash memory with an image, or none in it.

    Members
    -------
    chunks, begin, drop, taken, ended, abandoned
        Of the line; see :class:`hw.board.loader.ImageLoader`.
    flash, flash_run, flash_idle
        Of the flash memory; see :class:`hw.board.powerup.PowerUp`.
    came_to : ``Out(8)``, fallen : ``Out(1)``
        What came of the image there, likewise.
    o : ``Out(stream.Signature(write_layout(memories)))``
        Words for the memories.
    begun : ``Out(1)``
        An image's words come, or will; low with ``done``.
    done : ``Out(1)``, origin : ``Out(range(len(Held)))``
        Pulse: they have come, and are right; and where from.
    idle : ``Out(1)``
        No image is under way.
    """

    def __init__(
        self, *, engine: bytes, memories: Mapping[str, Memory], patience: int, flash: bool
    ):
        self._parser = ImageParser(engine=engine, memories=memories)
        self._patience = patience
        self._flash = flash
        super().__init__(
            {
                "chunks": In(queue(CHUNK_BYTES)),
                "begin": In(1),
                "drop": In(1),
                "taken": Out(TOLD),
                "ended": Out(TOLD),
                "abandoned": Out(1),
                "flash": In(stream.Signature(32)),
                "flash_run": Out(1),
                "flash_idle": In(1),
                "came_to": Out(8),
                "fallen": Out(1),
                "o": Out(stream.Signature(write_layout(memories))),
                "begun": Out(1),
                "done": Out(1),
                "origin": Out(range(len(Held))),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        parser = self._parser
        m.submodules.loader = loader = ImageLoader(patience=self._patience)
        m.submodules.powerup = powerup = PowerUp(present=self._flash)
        # The words may come from the other end of the device.
        afresh = ResetInserter(loader.idle & powerup.fresh)
        m.submodules.words = words = afresh(Stage(32))
        m.submodules.parser = afresh(parser)
        connect(m, words.o, parser.i)
        # What is filled may be far from here, and wait for others.
        m.submodules.writes = writes = Stage(parser.o.payload.shape())
        connect(m, flipped(self.chunks), loader.chunks)
        connect(m, flipped(self.flash), powerup.i)
        for port in ("taken", "ended"):
            connect(m, getattr(loader, port), flipped(getattr(self, port)))

        looking = Signal()  # steady from long before a word comes
        m.d.sync += looking.eq(powerup.busy & powerup.dry)
        loaded = loader.ended.valid & (loader.ended.payload.index == Load.DONE)
        m.d.comb += [
            loader.begin.eq(self.begin & ~powerup.busy),
            loader.drop.eq(self.drop),
            self.abandoned.eq(loader.abandoned),
            powerup.idle.eq(self.flash_idle),
            self.came_to.eq(powerup.came_to),
            self.fallen.eq(powerup.fallen),
            self.idle.eq(loader.idle & ~powerup.busy),
            # From either to the parser.
            loader.over.eq(parser.over),
            loader.outcome.eq(parser.outcome),
            powerup.over.eq(parser.over),
            powerup.outcome.eq(parser.outcome),
            words.i.valid.eq(Mux(powerup.busy, powerup.o.valid, loader.o.valid)),
            words.i.payload.eq(Mux(powerup.busy, powerup.o.payload, loader.o.payload)),
            powerup.o.ready.eq(powerup.busy & words.i.ready),
            loader.o.ready.eq(~powerup.busy & words.i.ready),
            # What is looked at only goes nowhere.
            writes.i.valid.eq(parser.o.valid & ~looking),
            writes.i.payload.eq(parser.o.payload),
            parser.o.ready.eq(writes.i.ready | looking),
            self.begun.eq(parser.begun & ~looking),
        ]
        m.d.sync += [
            self.flash_run.eq(powerup.run),
            self.done.eq(loaded | powerup.done),
            self.origin.eq(Mux(powerup.busy, Held.FLASH, Held.LOADED)),
        ]
        connect(m, writes.o, flipped(self.o))
        return m

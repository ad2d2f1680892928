"""The machine: pixels in, class sums and the frame's cycle count out, as its memories say."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.copies import PARTS, copies, part_of
from hw.ecp5.memory import Memory
from hw.engine.accumulator import Accumulator
from hw.engine.array import SystolicArray
from hw.engine.pair_pool import PairMaxPool
from hw.engine.pool import MaxPool
from hw.engine.requantizer import Requantizer
from hw.engine.sums import ClassSums
from hw.engine.window import WindowGenerator
from hw.fire.issuer import Issuer
from hw.fire.loader import ParamLoader, WeightLoader
from hw.fire.results import Results
from hw.fire.rows import MemoryRows, StreamedRows
from hw.fire.writer import Writer, destination
from hw.streams import Param, Pixel, Result, beat_layout, delayed, settings_layout
from plan import latency
from plan.capacities import Capacities
from plan.engine import Engine
from plan.instruction import Format
from plan.memories import memories


class Machine(wiring.Component):
    """An engine with everything around it but the memories that hold a network.

    Reset leaves nothing of what it did before.

    Parameters
    ----------
    engine : Engine
        Its shape.
    capacities : Capacities
        The most that a network may need.

    Members
    -------
    settings : ``In(settings_layout(engine, capacities))``
        The network's registers, steady.
    program_address, params_address, weights_address : ``Out``
        The words to read of the memories.
    program, params, weights : ``In``
        They, ``latency.MEMORY_READ`` cycles later.
    i_weights : ``In(stream.Signature(engine.stream_bits))``
        Weight rows from outside in consumption order, frame after frame, see
        :class:`hw.fire.rows.StreamedRows`; only if weights are streamed.
    i, o, trace, written
        See :class:`hw.core.Core`.
    """

    def __init__(self, *, engine: Engine, capacities: Capacities):
        self._engine = engine
        self._capacities = capacities
        beat = stream.Signature(beat_layout(engine), always_ready=True)
        sizes = memories(engine, capacities)
        members = {
            "settings": In(settings_layout(engine, capacities)),
            "program_address": Out(range(sizes["program"].depth)),
            "program": In(sizes["program"].bits),
            "params_address": Out(range(sizes["params"].depth)),
            "params": In(Param),
            "weights_address": Out(range(sizes["weights"].depth)),
            "weights": In(engine.weight_bits),
            "i": In(stream.Signature(Pixel)),
            "o": Out(stream.Signature(Result)),
            "trace": Out(beat),
            "written": Out(beat),
        }
        if capacities.streamed:
            members["i_weights"] = In(stream.Signature(engine.stream_bits))
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        engine, capacities = self._engine, self._capacities
        format = Format.of(engine, capacities)
        word = data.ArrayLayout(8, engine.rows)
        address_bits = capacities.address_bits
        groups = engine.groups(capacities.classes)

        m.submodules.window = window = WindowGenerator(
            capacities=capacities, word_bytes=engine.rows, pixels=engine.pixels
        )
        banks = ("", "_odd")[: engine.pixels]
        patches = [
            Memory(width=word.size, depth=capacities.patch_words, parts=PARTS, early=True)
            for _ in banks
        ]
        activations = [
            Memory(
                width=word.size,
                depth=capacities.activation_words,
                lanes=engine.lanes,
                parts=PARTS,
                early=True,
            )
            for _ in banks
        ]
        for name, memory in {"patches": patches, "activations": activations}.items():
            for bank, suffix in enumerate(banks):
                m.submodules[name + suffix] = memory[bank]
        m.submodules.issuer = issuer = Issuer(
            format=format,
            steps=capacities.steps,
            address_bits=address_bits,
            patch_rows=capacities.ring_rows,
            param_groups=capacities.param_groups,
        )
        m.submodules.weights = weights = WeightLoader(
            rows=engine.rows, width=engine.weight_bits, delay=engine.load_delay
        )
        m.submodules.params = params = ParamLoader(
            columns=engine.columns, groups=capacities.param_groups
        )
        m.submodules.array = array = SystolicArray(
            rows=engine.rows,
            columns=engine.columns,
            lut_rows=engine.lut_rows,
            pixels=engine.pixels,
        )
        m.submodules.accumulator = accumulator = Accumulator(
            columns=engine.pixels * engine.columns,
            sum_bits=array.o.shape().elem_shape.width,
            bits=engine.accumulator_bits,
            depth=engine.tile_pixels,
        )
        m.submodules.writer = writer = Writer(
            format=format,
            slots=capacities.pool_slots,
            address_bits=address_bits,
            lanes=engine.lanes,
            groups=groups,
        )
        m.submodules.pool = pool = (MaxPool if engine.pixels == 1 else PairMaxPool)(
            columns=engine.columns,
            depth=capacities.pool_slots,
            meta=destination(address_bits, engine.lanes, groups),
        )
        m.submodules.sums = sums = ClassSums(
            columns=engine.columns,
            groups=groups,
            bits=capacities.sum_bits,
            pixels=engine.pixels,
        )
        m.submodules.results = results = Results(
            classes=capacities.classes, columns=engine.columns, bits=capacities.sum_bits
        )

        # The network: its registers, its program, its weights and parameters.
        m.d.comb += [
            *(
                window.geometry[name].eq(self.settings[name])
                for name in window.geometry.shape().members
            ),
            results.count.eq(self.settings.classes),
            self.program_address.eq(issuer.program_address),
            issuer.program_word.eq(self.program),
            self.params_address.eq(params.address),
            params.word.eq(self.params),
        ]
        m.submodules.rows = rows = MemoryRows(
            width=engine.weight_bits, depth=capacities.weight_rows
        )
        m.d.comb += [
            rows.start.eq(issuer.start),
            rows.jump.eq(issuer.weights_jump),
            rows.known.eq(issuer.weights_known),
            rows.place.eq(issuer.weights_place),
            self.weights_address.eq(rows.address),
            rows.word.eq(self.weights),
        ]
        if capacities.streamed:
            m.submodules.outside = outside = StreamedRows(columns=engine.columns)
            connect(m, rows.o, outside.memory)
            connect(m, flipped(self.i_weights), outside.i)
            connect(m, outside.o, weights.i)
            m.d.comb += [
                outside.start.eq(issuer.start),
                outside.known.eq(issuer.weights_known),
                outside.streamed.eq(issuer.weights_streamed),
            ]
        else:
            connect(m, rows.o, weights.i)

        # Pixels to patches.
        connect(m, flipped(self.i), window.i)
        m.d.comb += [
            window.start.eq(results.start),
            window.free.eq(issuer.free),
            issuer.row_done.eq(window.row_done),
        ]
        for bank, memory in enumerate(patches):
            mine = window.o.valid
            if engine.pixels == 2:
                mine = window.o.valid & (window.o.p.odd == bank)
            m.d.comb += [
                memory.write_address.eq(window.o.p.address),
                memory.write_data.eq(window.o.p.data),
                memory.write_enable.eq(mine),
            ]

        # Addresses to the array's input.
        pairs = engine.pixels == 2
        addresses = (issuer.address_even, issuer.address) if pairs else (issuer.address,)
        for bank, address in enumerate(addresses):
            m.d.comb += [
                patches[bank].read_address.eq(address),
                activations[bank].read_address.eq(address),
            ]
        first, second = (
            [data.View(word, one.read_data) for one in memory] for memory in (patches, activations)
        )
        patch, zero = copies(m, issuer.patch, "patch"), copies(m, issuer.zero, "zero")
        aside = copies(m, issuer.aside, "aside") if pairs else None
        i = Signal.like(array.i, reset_less=True)
        for pixel in range(engine.pixels):
            for row in range(engine.rows):
                part = part_of(row, engine.rows)
                kept, nothing = second[pixel][row], zero[part]
                if pairs:
                    kept = Mux(aside[part], second[1 - pixel][row], kept)
                    nothing = zero[part][pixel]
                source = Mux(patch[part], first[pixel][row], kept)
                m.d.sync += i[pixel * engine.rows + row].eq(Mux(nothing, 0, source))
        m.d.comb += [
            array.i.eq(i),
            array.swap.eq(issuer.swap),
            array.load.eq(weights.load),
            array.weights.eq(weights.weights),
            weights.start.eq(issuer.start),
            issuer.weights_ready.eq(weights.ready),
        ]

        # Column sums to totals to bytes.
        m.d.comb += [
            accumulator.tag.eq(delayed(m, issuer.tag, array.LATENCY - latency.MEMORY_READ, "tag")),
            accumulator.i.eq(array.o),
            params.load.eq(issuer.params_load),
            params.group.eq(issuer.params_group),
            params.swap.eq(accumulator.swap),
        ]
        for column in range(engine.pixels * engine.columns):
            m.submodules[f"requantizer{column}"] = requantizer = Requantizer()
            param = params.params[column % engine.columns]
            m.d.comb += [
                requantizer.accumulator.eq(accumulator.o.payload[column]),
                requantizer.bias.eq(param.bias),
                requantizer.multiplier.eq(param.multiplier),
                requantizer.relu.eq(param.relu),
                pool.data[column].eq(requantizer.o),
            ]
        m.d.comb += writer.comes.eq(
            delayed(m, accumulator.o.valid, latency.REQUANTIZER - 2, "requantized")
        )

        # Bytes to memory and to class sums.
        connect(m, issuer.step, writer.step)
        if pairs:
            connect(m, writer.o_even, pool.i_even)
            connect(m, writer.o_odd, pool.i_odd)
            m.d.comb += pool.along.eq(writer.along)
            written = (pool.o_even, pool.o_odd)
        else:
            connect(m, writer.o, pool.i)
            written = (pool.o,)
        for memory, bank in zip(activations, written, strict=True):
            to, lanes = bank.p.meta, range(engine.lanes)
            m.d.comb += [
                memory.write_address.eq(to.address),
                memory.write_data.eq(Cat(bank.p.data.as_value() for _ in lanes)),
                memory.write_enable.eq(Mux(bank.valid & ~to.final, to.lanes, 0)),
            ]
        # A pair has a first pixel, at least.
        to = written[0].p.meta
        m.d.comb += [
            sums.i.valid.eq(written[0].valid & to.final),
            sums.i.p.group.eq(to.group),
            sums.i.p.first.eq(to.first),
            sums.i.p.last.eq(to.last),
            sums.i.p.fresh.eq(to.fresh),
        ]
        for column in range(engine.columns):
            values = [
                Mux(self.settings.relu, bank.p.data[column], bank.p.data[column].as_signed())
                for bank in written
            ]
            if pairs:
                values = [values[0] + Mux(written[1].valid, values[1], 0)]
            m.d.comb += sums.i.p.data[column].eq(values[0])
        retire = delayed(m, writer.last, latency.POOL, "retire")
        m.d.comb += issuer.retire.eq(retire)

        # Frames.
        m.d.comb += [
            results.idle.eq(issuer.idle),
            results.taken.eq(self.i.valid & self.i.ready & ~window.waiting),
            results.starved.eq(issuer.waiting & self.i.ready & ~self.i.valid),
            results.done.eq(
                delayed(m, writer.last & writer.frame_last, latency.POOL, "frame_done")
            ),
            sums.group.eq(results.group),
            sums.reading.eq(results.reading),
            results.sums.eq(sums.sums),
        ]
        connect(m, results.o, flipped(self.o))

        # For the proof.
        stored = [bank.valid & ~bank.p.meta.final for bank in written]
        if pairs:
            m.d.comb += [
                self.trace.valid.eq(pool.along.valid),
                self.trace.p.data.eq(pool.data),
                self.trace.p.there.eq(Cat(1, ~pool.along.single)),
                self.written.valid.eq(stored[0] | stored[1]),
                self.written.p.data.eq(Cat(bank.p.data.as_value() for bank in written)),
                self.written.p.there.eq(Cat(stored)),
            ]
        else:
            m.d.comb += [
                self.trace.valid.eq(pool.i.valid),
                self.trace.payload.eq(pool.data),
                self.written.valid.eq(stored[0]),
                self.written.payload.eq(pool.o.p.data),
            ]
        return m

"""The core: RGB pixels in, class sums and the frame's cycle count out. No pins, no clocks."""

from dataclasses import asdict

from amaranth.hdl import Cat, Module, Mux, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.memory import Memory
from hw.engine.accumulator import Accumulator
from hw.engine.array import SystolicArray
from hw.engine.pool import MaxPool
from hw.engine.requantizer import Requantizer
from hw.engine.sums import ClassSums
from hw.engine.window import WindowGenerator
from hw.fire.issuer import Issuer, delayed
from hw.fire.loader import ParamLoader, WeightLoader
from hw.fire.results import Results
from hw.fire.writer import Writer, destination
from plan import latency
from plan.contents import Contents
from plan.planner import Plan
from spec import arith

Pixel = data.StructLayout({"red": 8, "green": 8, "blue": 8})
"""A pixel of the image, as it is in the file: raw RGB."""

Result = data.StructLayout({"data": signed(32), "last": 1})
"""A class sum, or, with ``last``, the cycle count that ends a frame's results."""


class Core(wiring.Component):
    """The accelerator of one quantized network, after :mod:`spec.reference`.

    Frames follow each other without reset. A frame's pixels are taken once the results before
    have been. Its cycle count runs from its first pixel's being taken to its class sums' being
    complete, without the cycles in which the engine stood still for want of a pixel.

    Parameters
    ----------
    plan : Plan
        What to do, and with which engine.
    contents : Contents
        Program, weights and parameters.

    Members
    -------
    i : ``In(stream.Signature(Pixel))``
        Pixels in raster order.
    o : ``Out(stream.Signature(Result))``
        A sum for each class, in order, then the cycle count.
    trace : ``Out(stream.Signature(ArrayLayout(8, columns), always_ready=True))``
        Every requantized beat before pooling, in program order: for the proof.
    written : ``Out(stream.Signature(ArrayLayout(8, columns), always_ready=True))``
        Every beat that goes to the activation memory, in program order: for the proof.
    """

    def __init__(self, plan: Plan, contents: Contents):
        self._plan = plan
        self._contents = contents
        beat = stream.Signature(data.ArrayLayout(8, plan.engine.columns), always_ready=True)
        super().__init__(
            {
                "i": In(stream.Signature(Pixel)),
                "o": Out(stream.Signature(Result)),
                "trace": Out(beat),
                "written": Out(beat),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        plan = self._plan
        engine = plan.engine
        network = plan.network
        word = data.ArrayLayout(8, engine.rows)
        address_bits = plan.program.format.widths["i_base"]
        ring = plan.program.window.ring_rows
        groups = engine.groups(network.classes)
        param = data.StructLayout(
            {
                "bias": signed(engine.accumulator_bits),
                "multiplier": arith.MULTIPLIER_BITS,
                "relu": 1,
            }
        )

        m.submodules.window = window = WindowGenerator(**asdict(plan.program.window))
        m.submodules.patches = patches = Memory(width=word.size, depth=plan.program.patch.words)
        m.submodules.activations = activations = Memory(
            width=word.size, depth=plan.program.activation_words, lanes=engine.lanes
        )
        m.submodules.issuer = issuer = Issuer(
            format=plan.program.format,
            program=self._contents.program,
            address_bits=address_bits,
            patch_rows=ring,
            param_groups=plan.param_groups,
        )
        m.submodules.weights = weights = WeightLoader(
            rows=engine.rows,
            width=engine.weight_bits,
            delay=engine.load_delay,
            init=self._contents.weights,
        )
        m.submodules.params = params = ParamLoader(
            columns=engine.columns, param=param, init=self._contents.params
        )
        m.submodules.array = array = SystolicArray(
            rows=engine.rows, columns=engine.columns, lut_rows=engine.lut_rows
        )
        m.submodules.accumulator = accumulator = Accumulator(
            columns=engine.columns,
            sum_bits=array.o.shape().elem_shape.width,
            bits=engine.accumulator_bits,
            depth=engine.tile_pixels,
        )
        m.submodules.writer = writer = Writer(
            format=plan.program.format,
            columns=engine.columns,
            slots=plan.program.pool_slots,
            address_bits=address_bits,
            lanes=engine.lanes,
            groups=groups,
        )
        m.submodules.pool = pool = MaxPool(
            columns=engine.columns,
            depth=plan.program.pool_slots,
            meta=destination(address_bits, engine.lanes, groups),
        )
        m.submodules.sums = sums = ClassSums(
            columns=engine.columns, groups=groups, bits=plan.sum_bits
        )
        m.submodules.results = results = Results(
            classes=network.classes, columns=engine.columns, bits=plan.sum_bits
        )

        # Pixels to patches.
        connect(m, flipped(self.i), window.i)
        m.d.comb += [
            window.start.eq(results.start),
            window.free.eq(issuer.free),
            issuer.row_done.eq(window.row_done),
            patches.write_address.eq(window.o.p.address),
            patches.write_data.eq(window.o.p.data),
            patches.write_enable.eq(window.o.valid),
        ]

        # Addresses to the array's input.
        m.d.comb += [
            patches.read_address.eq(issuer.address),
            activations.read_address.eq(issuer.address),
        ]
        source = data.View(word, Mux(issuer.patch, patches.read_data, activations.read_data))
        for row in range(engine.rows):
            m.d.sync += array.i[row].eq(Mux(issuer.zero, 0, source[row]))
        m.d.comb += [
            array.swap.eq(issuer.swap),
            array.load.eq(weights.load),
            array.weights.eq(weights.weights),
            weights.start.eq(issuer.start),
            weights.jump.eq(issuer.weights_jump),
            weights.known.eq(issuer.weights_known),
            weights.address.eq(issuer.weights_address),
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
        for column in range(engine.columns):
            m.submodules[f"requantizer{column}"] = requantizer = Requantizer()
            m.d.comb += [
                requantizer.accumulator.eq(accumulator.o.payload[column]),
                requantizer.bias.eq(params.params[column].bias),
                requantizer.multiplier.eq(params.params[column].multiplier),
                requantizer.relu.eq(params.params[column].relu),
                writer.i.payload[column].eq(requantizer.o),
            ]
        m.d.comb += writer.i.valid.eq(
            delayed(m, accumulator.o.valid, latency.REQUANTIZER, "requantized")
        )

        # Bytes to memory and to class sums.
        connect(m, issuer.step, writer.step)
        connect(m, writer.o, pool.i)
        written = pool.o.p.meta
        m.d.comb += [
            activations.write_address.eq(written.address),
            activations.write_data.eq(Cat(pool.o.p.data.as_value() for _ in range(engine.lanes))),
            activations.write_enable.eq(Mux(pool.o.valid & ~written.final, written.lanes, 0)),
            sums.i.valid.eq(pool.o.valid & written.final),
            sums.i.p.group.eq(written.group),
            sums.i.p.first.eq(written.first),
            sums.i.p.last.eq(written.last),
            sums.i.p.fresh.eq(written.fresh),
        ]
        for column in range(engine.columns):
            value = pool.o.p.data[column]
            m.d.comb += sums.i.p.data[column].eq(value if network.last.relu else value.as_signed())
        retire = delayed(m, writer.last, latency.POOL, "retire")
        m.d.comb += issuer.retire.eq(retire)

        # Frames.
        m.d.comb += [
            results.idle.eq(issuer.idle),
            results.taken.eq(self.i.valid & self.i.ready),
            results.starved.eq(issuer.waiting & self.i.ready & ~self.i.valid),
            results.done.eq(
                delayed(m, writer.last & writer.frame_last, latency.POOL, "frame_done")
            ),
            sums.group.eq(results.group),
            results.sums.eq(sums.sums),
        ]
        connect(m, results.o, flipped(self.o))

        m.d.comb += [
            self.trace.valid.eq(writer.i.valid),
            self.trace.payload.eq(writer.i.payload),
            self.written.valid.eq(pool.o.valid & ~written.final),
            self.written.payload.eq(pool.o.p.data),
        ]
        return m

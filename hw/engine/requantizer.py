"""A lane of the requantizer: a bias, one multiply, one rounding, one clamp."""

from amaranth.hdl import Cat, Module, Mux, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.carry import MaskedAdder
from hw.ecp5.multiplier import Multiplier
from hw.streams import delayed
from plan import latency
from spec.arith import ACCUMULATOR_BITS, MULTIPLIER_BITS, SHIFT

LOW_BITS = 18
"""Bits of the sum that go through the hardware multiplier, as a signed number."""

SMALL_BITS = 7
"""Bits of a multiplier that can meet a sum of more than ``LOW_BITS`` without saturating."""

PAIR_BITS = SMALL_BITS + 2
"""Bits of three times the sum's upper part, or of that part and ``SMALL_BITS``, signed."""


class Requantizer(wiring.Component):
    """One lane of :func:`spec.arith.requantize`, a result a cycle, exact for every multiplier.

    The sum is split as ``high · 2^18 + low`` with ``low`` signed. If ``high`` is not zero the sum
    is at least 2^17 in magnitude, so with a multiplier of 2^7 or more the result saturates by its
    sign; with a smaller one ``high · multiplier`` is a product of 7 × 7 bits, made of shifts and
    adds on LUTs. The rest is one ``MULT18X18D``.

    The output follows the inputs by ``LATENCY`` cycles; all inputs belong to the same cycle.

    Members
    -------
    accumulator : ``In(signed(25))``
        The accumulator without its bias.
    bias : ``In(signed(25))``
        Such that ``|accumulator + bias| < 2^24``.
    multiplier : ``In(unsigned(16))``
        1…65535.
    relu : ``In(1)``
        Clamp to 0…255 if set, else to −128…127.
    o : ``Out(8)``
        An activation, or the two's complement of the clamped value without ReLU.
    """

    LATENCY = latency.REQUANTIZER

    accumulator: In(signed(ACCUMULATOR_BITS))
    bias: In(signed(ACCUMULATOR_BITS))
    multiplier: In(unsigned(MULTIPLIER_BITS))
    relu: In(1)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()

        def later(value, cycles, name):
            return delayed(m, value, cycles, name, reset_less=True)

        # Register 1: the sum.
        total = later(self.accumulator + self.bias, 1, "total")[:ACCUMULATOR_BITS].as_signed()
        scale = later(self.multiplier, 1, "scale")
        low, high = total[:LOW_BITS].as_signed(), total[LOW_BITS:].as_signed()

        # Registers 2 to 4: low · multiplier.
        m.submodules.multiplier = multiplier = Multiplier()
        assert multiplier.LATENCY == 3
        m.d.comb += [multiplier.a.eq(low), multiplier.b.eq(scale)]

        # Registers 2 to 4: (high + the sign bit of low) · multiplier: a tree of partial products,
        # of which the sums of two have these shifts.
        scale_low = scale[:SMALL_BITS]
        pairs = [(0, (high, scale[0]), (scale_low, low[-1]))]
        pairs += [(k, (high, scale[k]), (high << 1, scale[k + 1])) for k in (1, 3, 5)]
        tree = []
        for shift, (a, a_bit), (b, b_bit) in pairs:
            m.submodules[f"adder_{shift}"] = adder = MaskedAdder(PAIR_BITS)
            m.d.comb += [
                adder.a.eq(a),
                adder.b.eq(a_bit.replicate(PAIR_BITS)),
                adder.c.eq(b),
                adder.d.eq(b_bit.replicate(PAIR_BITS)),
            ]
            tree.append(later(adder.o.as_signed(), 1, f"pair_{shift}"))

        def shifted_sum(a, b, shift, name):
            """``a + (b << shift)``, a register later; the lowest bits need no adder."""
            return later(Cat(a[:shift], (a >> shift) + b).as_signed(), 1, name)

        lower = shifted_sum(tree[0], tree[1], 1, "lower")
        upper = shifted_sum(tree[2], tree[3], 2, "upper")
        small = shifted_sum(lower, upper, 3, "small")

        # Registers 2 to 5: does it saturate whatever the product says, and to which end?
        beyond = total[LOW_BITS - 1 :]
        wide = later(~(beyond.all() | ~beyond.any()), 1, "wide")
        large = later(scale[SMALL_BITS:].any(), 1, "large")
        far = later(wide & large, 3, "far")
        negative = later(total[-1], 4, "negative")

        # Register 5: the product. Its magnitude is below 2^33 unless ``far``.
        product_bits = LOW_BITS + MULTIPLIER_BITS
        product = Cat(
            later(multiplier.o[:LOW_BITS], 1, "product_low"),
            later(multiplier.o[LOW_BITS:product_bits].as_signed() + small, 1, "product_high"),
        )[:product_bits]
        whole, rest = product[SHIFT:], product[:SHIFT]

        # Register 6: round half to even, as an increment; which end of the range, if any.
        # The value that an increment would carry out of the range counts as above it.
        relu = later(self.relu, 5, "relu")
        full = whole[:7].all() & (whole[7] | ~relu)
        above = ~whole[-1] & (whole[8:-1].any() | (whole[7] & ~relu) | full)
        below = whole[-1] & (relu | ~whole[7:-1].all())
        byte = later(whole[:8], 1, "byte")
        up = later(rest[-1] & (rest[:-1].any() | whole[0]), 1, "up")
        above = later(Mux(far, ~negative, above), 1, "above")
        below = later(Mux(far, negative, below), 1, "below")
        relu = later(relu, 1, "relu_6")

        # Register 7: the output, or the end of the range that the adder lets through instead.
        m.submodules.clamp = clamp = MaskedAdder(8)
        inside = ~(above | below)
        m.d.comb += [
            clamp.a.eq(byte),
            clamp.b.eq(inside.replicate(8)),
            clamp.c.eq(
                Cat(Mux(inside, up, above), above.replicate(6), Mux(above, relu, below & ~relu))
            ),
            clamp.d.eq(~0),
        ]
        m.d.comb += self.o.eq(later(clamp.o, 1, "clamped"))
        return m

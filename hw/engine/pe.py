"""Processing elements: one input channel times two output channels, on a multiplier or on LUTs.

Both kinds have one interface, so that the array is written once; what differs is how a pair of
weights and a pair of sums are represented on their way down a column.

**Two products in one multiplier.** With ``X = 1024·a + b`` and an activation ``u``, the product
``P = X·u = 1024·a·u + b·u``. Its upper part ``P >> 10`` is ``a·u + d`` where ``d = (b·u) >> 10``
is what ``b·u`` carries into it: −32 … 31, six bits. The lower six bits of ``a·u`` come from the
lower six bits of both factors, and ``d = signed6((P >> 10) − a·u)``. So

    Σ a·u = Σ (P >> 10) − Σ d          Σ b·u = 1024 · Σ d + Σ (P mod 1024)

and three short sums go down a column: ``high``, ``low`` and ``borrow``. Weights lie in ±127.
"""

from amaranth.hdl import Cat, Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.carry import MaskedAdder
from hw.ecp5.multiplier import Multiplier
from plan.words import PAIR_BITS, SPLIT

PAIR = signed(PAIR_BITS)
"""Two weights as they are stored: ``1024·a + b``."""

_TAIL = 6
"""Bits of ``d``."""

ACTIVATION = data.StructLayout({"value": unsigned(8), "swap": 1})
"""What moves right. ``swap``: the weights loaded in the shadow are used from this one on."""


def sum_shape(rows: int):
    """The shape that just holds a sum of ``rows`` products."""
    return signed((rows * 127 * 255).bit_length() + 1)


def _growth(rows: int) -> int:
    """Bits that the sum of ``rows`` values has more than one of them."""
    return max(0, rows - 1).bit_length()


class _Pair(wiring.Component):
    """One row of a column; the subclasses say how it computes.

    Parameters
    ----------
    above : int
        Rows of this kind above it, whose sums it continues.
    partner : type
        What kind of element computes a second pixel with these weights, if there is one.
    follows : bool
        This is that element: its activations are plain bytes, and its weights another one's.

    Members
    -------
    i, o : ``ACTIVATION``
        From the left, and a cycle later to the right.
    load : ``In(1)``
        Shift the weights of the column down by one row; not if it follows.
    i_weights, o_weights : ``weights(partner)``
        The shadow registers of the row above and of this one; if it follows, ``i_weights`` are
        those to use, and there are no others.
    active : ``Out(weights(partner))``
        The weights in use; only with a partner.
    i_sums : ``In(sums(above))``, o_sums : ``Out(sums(above + 1))``
        The sums of the rows above, taken :attr:`LATENCY` cycles after ``i``, and a cycle later
        those with this row's products.
    """

    def __init__(self, *, above, partner=None, follows=False):
        self._follows = follows
        self._partner = partner
        weights = self.weights(partner)
        activation = unsigned(8) if follows else ACTIVATION
        members = {
            "i": In(activation),
            "o": Out(activation),
            "load": In(1),
            "i_weights": In(weights),
            "o_weights": Out(weights),
            "i_sums": In(self.sums(above)),
            "o_sums": Out(self.sums(above + 1)),
        }
        if follows:
            del members["load"], members["o_weights"]
        if partner:
            members["active"] = Out(weights)
        super().__init__(members)

    def _weights_and_activation(self, m):
        """The registers both kinds have; returns the activation and the weights that meet it."""
        if self._follows:
            value = Signal(unsigned(8), reset_less=True)
            m.d.sync += value.eq(self.i)
            m.d.comb += self.o.eq(value)
            return value, self.i_weights
        shadow = Signal(self.weights(self._partner), reset_less=True)
        active = Signal(self.weights(self._partner), reset_less=True)
        here = Signal(ACTIVATION, reset_less=True)
        m.d.sync += here.eq(self.i)
        with m.If(self.load):
            m.d.sync += shadow.eq(self.i_weights)
        with m.If(self.i.swap):
            m.d.sync += active.eq(shadow)
        m.d.comb += [self.o.eq(here), self.o_weights.eq(shadow)]
        if self._partner:
            m.d.comb += self.active.eq(active)
        return here.value, active


class DspPair(_Pair):
    """Two products in one :class:`hw.ecp5.multiplier.Multiplier`, see the module's text.

    ``borrow`` runs one cycle behind ``low`` and ``high``.
    """

    #: The activation's register, the multiplier, and a register on the way from it to the sums,
    #: which may be far away: the multipliers stand in few rows of the device.
    LATENCY = 1 + Multiplier.LATENCY + 1

    @staticmethod
    def weights(partner=None):
        """``pair``, and ``tail``: −a modulo 64, so that its product is added, not subtracted.

        A partner on LUTs needs ``a``, too.
        """
        more = {"a": signed(8)} if partner is LutPair else {}
        return data.StructLayout({"pair": PAIR, "tail": unsigned(_TAIL)} | more)

    @staticmethod
    def weights_of(active):
        """What a follower takes of its partner's weights."""
        return active

    @staticmethod
    def enter(m, pair, partner=None):
        """The weights of a stored pair (combinational)."""
        weights = Signal(DspPair.weights(partner))
        a_minus_1_if_b_negative = pair.as_unsigned()[SPLIT : SPLIT + _TAIL]
        m.d.comb += [
            weights.pair.eq(pair),
            # −a = ~a + 1, and a negative b has taken 1 from a.
            weights.tail.eq(~a_minus_1_if_b_negative + ~pair[SPLIT - 1]),
        ]
        if partner is LutPair:
            m.d.comb += weights.a.eq(pair.as_unsigned()[SPLIT:] + pair[SPLIT - 1])
        return weights

    @staticmethod
    def sums(rows):
        return data.StructLayout(
            {
                "low": unsigned(SPLIT + _growth(rows)),
                "high": signed(16 + _growth(rows)),
                "borrow": signed(_TAIL + _growth(rows)),
            }
        )

    #: Cycles of :meth:`leave`, with the one that ``borrow`` is behind.
    LEAVE = 2

    @staticmethod
    def leave(m, sums, rows):
        """Σ a·u and Σ b·u of a column's sums, registered, :attr:`LEAVE` cycles later."""
        low = Signal.like(sums.low, reset_less=True)
        high = Signal.like(sums.high, reset_less=True)
        a = Signal(sum_shape(rows), reset_less=True)
        b = Signal(sum_shape(rows), reset_less=True)
        upper = Signal(signed(len(b) - SPLIT))
        m.d.comb += upper.eq(low[SPLIT:] + sums.borrow)
        m.d.sync += [
            low.eq(sums.low),
            high.eq(sums.high),
            a.eq(high - sums.borrow),
            b.eq(Cat(low[:SPLIT], upper)),
        ]
        return a, b

    def elaborate(self, platform):
        m = Module()
        u, weights = self._weights_and_activation(m)

        m.submodules.multiplier = multiplier = Multiplier()
        m.d.comb += [multiplier.a.eq(weights.pair), multiplier.b.eq(u)]
        product = Signal(SPLIT + 16, reset_less=True)
        m.d.sync += product.eq(multiplier.o)
        low = product[:SPLIT]
        high = product[SPLIT:].as_signed()

        minus_au = self._tail_product(m, weights.tail, u)
        d = Signal(signed(_TAIL), reset_less=True)
        sums = Signal.like(self.o_sums, reset_less=True)
        m.d.sync += [
            sums.low.eq(self.i_sums.low + low),
            sums.high.eq(self.i_sums.high + high),
            d.eq(high[:_TAIL] + minus_au),
            sums.borrow.eq(self.i_sums.borrow + d),
        ]
        m.d.comb += self.o_sums.eq(sums)
        return m

    @staticmethod
    def _tail_product(m, tail, u):
        """``tail · u`` modulo 64, as late as the multiplier's product is registered.

        The partial products of two bits of ``u`` are added in each of three adders, of which only
        the bits below 64 exist.
        """
        assert Multiplier.LATENCY == 3
        partial = []
        for low in range(0, _TAIL, 2):
            width = _TAIL - low
            adder = MaskedAdder(width)
            m.submodules[f"tail_{low}"] = adder
            register = Signal(width, name=f"tail_{low}_register", reset_less=True)
            m.d.comb += [
                adder.a.eq(tail),
                adder.b.eq(u[low].replicate(width)),
                adder.c.eq(tail << 1),
                adder.d.eq(u[low + 1].replicate(width)),
            ]
            m.d.sync += register.eq(adder.o)
            partial.append(register)
        upper = Signal(_TAIL - 2, reset_less=True)
        lower = Signal(_TAIL, reset_less=True)
        product = Signal(_TAIL, reset_less=True)
        waiting = Signal(_TAIL, reset_less=True)
        m.d.sync += [
            lower.eq(partial[0]),
            upper.eq(Cat(partial[1][:2], partial[1][2:] + partial[2])),
            product.eq(Cat(lower[:2], lower[2:] + upper)),
            waiting.eq(product),
        ]
        return waiting


class LutPair(_Pair):
    """Two products on LUTs alone, one a LUT a partial-product bit.

    A product stays split in the halves that the lower and the upper four bits of the activation
    make; each half has its sum down the column. Where it follows, there are so many that flip-flops
    are scarcer than time: both adders of a half product are before its register.
    """

    LATENCY = 3  # one less if it follows

    @staticmethod
    def weights(partner=None):
        return data.ArrayLayout(signed(8), 2)

    @staticmethod
    def weights_of(active):
        """What a follower takes of its partner's weights."""
        if active.shape() == LutPair.weights():
            return active.as_value()
        return Cat(active.a, active.pair[:8])

    @staticmethod
    def enter(m, pair, partner=None):
        """The weights of a stored pair (combinational)."""
        weights = Signal(LutPair.weights())
        bits = pair.as_unsigned()
        m.d.comb += [
            weights[0].eq(bits[SPLIT:] + bits[SPLIT - 1]),
            weights[1].eq(bits[:8]),
        ]
        return weights

    @staticmethod
    def sums(rows):
        half = signed(12 + _growth(rows))
        return data.ArrayLayout(data.StructLayout({"low": half, "high": half}), 2)

    #: Cycles of :meth:`leave`.
    LEAVE = 1

    @staticmethod
    def leave(m, sums, rows):
        """Σ a·u and Σ b·u of a column's sums, registered, :attr:`LEAVE` cycles later."""
        totals = [Signal(sum_shape(rows), reset_less=True, name=f"total_{k}") for k in "ab"]
        for total, halves in zip(totals, sums, strict=True):
            m.d.sync += total.eq(Cat(halves.low[:4], halves.low[4:].as_signed() + halves.high))
        return tuple(totals)

    def elaborate(self, platform):
        m = Module()
        u, weights = self._weights_and_activation(m)
        sums = Signal.like(self.o_sums, reset_less=True)
        m.d.comb += self.o_sums.eq(sums)
        for column in range(2):
            for part, low in (("low", 0), ("high", 4)):
                product = self._half_product(
                    m, f"{'ab'[column]}_{part}", weights[column], u[low : low + 4]
                )
                m.d.sync += sums[column][part].eq(self.i_sums[column][part] + product)
        return m

    def _half_product(self, m, name, weight, u):
        """``weight · u`` for four bits of ``u``, after two registers, or one if it follows."""
        sums = []
        for low in (0, 2):
            adder = MaskedAdder(10)
            m.submodules[f"{name}_{low}"] = adder
            two_bits = Signal(signed(10), name=f"{name}_{low}_register", reset_less=True)
            m.d.comb += [
                adder.a.eq(weight),
                adder.b.eq(u[low].replicate(10)),
                adder.c.eq(weight << 1),
                adder.d.eq(u[low + 1].replicate(10)),
            ]
            m.d["comb" if self._follows else "sync"] += two_bits.eq(adder.o)
            sums.append(two_bits)
        product = Signal(signed(12), name=f"{name}_product", reset_less=True)
        m.d.sync += product.eq(Cat(sums[0][:2], sums[0][2:].as_signed() + sums[1]))
        return product

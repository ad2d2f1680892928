"""The core's clock from the board's: dividers in plain Python, then the cells."""

from dataclasses import dataclass
from fractions import Fraction

from amaranth.hdl import ClockDomain, Const, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Out

PHASE_DETECTOR_HZ = (Fraction(3_125_000), Fraction(400_000_000))
VCO_HZ = (Fraction(400_000_000), Fraction(800_000_000))
"""Limits of the phase detector and the oscillator: Lattice FPGA-DS-02012, sysCLOCK PLL timing."""

DIVIDERS = {"reference": 128, "feedback": 80, "output": 128}
"""The largest dividers, as Project Trellis' ecppll has them."""

PLL_SETTINGS = {
    "a_ICP_CURRENT": "12",
    "a_LPF_RESISTOR": "8",
    "a_MFG_ENABLE_FILTEROPAMP": "1",
    "a_MFG_GMCREF_SEL": "2",
    "p_PLLRST_ENA": "DISABLED",
    "p_INTFB_WAKE": "DISABLED",
    "p_STDBY_ENABLE": "DISABLED",
    "p_DPHASE_SOURCE": "DISABLED",
    "p_OUTDIVIDER_MUXA": "DIVA",
    "p_OUTDIVIDER_MUXB": "DIVB",
    "p_OUTDIVIDER_MUXC": "DIVC",
    "p_OUTDIVIDER_MUXD": "DIVD",
}
"""Of every EHXPLLL here: the loop's filter as ecppll has it, and what is not used."""

PLL_TIED = (
    "i_PHASESEL0",
    "i_PHASESEL1",
    "i_PHASEDIR",
    "i_PHASESTEP",
    "i_PHASELOADREG",
    "i_PLLWAKESYNC",
    "i_ENCLKOP",
)
"""Inputs of an EHXPLLL that nothing drives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pll:
    """Dividers of an ``EHXPLLL`` that feeds its output back to itself.

    The output is ``hz · feedback / reference``; the oscillator runs ``output`` times as fast.
    """

    reference: int
    feedback: int
    output: int

    @classmethod
    def of(cls, reference_hz: int, hz: Fraction | int) -> "Pll":
        """The dividers that make exactly ``hz`` from ``reference_hz``.

        The fastest phase detector is chosen, then the oscillator nearest the middle of its range.

        Raises
        ------
        ValueError
            If there are none; the message names the nearest frequencies that have some.
        """
        wanted = Fraction(hz)
        found = {}
        for reference in range(1, DIVIDERS["reference"] + 1):
            detector = Fraction(reference_hz, reference)
            if not PHASE_DETECTOR_HZ[0] <= detector <= PHASE_DETECTOR_HZ[1]:
                continue
            for feedback in range(1, DIVIDERS["feedback"] + 1):
                made = detector * feedback
                if made in found or made > VCO_HZ[1]:
                    continue
                middle = sum(VCO_HZ) / 2 / made
                low = max(1, -(-VCO_HZ[0] // made))
                high = min(DIVIDERS["output"], VCO_HZ[1] // made)
                if low <= high:
                    output = min(max(low, round(middle)), high)
                    found[made] = cls(reference=reference, feedback=feedback, output=int(output))
        if wanted not in found:
            below = max((made for made in found if made < wanted), default=None)
            above = min((made for made in found if made > wanted), default=None)
            near = " or ".join(f"{float(made / 10**6):g}" for made in (below, above) if made)
            raise ValueError(
                f"no PLL setting makes {float(wanted / 10**6):g} MHz from "
                f"{reference_hz / 1e6:g} MHz; the nearest are {near} MHz"
            )
        return found[wanted]


class Clocks(wiring.Component):
    """The core's clock: the PLL's output, held still until the PLL has locked.

    The configuration logic gives every flip-flop its initial value (PUR); since no clock edge
    comes before the PLL is steady, nothing else is needed for a clean start, and no reset net has
    to cross the chip in a clock's time. ``DCCA`` opens and closes without a short pulse.

    Parameters
    ----------
    pll : Pll
        Dividers.
    hz : int
        What they make of the platform's default clock. The tools derive the domain's timing
        constraint from that clock's and the dividers.
    lag : int or None
        Degrees, a multiple of 45 below 360, by which a second clock of the same frequency lags;
        None for no such clock.
    shares : bool
        Others use the board's clock, too: ``reference``.

    Members
    -------
    clk : ``Out(1)``
        For a domain without reset.
    lagging : ``Out(1)``
        The second clock, opened with the first; low if there is none.
    """

    clk: Out(1)
    lagging: Out(1)

    SETTLE = 64
    """Reference cycles from the lock to the first edge."""

    def __init__(self, *, pll: Pll, hz: int, lag: int | None = None, shares: bool = False):
        if lag is not None and (lag % 45 or not 0 < lag < 360):
            raise ValueError(f"lag must be a multiple of 45 from 45 to 315 degrees, not {lag}")
        self._pll = pll
        self._hz = hz
        self._lag = lag
        self._shares = shares
        self.reference = Signal()
        super().__init__()

    def elaborate(self, platform):
        m = Module()

        reference = ClockDomain("reference", reset_less=True, local=True)
        m.domains += reference

        m.submodules.pad = pad = io.Buffer("i", platform.request(platform.default_clk, dir="-"))
        m.d.comb += reference.clk.eq(pad.i)
        if self._shares:
            m.d.comb += self.reference.eq(pad.i)

        output = Signal()
        locked = Signal()
        lagging = Signal()
        second = self._second(lagging) if self._lag else {}
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{platform.default_clk_frequency / 1e6:g}",
            a_FREQUENCY_PIN_CLKOP=f"{self._hz / 1e6:g}",
            **PLL_SETTINGS,
            p_CLKI_DIV=self._pll.reference,
            p_CLKFB_DIV=self._pll.feedback,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=self._pll.output,
            p_CLKOP_CPHASE=self._pll.output - 1,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_CLKI=pad.i,
            i_CLKFB=output,
            **{pin: Const(0) for pin in PLL_TIED},
            o_CLKOP=output,
            o_LOCK=locked,
            **second,
        )

        steady = Signal()
        waited = Signal(range(self.SETTLE))
        run = Signal()
        m.submodules.lock_synchronizer = FFSynchronizer(locked, steady, o_domain="reference")
        with m.If(~steady):
            m.d.reference += [waited.eq(0), run.eq(0)]
        with m.Elif(waited == self.SETTLE - 1):
            m.d.reference += run.eq(1)
        with m.Else():
            m.d.reference += waited.eq(waited + 1)

        m.submodules.gate = Instance("DCCA", i_CLKI=output, i_CE=run, o_CLKO=self.clk)
        if self._lag:
            m.submodules.lagging_gate = Instance(
                "DCCA", i_CLKI=lagging, i_CE=run, o_CLKO=self.lagging
            )

        return m

    def _second(self, clock: Signal) -> dict:
        """The PLL's second output: its phase counts eighths of the oscillator's period."""
        divider = self._pll.output
        steps = 8 * (divider - 1) + 8 * divider * self._lag // 360
        if steps >= 8 * DIVIDERS["output"]:
            steps -= 8 * divider
        return {
            "a_FREQUENCY_PIN_CLKOS": f"{self._hz / 1e6:g}",
            "p_CLKOS_ENABLE": "ENABLED",
            "p_CLKOS_DIV": divider,
            "p_CLKOS_CPHASE": steps // 8,
            "p_CLKOS_FPHASE": steps % 8,
            "o_CLKOS": clock,
        }

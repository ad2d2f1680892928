"""A memory in embedded block RAM, with the output register that inferred memories do without."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5 import is_ecp5
from hw.ecp5.copies import copies, part_of
from plan import block_rams, latency

ADDRESS_BITS = 14
"""The cell addresses single bits; a shape of 9·2^k bits leaves the low 3 + k address pins free."""

PARAMETERS = 64
HALVES = 16
HALF = 18
PITCH = 20
"""The contents, as one string of bits, are cut into halves of 18 bits, sixteen of them in each of
64 ``INITVAL`` parameters, each half in 20 bits (yosys' ``brams_map_16kd.v``)."""


def _initial_values(words: list[int], width: int) -> dict[str, Const]:
    """The ``INITVAL`` parameters of an EBR with these words of 9, 18 or 36 bits."""
    contents = sum(word << width * place for place, word in enumerate(words))
    values = {}
    for parameter in range(PARAMETERS):
        value = 0
        for place in range(HALVES):
            half = contents >> (parameter * HALVES + place) * HALF & (1 << HALF) - 1
            value |= half << place * PITCH
        values[f"p_INITVAL_{parameter:02X}"] = Const(value, HALVES * PITCH)
    return values


class Memory(wiring.Component):
    """Words of ``width`` bits, one write and one read a cycle.

    A word read is on ``read_data`` :attr:`READ_LATENCY` cycles after its address was presented; if
    addresses come early, one cycle more, and below a read is presented a cycle after its address.
    A write presented in cycle t is seen by reads presented from cycle t + 2 on; a read of the same
    word in cycle t + 1 gives anything (in t and before, the old word).

    Parameters
    ----------
    width, depth : int
        Bits of a word, number of words.
    init : sequence of int
        The first words; the others are 0.
    lanes : int
        Parts of a word that are written separately; must divide ``width``.
    parts : int
        Parts of a word whose block RAMs have registers of their own for the addresses, the write
        enables, and the choice of a bank: for words so wide that they lie all across the device.
    early : bool
        Addresses to read come a cycle early, for a register in each part.

    Members
    -------
    write_address, write_data, write_enable : In
        Bit k of ``write_enable`` writes bits ``k·width/lanes … (k+1)·width/lanes − 1``.
    read_address : In
        Always read.
    read_data : Out
    """

    READ_LATENCY = latency.MEMORY_READ

    def __init__(self, *, width, depth, init=(), lanes=1, parts=1, early=False):
        if width % lanes:
            raise ValueError(f"{lanes} lanes must divide the width {width}")
        if parts < 1:
            raise ValueError(f"parts must be at least 1, not {parts}")
        init = tuple(init)
        if len(init) > depth:
            raise ValueError(f"{len(init)} initial words must fit a depth of {depth}")
        for place, word in enumerate(init):
            if not 0 <= word < 1 << width:
                raise ValueError(f"initial word {place} must fit {width} bits, not {word:#x}")
        self.width = width
        self.depth = depth
        self.init = init
        self.lanes = lanes
        self._parts = parts
        self._early = early
        super().__init__(
            {
                "write_address": In(range(depth)),
                "write_data": In(width),
                "write_enable": In(lanes),
                "read_address": In(range(depth)),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform):
        return self._cells() if is_ecp5(platform) else self._twin()

    def _twin(self):
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=self.width, depth=self.depth, init=self.init
        )
        write = words.write_port(granularity=self.width // self.lanes)
        read = words.read_port()
        enable = Signal(self.lanes, reset_less=True)
        outreg = Signal(self.width, reset_less=True)
        read_data = Signal(self.width, reset_less=True)
        m.d.sync += [
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            enable.eq(self.write_enable),
            outreg.eq(read.data),
            read_data.eq(outreg),
        ]
        address = Signal.like(self.read_address, reset_less=True)
        m.d.sync += address.eq(self.read_address)
        m.d.comb += [
            write.en.eq(enable),
            read.addr.eq(address if self._early else self.read_address),
            self.read_data.eq(read_data),
        ]
        return m

    def _cells(self):
        m = Module()
        lane_width = self.width // self.lanes
        banks = block_rams.banks(lane_width, self.depth)
        write_data = Signal.like(self.write_data, reset_less=True)
        m.d.sync += write_data.eq(self.write_data)
        parts = self._parts
        write_addresses = copies(m, self.write_address, "write_address", parts)
        read_addresses = [self.read_address] * parts
        if self._early:
            read_addresses = copies(m, self.read_address, "read_address", parts)

        bank_data = []
        for number, bank in enumerate(banks):
            enable = Mux(_inside(self.write_address, bank), self.write_enable, 0)
            enables = copies(m, enable, f"enable_{number}", parts)
            data = Signal(self.width, name=f"data_{number}")
            for lane in range(self.lanes):
                for low in range(lane * lane_width, (lane + 1) * lane_width, bank.slice_width):
                    high = min(low + bank.slice_width, (lane + 1) * lane_width)
                    words = self.init[bank.start : bank.start + bank.depth]
                    part = part_of(low, self.width, parts)
                    m.submodules[f"ebr_{number}_{low}"] = block_ram(
                        bank,
                        contents=[word >> low & (1 << high - low) - 1 for word in words],
                        write_address=write_addresses[part],
                        write_data=write_data[low:high],
                        write_enable=enables[part][lane],
                        read_address=read_addresses[part],
                        read_data=data[low:high],
                    )
            bank_data.append(data)

        read_data = Signal(self.width, reset_less=True)
        m.d.comb += self.read_data.eq(read_data)
        for part, address in enumerate(read_addresses):
            bits = [bit for bit in range(self.width) if part_of(bit, self.width, parts) == part]
            if not bits:
                continue
            own = slice(bits[0], bits[-1] + 1)
            choice = Signal(range(len(banks)), name=f"choice_{part}")
            m.d.comb += choice.eq(len(banks) - 1)
            for number, bank in enumerate(banks[:-1]):
                with m.If(_inside(address, bank)):
                    m.d.comb += choice.eq(number)
            (select,) = copies(m, choice, f"select_{part}", 1)
            selected = Signal.like(choice, name=f"selected_{part}", reset_less=True)
            m.d.sync += selected.eq(select)
            with m.Switch(selected):
                for number, data in enumerate(bank_data):
                    with m.Case(number):
                        m.d.sync += read_data[own].eq(data[own])
        return m


def _inside(address, bank):
    """Whether the address lies in the bank: its upper bits are compared, no subtraction."""
    low = (bank.depth - 1).bit_length()
    return address[low:] == bank.start >> low


def block_ram(bank, *, contents, write_address, write_data, write_enable, read_address, read_data):
    """One EBR of the bank, port A writes and port B reads, the output register used."""
    width = bank.slice_width
    count = (bank.depth - 1).bit_length()
    unused = ADDRESS_BITS - count
    byte_enables = {9: 0b000, 18: 0b0011, 36: 0b01111}[width]
    # A memory of fewer words than the bank has too short an address.
    address_a = Cat(Const(byte_enables, unused), write_address[:count], Const(0, count))
    address_b = Cat(Const(0, unused), read_address[:count], Const(0, count))
    data_in = Cat(write_data, Const(0, width - len(write_data)))
    data_out = Cat(read_data, Signal(width - len(read_data), name="unused"))
    pins = {f"i_ADA{k}": address_a[k] for k in range(ADDRESS_BITS)}
    pins |= {f"i_ADB{k}": address_b[k] for k in range(ADDRESS_BITS)}
    # 36 bits take the data pins of both ports, the low half those of port A.
    pins |= {f"i_DI{'AB'[k // 18]}{k % 18}": data_in[k] for k in range(width)}
    if width == 36:
        pins |= {f"o_DO{'AB'[k // 18]}{k % 18}": data_out[k] for k in range(width)}
    else:
        pins |= {f"o_DOB{k}": data_out[k] for k in range(width)}
    for port in "AB":
        pins |= {f"i_CLK{port}": ClockSignal(), f"i_RST{port}": Const(0)}
        pins |= {f"i_CE{port}": Const(1), f"i_OCE{port}": Const(1)}
        pins |= {f"i_CS{port}{k}": Const(0) for k in range(3)}
    return Instance(
        "DP16KD",
        p_DATA_WIDTH_A=width,
        p_DATA_WIDTH_B=width,
        p_REGMODE_A="OUTREG",
        p_REGMODE_B="OUTREG",
        p_WRITEMODE_A="NORMAL",
        p_WRITEMODE_B="NORMAL",
        p_RESETMODE="SYNC",
        p_ASYNC_RESET_RELEASE="SYNC",
        p_CSDECODE_A="0b000",
        p_CSDECODE_B="0b000",
        p_CLKAMUX="CLKA",
        p_CLKBMUX="CLKB",
        p_GSR="DISABLED",
        **_initial_values(contents, width),
        i_WEA=write_enable,
        i_WEB=Const(0),
        **pins,
    )

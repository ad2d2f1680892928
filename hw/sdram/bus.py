"""The wires between the controller and the chip, and what a command looks like on them."""

from enum import IntEnum

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from plan import sdram

ADDRESS_BITS = (sdram.ROWS - 1).bit_length()
BANK_BITS = (sdram.BANKS - 1).bit_length()
COLUMN_BITS = (sdram.COLUMNS - 1).bit_length()
WORD_BITS = 8 * sdram.WORD_BYTES
ALL_BANKS = 1 << 10
"""A10 of a precharge."""

MODE = 1 << 9 | sdram.CAS_LATENCY << 4 | (sdram.BURST - 1).bit_length()
"""Mode register: words written one by one, read in sequential bursts."""


class Command(IntEnum):
    """What is asserted: write enable, column strobe, row strobe, from the lowest bit."""

    NOTHING = 0b000
    MODE = 0b111
    REFRESH = 0b110
    PRECHARGE = 0b101
    ACTIVATE = 0b100
    WRITE = 0b011
    READ = 0b010


class Bus(wiring.Signature):
    """The controller's side of the chip's pins; ones assert, whatever the pin's polarity.

    Members
    -------
    enable : ``Out(1)``
        The clock counts.
    command : ``Out(Command)``, bank : ``Out(2)``, address : ``Out(13)``
    mask : ``Out(1)``
        Keep the chip from driving, and from taking, data.
    o : ``Out(16)``, drive : ``Out(1)``
        A word to write, in the cycle of its command.
    i : ``In(16)``
        A word that was read, registered in the pads.
    """

    def __init__(self):
        super().__init__(
            {
                "enable": Out(1),
                "command": Out(3),
                "bank": Out(BANK_BITS),
                "address": Out(ADDRESS_BITS),
                "mask": Out(1, init=1),
                "o": Out(WORD_BITS),
                "drive": Out(1),
                "i": In(WORD_BITS),
            }
        )

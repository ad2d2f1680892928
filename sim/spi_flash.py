"""An SPI flash memory behind the clock pin of the configuration, for Amaranth's simulator.

Written from the data sheets of such memories (W25Q128JV, IS25LP128F) and from nothing of the
circuit's.
"""

from dataclasses import dataclass, field


class FlashBreach(AssertionError):
    """What no such memory allows."""


@dataclass
class SpiFlash:
    """The memory: what it holds, erased where ``contents`` say nothing.

    It sleeps until it has been told to wake, and for ``wake`` cycles after that; the first pulses
    of its clock do not reach it.
    """

    contents: dict[int, int] = field(default_factory=dict)
    wake: int = 5
    lost: int = 3
    size: int = 1 << 24
    asleep: bool = True
    reads: int = 0

    def write(self, address: int, data: bytes) -> None:
        for offset, byte in enumerate(data):
            self.contents[address + offset] = byte

    async def serve(self, ctx, pins, over) -> None:
        """Play the memory at ``pins`` (clk, select, o, i), until ``over()``."""
        clock = selected = 0
        pulses = 0
        awake_in = None
        bits, count, address, out = 0, 0, None, None
        while not over():
            was_clock, was_selected = clock, selected
            clock, selected = ctx.get(pins.clk), ctx.get(pins.select)
            if clock and not was_clock:
                pulses += 1
            hears = pulses > self.lost
            if selected and not was_selected:
                if clock:
                    raise FlashBreach("selected while the clock is high")
                if not hears:
                    raise FlashBreach("selected before the clock reaches the memory")
                bits, count, address, out = 0, 0, None, None
            if was_selected and not selected:
                if count == 8 and bits == 0xAB:
                    self.asleep, awake_in = True, self.wake
                elif count < 32 or clock:
                    raise FlashBreach(f"deselected after {count} bits")
            if awake_in is not None:
                awake_in -= 1
                if awake_in <= 0:
                    self.asleep, awake_in = False, None
            if selected and clock and not was_clock:
                if count < 32:
                    bits = bits << 1 | ctx.get(pins.o)
                count += 1
                if count == 8 and bits not in (0xAB, 0x03):
                    raise FlashBreach(f"command {bits:#x}")
                if count == 8 and bits == 0x03 and self.asleep:
                    raise FlashBreach("read while asleep")
                if count == 32:
                    if bits >> 24 != 0x03:
                        raise FlashBreach("more than the command to wake")
                    address = (bits & 0xFFFFFF) << 3
                    self.reads += 1
            if selected and was_clock and not clock and address is not None:
                byte = self.contents.get((address >> 3) % self.size, 0xFF)
                out = byte >> 7 - (address & 7) & 1
                address += 1
            ctx.set(pins.i, 1 if out is None or not selected else out)
            await ctx.tick()

"""What travels between the parts of the link."""

from amaranth.lib.data import StructLayout

BYTE = StructLayout({"data": 8, "broken": 1})
"""A byte from the line; ``broken`` if its stop bit was missing."""

LAST_BYTE = StructLayout({"data": 8, "last": 1})
"""A byte of a frame to be sent."""

LAST_WORD = StructLayout({"data": 32, "last": 1})
"""Four bytes of a frame to be sent, the lowest first."""

HEAD = StructLayout({"version": 8, "type": 8, "sequence": 16, "argument": 16, "length": 16})
"""A frame's header, after ``spec.protocol.HEADER``."""

ARRIVAL = StructLayout({"head": HEAD, "refusal": 4})
"""A frame that has come: its header, and why it is none (0 if it is one)."""

PLACE = StructLayout({"sequence": 16, "index": 16})
"""An image and one of its chunks."""

"""Every fixed latency of the circuit, in cycles: the one home that components and plan share."""

MEMORY_READ = 3
"""Block RAM: read address to data (block RAM, its output register, bank multiplexer)."""

ISSUE = 2 + MEMORY_READ + 1
"""Start of a pass to its first pixel at the array: counters, address, read, zero padding."""

FETCH = 12
"""Start of a step to the next step's fields being known, with room."""

KNOWN = 3 + MEMORY_READ
"""Start of a step to the next step's fields being known."""

LOADER = 1
"""Last weight row read to the earliest start of the next pass."""

ACCUMULATOR = 1
"""Column sums to total."""

CONDITION = 2
"""Something a step waits for (a word written, a row of patches done) to the start of the step."""

FREE = 1
"""Last pixel of a step's last pass to the window generator's being told."""

SUMS = 2
"""Last word of the last convolution to the class sums' being complete."""

REQUANTIZER = 7
"""Total to byte."""

POOL = 6
"""Beat to the word it ends."""

POOL_REVISIT = 2
"""The fewest cycles between two results of the max-pool along rows that meet a partial maximum."""

CHUNK_BYTE = 1 + MEMORY_READ + 1
"""Looking for a byte of a chunk to looking for the next one, or to offering the pixel."""

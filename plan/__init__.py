"""What the engine does, and in which cycle. Plain Python: no Amaranth, no torch."""

"""A camera as a source: its set-up, its wires, its frames, what the network sees of them."""

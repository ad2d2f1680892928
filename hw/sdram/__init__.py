"""The SDRAM: its controller, the stream of weights out of it, its pads and its test."""

"""Caracal: from photographs to an open FPGA."""

__version__ = "0.1.0"

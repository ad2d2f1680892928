"""Do circuit and reference agree, bit for bit? cocotb benches on Verilator."""

// Models of the ECP5's logic cells as yosys writes them, for simulating a netlist: from Lattice
// FPGA-TN-02204 (memory usage, distributed RAM), FPGA-DS-02012 (slices, start-up) and the FPGA
// Libraries Reference Guide (LUT4, PFUMX, L6MUX21). No model derives a clock: a flip-flop is clocked
// by its own pin, so that all of them see the same edge before any output changes.
`timescale 1ps/1ps

// Four inputs; bit {D, C, B, A} of INIT.
module LUT4(input A, B, C, D, output Z);
  parameter [15:0] INIT = 0;
  assign Z = INIT[{D, C, B, A}];
endmodule

// Two LUTs of a slice make one of five inputs: C0 chooses ALUT where it is 1.
module PFUMX(input ALUT, BLUT, C0, output Z);
  assign Z = C0 ? ALUT : BLUT;
endmodule

// Six inputs and more: SD chooses D1 where it is 1.
module L6MUX21(input D0, D1, SD, output Z);
  assign Z = SD ? D1 : D0;
endmodule

// A flip-flop. Configuration gives it REGSET; LSR gives it that again: at the clock, or with
// SRMODE "ASYNC" at once.
module TRELLIS_FF(input CLK, LSR, CE, DI, M, output reg Q);
  parameter GSR = "ENABLED";
  parameter CEMUX = "1";
  parameter CLKMUX = "CLK";
  parameter LSRMUX = "LSR";
  parameter LSRONMUX = "LSRMUX";
  parameter SRMODE = "LSR_OVER_CE";
  parameter REGSET = "SET";
  parameter SD = "1";
  localparam VALUE = REGSET == "SET";

  wire enable = CEMUX == "CE" ? CE : CEMUX == "INV" ? ~CE : CEMUX != "0";
  wire set = LSRMUX == "LSR" ? LSR : LSRMUX == "INV" ? ~LSR : 1'b0;
  initial Q = VALUE;
  generate
    if (SRMODE == "ASYNC") begin : asynchronous
      always @(posedge CLK, posedge set)
        if (set) Q <= VALUE;
        else if (enable) Q <= DI;
    end else begin : synchronous
      always @(posedge CLK)
        if (set && (enable || SRMODE == "LSR_OVER_CE")) Q <= VALUE;
        else if (enable) Q <= DI;
    end
  endgenerate

  initial
    if (CLKMUX != "CLK" || SD == "0") begin
      $display("TRELLIS_FF: this use is not modelled");
      $finish;
    end
endmodule

// Sixteen words of four bits: written at the clock, read at once. Bit k of word n starts as
// INITVAL[4n + k].
module TRELLIS_DPR16X4(
  input [3:0] DI, WAD, RAD, input WRE, WCK, output [3:0] DO
);
  parameter WCKMUX = "WCK";
  parameter WREMUX = "WRE";
  parameter [63:0] INITVAL = 0;
  reg [3:0] contents [0:15];
  integer k;
  initial for (k = 0; k < 16; k = k + 1) contents[k] = INITVAL[4 * k +: 4];
  wire write = WREMUX == "WRE" ? WRE : WREMUX == "INV" ? ~WRE : WREMUX != "0";
  always @(posedge WCK) if (write) contents[WAD] <= DI;
  assign DO = contents[RAD];

  initial
    if (WCKMUX != "WCK") begin
      $display("TRELLIS_DPR16X4: this use is not modelled");
      $finish;
    end
endmodule

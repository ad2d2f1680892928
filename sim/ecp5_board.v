// Models of what a netlist has around its logic: pads, clock gate, PLL. From Lattice FPGA-TN-02200
// (sysCLOCK PLL and its primitives) and FPGA-DS-02012 (limits of the PLL).
`timescale 1ps/1ps

// A pad. T = 1 lets go of it.
module TRELLIS_IO(inout B, input I, T, output O);
  parameter DIR = "INPUT";
  generate
    if (DIR == "INPUT") assign O = B;
    else if (DIR == "OUTPUT") assign B = T ? 1'bz : I;
    else begin : both
      assign O = B;
      assign B = T ? 1'bz : I;
    end
  endgenerate
endmodule

// Opens and closes while the clock is low.
module DCCA(input CLKI, CE, output CLKO);
  reg open = 0;
  always @(CLKI or CE) if (!CLKI) open = CE;
  assign CLKO = CLKI & open;
endmodule

// A PLL that feeds its first output back to itself: CLKOP has CLKFB_DIV / CLKI_DIV of the
// reference's frequency, in phase with it once LOCK is up. Before that it runs, at a wrong
// frequency.
module EHXPLLL(
  input CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY, PLLWAKESYNC,
  input RST, ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
  output reg CLKOP, output CLKOS, CLKOS2, CLKOS3, output reg LOCK, output INTLOCK, REFCLK, CLKINTFB
);
  parameter CLKI_DIV = 1;
  parameter CLKFB_DIV = 1;
  parameter CLKOP_DIV = 8;
  parameter CLKOP_CPHASE = 0;
  parameter CLKOP_FPHASE = 0;
  parameter CLKOP_ENABLE = "ENABLED";
  parameter FEEDBK_PATH = "CLKOP";
  parameter OUTDIVIDER_MUXA = "DIVA";
  parameter OUTDIVIDER_MUXB = "DIVB";
  parameter OUTDIVIDER_MUXC = "DIVC";
  parameter OUTDIVIDER_MUXD = "DIVD";
  parameter PLLRST_ENA = "DISABLED";
  parameter INTFB_WAKE = "DISABLED";
  parameter STDBY_ENABLE = "DISABLED";
  parameter DPHASE_SOURCE = "DISABLED";
  localparam ALIKE = 20;  // reference periods of one length, after which it locks

  // Times in ps.
  longint last = 0, period = 0, made = 0;
  integer alike = 0;

  initial begin
    CLKOP = 0;
    LOCK = 0;
    if (FEEDBK_PATH != "CLKOP" || CLKOP_ENABLE != "ENABLED" || OUTDIVIDER_MUXA != "DIVA"
        || CLKOP_CPHASE != CLKOP_DIV - 1 || CLKOP_FPHASE != 0) begin
      $display("EHXPLLL: this use is not modelled");
      $finish;
    end
  end

  always @(posedge CLKI) begin
    period = $time - last;
    last = $time;
    if (period * CLKI_DIV == made * CLKFB_DIV) begin
      alike = alike + 1;
      if (alike == ALIKE) begin
        // 3.125 to 400 MHz at the phase detector, 400 to 800 MHz in the oscillator.
        if (period * CLKI_DIV < 2500 || period * CLKI_DIV > 320000
            || made < 1250 * CLKOP_DIV || made > 2500 * CLKOP_DIV || made % 2 != 0) begin
          $display("EHXPLLL: %0d ps from %0d ps is outside what it can do", made, period);
          $finish;
        end
        LOCK = 1;
      end
    end else begin
      alike = 0;
      LOCK = 0;
      made = period * CLKI_DIV / CLKFB_DIV;
    end
  end

  // Whole periods of the output between the edges that must meet.
  always begin
    if (!LOCK) #1700 CLKOP = ~CLKOP;
    else begin
      @(posedge CLKI);
      while (LOCK) begin
        CLKOP = 1;
        #(made / 2) CLKOP = 0;
        #(made / 2);
      end
    end
  end
endmodule

// Two bits a cycle to a pad: D0 while the clock is high, D1 while it is low (FPGA-TN-02035). The
// global reset at the end of configuration clears both, unless it is disabled.
module ODDRX1F(input D0, D1, SCLK, RST, output Q);
  parameter GSR = "ENABLED";
  reg high, low;
  initial if (GSR == "ENABLED") {high, low} = 2'b00;
  always @(posedge SCLK) {high, low} <= RST ? 2'b00 : {D0, D1};
  assign Q = SCLK ? high : low;
endmodule

// The pin of the configuration's clock, driven by the design; nobody listens there.
module USRMCLK (
    input wire USRMCLKI, USRMCLKTS
);
endmodule

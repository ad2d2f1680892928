// Models of the ECP5 cells that hw/ecp5 instantiates, written from Lattice's documentation to test
// those instances and whole netlists: FPGA-TN-02205 (sysDSP), FPGA-TN-02204 (memory), FPGA-TN-02209
// and yosys' cells_sim.v (carry cell). What is not modelled stops the simulation; what configuration
// does not set has no value at first.
`timescale 1ns/1ps

// 18×18 multiplier: an input, a pipeline and an output register, each there unless its clock is
// "NONE". The signs are registered with their operands. Clock 0, enable 0 and reset 0 only.
module MULT18X18D(
  input A17, A16, A15, A14, A13, A12, A11, A10, A9,
    A8, A7, A6, A5, A4, A3, A2, A1, A0,
  input B17, B16, B15, B14, B13, B12, B11, B10, B9,
    B8, B7, B6, B5, B4, B3, B2, B1, B0,
  input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0,
  output P35, P34, P33, P32, P31, P30, P29, P28, P27,
    P26, P25, P24, P23, P22, P21, P20, P19, P18,
    P17, P16, P15, P14, P13, P12, P11, P10, P9,
    P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  parameter REG_INPUTA_CLK = "NONE";
  parameter REG_INPUTB_CLK = "NONE";
  parameter REG_PIPELINE_CLK = "NONE";
  parameter REG_OUTPUT_CLK = "NONE";
  parameter REG_INPUTA_CE = "CE0";
  parameter REG_INPUTB_CE = "CE0";
  parameter REG_PIPELINE_CE = "CE0";
  parameter REG_OUTPUT_CE = "CE0";
  parameter REG_INPUTA_RST = "RST0";
  parameter REG_INPUTB_RST = "RST0";
  parameter REG_PIPELINE_RST = "RST0";
  parameter REG_OUTPUT_RST = "RST0";
  parameter GSR = "ENABLED";
  parameter RESETMODE = "SYNC";

  wire [17:0] a_pins = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b_pins = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  wire [35:0] p;
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24,
    P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12,
    P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p;

  // The nineteenth bit is the sign, or 0 of an unsigned operand.
  wire signed [18:0] a_in = {SIGNEDA & a_pins[17], a_pins};
  wire signed [18:0] b_in = {SIGNEDB & b_pins[17], b_pins};
  reg signed [18:0] a_reg, b_reg;
  wire signed [18:0] a = REG_INPUTA_CLK == "NONE" ? a_in : a_reg;
  wire signed [18:0] b = REG_INPUTB_CLK == "NONE" ? b_in : b_reg;
  wire signed [37:0] product = a * b;
  reg [35:0] pipeline_reg, output_reg;
  wire [35:0] pipelined = REG_PIPELINE_CLK == "NONE" ? product[35:0] : pipeline_reg;
  assign p = REG_OUTPUT_CLK == "NONE" ? pipelined : output_reg;

  always @(posedge CLK0)
    if (RST0) begin
      a_reg <= 0;
      b_reg <= 0;
      pipeline_reg <= 0;
      output_reg <= 0;
    end else if (CE0) begin
      a_reg <= a_in;
      b_reg <= b_in;
      pipeline_reg <= product[35:0];
      output_reg <= pipelined;
    end

  always @(posedge CLK0)
    if (SOURCEA || SOURCEB) begin
      $display("MULT18X18D: the shift inputs are not modelled");
      $finish;
    end
endmodule

// Carry cell: two LUTs, each with the xor of a carry chain behind it; where a LUT is 0, its lowest
// four bits at A, B are the carry out.
module CCU2C(
  input A0, B0, C0, D0, A1, B1, C1, D1, CIN,
  output S0, S1, COUT
);
  parameter [15:0] INIT0 = 0;
  parameter [15:0] INIT1 = 0;
  parameter INJECT1_0 = "YES";
  parameter INJECT1_1 = "YES";

  wire lut_0 = INIT0[{D0, C0, B0, A0}];
  wire lut_1 = INIT1[{D1, C1, B1, A1}];
  wire carry_0 = lut_0 ? CIN : INJECT1_0 == "NO" && INIT0[{2'b00, B0, A0}];
  assign COUT = lut_1 ? carry_0 : INJECT1_1 == "NO" && INIT1[{2'b00, B1, A1}];
  assign S0 = lut_0 ^ (INJECT1_0 == "NO" && CIN);
  assign S1 = lut_1 ^ (INJECT1_1 == "NO" && carry_0);
endmodule

// 18 Kbit block RAM, port A writing and port B reading, both as wide as each other: 9, 18 or 36
// bits. The contents are 2048 bytes of nine bits; a word is one, two or four of them, the lowest
// first. Words of more than a byte have a write enable a byte on the lowest address pins.
module DP16KD(
  input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5,
    ADA4, ADA3, ADA2, ADA1, ADA0,
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
  input CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
  input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5,
    ADB4, ADB3, ADB2, ADB1, ADB0,
  input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
  input CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
  output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
  output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
  parameter DATA_WIDTH_A = 18;
  parameter DATA_WIDTH_B = 18;
  parameter REGMODE_A = "NOREG";
  parameter REGMODE_B = "NOREG";
  parameter WRITEMODE_A = "NORMAL";
  parameter WRITEMODE_B = "NORMAL";
  parameter RESETMODE = "SYNC";
  parameter ASYNC_RESET_RELEASE = "SYNC";
  parameter CSDECODE_A = "0b000";
  parameter CSDECODE_B = "0b000";
  parameter CLKAMUX = "CLKA";
  parameter CLKBMUX = "CLKB";
  parameter GSR = "ENABLED";
  parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0;
  parameter [319:0] INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0;
  parameter [319:0] INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0;
  parameter [319:0] INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0;
  parameter [319:0] INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0;
  parameter [319:0] INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0;
  parameter [319:0] INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0;
  parameter [319:0] INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0;
  parameter [319:0] INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0;
  parameter [319:0] INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0;
  parameter [319:0] INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0;
  parameter [319:0] INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0;
  parameter [319:0] INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0;
  parameter [319:0] INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0;
  parameter [319:0] INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0;
  parameter [319:0] INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;
  localparam [64*320-1:0] INITVALS = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
    INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
    INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
    INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
    INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
    INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
    INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
  };
  wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7,
    ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7,
    ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  wire [35:0] data_in = {
    DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
  wire [35:0] data_out;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0,
    DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = data_out;

  localparam BYTES = DATA_WIDTH_A / 9;
  reg [8:0] contents [0:2047];
  integer k;
  // A parameter holds sixteen halves of 18 bits, each in 20.
  initial
    for (k = 0; k < 2048; k = k + 1)
      contents[k] = INITVALS[k / 32 * 320 + k / 2 % 16 * 20 + k % 2 * 9 +: 9];

  wire [10:0] place_a = address_a[13:3] & ~(BYTES - 1);
  wire [10:0] place_b = address_b[13:3] & ~(BYTES - 1);
  wire [3:0] bytes_written = BYTES == 1 ? 4'b0001 : BYTES == 2 ? address_a[1:0] : address_a[3:0];
  wire writing = CEA && WEA && {CSA2, CSA1, CSA0} == 0;
  wire reading = CEB && {CSB2, CSB1, CSB0} == 0;
  reg [35:0] latch, output_reg;

  always @(posedge CLKA) begin
    if (writing)
      for (k = 0; k < BYTES; k = k + 1)
        if (bytes_written[k]) contents[place_a + k] <= data_in[9 * k +: 9];
    if (reading)
      for (k = 0; k < BYTES; k = k + 1)
        // Reading a byte while it is written is undefined: no test may see something useful.
        latch[9 * k +: 9] <= writing && bytes_written[k] && place_a == place_b
          ? ~data_in[9 * k +: 9] : contents[place_b + k];
    if (OCEB) output_reg <= latch;
  end
  wire [35:0] word = REGMODE_B == "OUTREG" ? output_reg : latch;
  assign data_out = BYTES == 4 ? word : {word[17:0], 18'b0};

  always @(posedge CLKA)
    if (DATA_WIDTH_A != DATA_WIDTH_B || (BYTES != 1 && BYTES != 2 && BYTES != 4)
        || REGMODE_A != REGMODE_B || WEB || RSTA || RSTB) begin
      $display("DP16KD: this use is not modelled");
      $finish;
    end
endmodule

// Moves whole frames through the core without leaving the simulator.
//
// Files, in the directory of the run: segments.txt has a line for each network that is run: how
// many words of loads.txt to load first, with the core at rest (0: it has the network), its frames,
// and the pixels of one; loads.txt has a word a line, hexadecimal; pixels.bin (red, green, blue
// bytes, raster order, all frames) is read; trace.bin and written.bin take the core's words, WORD_BITS
// rounded up to 32 each; results.txt takes a line a result: the cycle in which it was first
// offered, the word, its last flag; offered.bin the cycles, of 32 bits, from which each pixel was
// offered; frames.txt a line a frame: the cycle in which its first pixel was taken, how many cycles
// the core wanted its next pixel in vain, and how many it held a result.
// Both streams stall with a probability of I_STALL and O_STALL of 256.
`timescale 1ns/1ps

module bench_core #(
    parameter WORD_BITS = 128,
    parameter LOAD_BITS = 1
);
  logic clk = 0;
  logic rst = 1;
  logic done /*verilator public_flat_rd*/ = 0;
  logic broken /*verilator public_flat_rd*/ = 0;  // a result changed before it was taken

  int segments, loads, pixels, trace, written, results, totals, offers;
  int words = 0;
  int frames, frame_pixels, i_stall, o_stall, seed;
  int taken, finished;
  longint cycle = 0;
  longint offered, start;
  int starved = 0, held = 0;
  logic [23:0] next, rgb;  // red in the high byte
  logic [31:0] random;

  logic i_valid = 0, i_ready, o_valid, o_ready = 0, o_new = 1, trace_valid, written_valid;
  logic running = 1, load_valid = 0;
  logic [LOAD_BITS - 1:0] load_word, load;
  logic [32:0] o_payload, o_before;
  logic [WORD_BITS - 1:0] trace_payload, written_payload;

  core core (
      .clk(clk), .rst(rst),
      .i__valid(i_valid), .i__ready(i_ready),
      .i__payload({rgb[7:0], rgb[15:8], rgb[23:16]}),
      .o__valid(o_valid), .o__ready(o_ready), .o__payload(o_payload),
      .running(running),
      .i_load__valid(load_valid), .i_load__ready(), .i_load__payload(load),
      .trace__valid(trace_valid), .trace__payload(trace_payload),
      .written__valid(written_valid), .written__payload(written_payload)
  );

  function automatic logic [31:0] xorshift(input logic [31:0] x);
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ (x << 5);
  endfunction

  initial begin
    segments = $fopen("segments.txt", "r");
    loads = $fopen("loads.txt", "r");
    void'($fscanf(segments, "%d %d %d", words, frames, frame_pixels));
    running = words == 0;
    void'($value$plusargs("i_stall=%d", i_stall));
    void'($value$plusargs("o_stall=%d", o_stall));
    void'($value$plusargs("seed=%d", seed));
    random = seed;
    pixels = $fopen("pixels.bin", "rb");
    trace = $fopen("trace.bin", "wb");
    written = $fopen("written.bin", "wb");
    results = $fopen("results.txt", "w");
    totals = $fopen("frames.txt", "w");
    offers = $fopen("offered.bin", "wb");
  end

  always #5 clk = ~clk;

  always @(posedge clk) begin
    cycle <= cycle + 1;
    random <= xorshift(random);
    rst <= cycle < 2;
    // `taken` counts the pixel on offer too.
    if (i_valid && i_ready && taken % frame_pixels == 1) start <= cycle;
    if (!i_valid && i_ready && taken % frame_pixels != 0) starved <= starved + 1;
    if (!rst && !running) begin
      load_valid <= words != 0;
      if (words != 0) begin
        void'($fscanf(loads, "%h", load_word));
        load <= load_word;
        words = words - 1;
      end else if (!load_valid) begin
        running <= 1;
      end
    end
    if (!rst && running && (!i_valid || i_ready)) begin
      if (taken < frames * frame_pixels && random[7:0] >= i_stall[7:0]) begin
        void'($fread(next, pixels));
        rgb <= next;
        i_valid <= 1;
        $fwrite(offers, "%u", int'(cycle + 1));
        taken <= taken + 1;
      end else begin
        i_valid <= 0;
      end
    end
    if (trace_valid && !rst) $fwrite(trace, "%u", trace_payload);
    if (written_valid && !rst) $fwrite(written, "%u", written_payload);
    o_ready <= random[15:8] >= o_stall[7:0];
    if (o_valid && o_new) offered <= cycle;
    if (o_valid) o_new <= o_ready;
    if (o_valid && !o_ready) held <= held + 1;
    o_before <= o_payload;
    if (!o_new && !(o_valid && o_payload == o_before)) broken <= 1;
    if (o_valid && o_ready && !rst) begin
      $fwrite(results, "%0d %0d %0d\n", o_new ? cycle : offered, $signed(o_payload[31:0]),
              o_payload[32]);
      if (o_payload[32]) begin
        $fwrite(totals, "%0d %0d %0d\n", start, starved, held);
        starved <= 0;
        held <= 0;
        finished <= finished + 1;
      end
    end
    if (finished == frames && taken == frames * frame_pixels && !i_valid && !done) begin
      if ($fscanf(segments, "%d %d %d", words, frames, frame_pixels) == 3) begin
        running <= 0;
        taken <= 0;
        finished <= 0;
      end else begin
        $fclose(trace);
        $fclose(written);
        $fclose(results);
        $fclose(totals);
        $fclose(offers);
        done <= 1;
      end
    end
  end
endmodule

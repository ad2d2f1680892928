// The SDRAM chip, written from the data sheets and from nothing of this project: 4 banks of 8192
// rows of 512 words, the strictest times of MT48LC16M16A2-6A and -75 and of AS4C32M16SB-7. It checks every command, and ends the run at the first that breaks a rule,
// with the rule's name.
//
// Auto precharge, self refresh, power-down, burst stop and full pages are not modelled: they are
// breaches. All else is as on the pins, a word on each rising edge of `clk`; what is on `dq_o` when
// the chip does not drive it is noise. `+sdram=FILE` says what it holds, for $readmemh.

module sdram_chip #(
    parameter longint PERIOD_PS = 10_000,
    parameter longint START_PS = 200_000_000,
    parameter longint T_RC = 66_000
) (
    input  logic        clk,
    input  logic        cke,
    input  logic        cs_n,
    input  logic        ras_n,
    input  logic        cas_n,
    input  logic        we_n,
    input  logic [1:0]  ba,
    input  logic [12:0] a,
    input  logic [1:0]  dqm,
    input  logic [15:0] dq_i,
    input  logic        dq_driven,
    output logic [15:0] dq_o,
    output logic        dq_oe
);
    localparam longint T_RCD = 21_000;
    localparam longint T_RP = 21_000;
    localparam longint T_RAS = 44_000;
    localparam longint T_RFC = 70_000;
    localparam longint T_RRD = 15_000;
    localparam longint T_WR = 15_000;
    localparam longint T_MRD = 15_000;
    localparam longint T_REFI = 7_812_500;
    localparam longint T_CK3 = 7_000;
    localparam longint T_CK2 = 10_000;
    localparam longint LONG_AGO = -64'sd1_000_000_000_000;
    localparam int START_REFRESHES = 8;

    logic [15:0] words [0:(1 << 24) - 1];

    longint now = 0;
    longint edges = 0;

    // Initialization.
    bit precharged = 0, programmed = 0;
    int refreshes = 0;

    // Banks, and what happened when.
    bit          opened [4];
    logic [12:0] row [4];
    longint      activated [4], closed [4], written [4], written_edge [4];
    longint      activated_any = LONG_AGO, refreshed = LONG_AGO, mode_set = LONG_AGO;
    longint      owed = 0;

    // Mode register.
    int latency = 3, length = 1;
    bit single_writes = 0;

    // The burst under way, and words on their way out.
    int          left = 0;
    bit          writing = 0;
    logic [1:0]  burst_bank = 0;
    logic [8:0]  column = 0;
    logic [15:0] pipe [3];
    bit          pipe_on [3];
    bit          was_driving = 0;

    string contents;

    initial if ($value$plusargs("sdram=%s", contents)) $readmemh(contents, words);

    initial begin
        for (int bank = 0; bank < 4; bank++) begin
            opened[bank] = 0;
            row[bank] = 0;
            activated[bank] = LONG_AGO;
            closed[bank] = LONG_AGO;
            written[bank] = LONG_AGO;
            written_edge[bank] = LONG_AGO;
        end
        for (int stage = 0; stage < 3; stage++) begin
            pipe[stage] = 0;
            pipe_on[stage] = 0;
        end
        dq_oe = 0;
        dq_o = 16'hdead;
    end

    task automatic breach(input string rule);
        $display("SDRAM breach: %s, %0d ps after power-up", rule, now);
        $fatal(1, "SDRAM breach: %s", rule);
    endtask

    task automatic since(input longint then, input longint least, input string rule);
        if (now - then < least) breach(rule);
    endtask

    function automatic logic [8:0] next_column(input logic [8:0] at);
        logic [8:0] wrapped = 9'(length - 1);
        return (at & ~wrapped) | ((at + 9'd1) & wrapped);
    endfunction

    task automatic store();
        logic [23:0] place = {burst_bank, row[burst_bank], column};
        if (!dq_driven) breach("write data: the bus is not driven");
        if (!dqm[0]) words[place][7:0] = dq_i[7:0];
        if (!dqm[1]) words[place][15:8] = dq_i[15:8];
        written[burst_bank] = now;
        written_edge[burst_bank] = edges;
    endtask

    task automatic any_command();
        if (!cke) breach("initialization: a command while CKE is low");
        if (now < START_PS) breach("initialization: a command too soon after power-up");
        since(refreshed, T_RFC, "tRFC");
        since(mode_set, T_MRD, "tMRD");
    endtask

    task automatic usable();
        if (!precharged || refreshes < START_REFRESHES || !programmed)
            breach("initialization: used before precharge, eight refreshes and mode register");
    endtask

    task automatic activate();
        usable();
        if (opened[ba]) breach("bank state: activated while open");
        since(closed[ba], T_RP, "tRP");
        since(activated[ba], T_RC, "tRC");
        since(activated_any, T_RRD, "tRRD");
        opened[ba] = 1;
        row[ba] = a;
        activated[ba] = now;
        activated_any = now;
    endtask

    task automatic access(input bit write);
        usable();
        if (!opened[ba]) breach("bank state: read or written while closed");
        since(activated[ba], T_RCD, "tRCD");
        if (a[10]) breach("not modelled: auto precharge");
        if (a[12:11] != 0 || a[9] != 0) breach("address: a column of more than 9 bits");
        burst_bank = ba;
        column = a[8:0];
        writing = write;
        left = write && single_writes ? 1 : length;
    endtask

    task automatic precharge();
        for (int bank = 0; bank < 4; bank++) begin
            if ((a[10] || ba == 2'(bank)) && opened[bank]) begin
                since(activated[bank], T_RAS, "tRAS");
                since(written[bank], T_WR, "tWR");
                if (edges - written_edge[bank] < 2) breach("tWR");
                opened[bank] = 0;
                closed[bank] = now;
                if (burst_bank == 2'(bank)) left = 0;
            end
        end
        if (!precharged) begin
            if (!a[10]) breach("initialization: the first command is not a precharge of all banks");
            for (int bank = 0; bank < 4; bank++) closed[bank] = now;
            precharged = 1;
        end
    endtask

    task automatic idle_banks(input string rule);
        for (int bank = 0; bank < 4; bank++) begin
            if (opened[bank]) breach(rule);
            since(closed[bank], T_RP, "tRP");
            since(activated[bank], T_RC, "tRC");
        end
    endtask

    task automatic refresh();
        if (!precharged) breach("initialization: refreshed before a precharge of all banks");
        idle_banks("bank state: refreshed while a bank is open");
        refreshes++;
        refreshed = now;
        owed = owed > T_REFI ? owed - T_REFI : 0;
    endtask

    task automatic set_mode();
        if (!precharged) breach("initialization: mode register before a precharge of all banks");
        idle_banks("bank state: mode register set while a bank is open");
        if (ba != 0 || a[12:10] != 0 || a[8:7] != 0) breach("mode register: reserved bits");
        if (a[3]) breach("not modelled: interleaved bursts");
        if (a[2:0] > 3) breach("not modelled: full pages");
        length = 1 << a[2:0];
        latency = int'(a[6:4]);
        if (latency != 2 && latency != 3) breach("mode register: CAS latency");
        if (PERIOD_PS < (latency == 3 ? T_CK3 : T_CK2)) breach("tCK");
        single_writes = a[9];
        programmed = 1;
        mode_set = now;
    endtask

    always @(posedge clk) begin
        now += PERIOD_PS;
        edges++;

        // The bus: nobody may drive it while, or in the cycle after, the chip does.
        if (dq_driven && (dq_oe || was_driving)) breach("turn-round: both drive the data bus");
        was_driving = dq_oe;

        if (programmed) begin
            if (!cke) breach("not modelled: power-down");
            owed += PERIOD_PS;
            if (owed > 2 * T_REFI) breach("tREFI");
        end

        if (!cs_n && {ras_n, cas_n, we_n} != 3'b111) begin
            any_command();
            case ({ras_n, cas_n, we_n})
                3'b000: set_mode();
                3'b001: refresh();
                3'b010: precharge();
                3'b011: activate();
                3'b100: access(1);
                3'b101: access(0);
                default: breach("not modelled: burst stop");
            endcase
        end

        // A word in; or one that is asked for, into the pipeline, and one out of it.
        if (left != 0 && writing) store();
        pipe[2] = pipe[1];
        pipe_on[2] = pipe_on[1];
        pipe[1] = pipe[0];
        pipe_on[1] = pipe_on[0];
        pipe[0] = words[{burst_bank, row[burst_bank], column}];
        pipe_on[0] = left != 0 && !writing;
        if (dqm == 2'b11) pipe_on[latency - 2] = 0;  // two edges later, on the pins
        else if (dqm != 0 && pipe_on[latency - 2]) breach("not modelled: one byte masked");
        if (left != 0) begin
            left--;
            column = next_column(column);
        end
        dq_oe <= pipe_on[latency - 1];
        dq_o <= pipe_on[latency - 1] ? pipe[latency - 1] : 16'hdead ^ 16'(edges);
    end
endmodule

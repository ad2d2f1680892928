// Plays a script to the SDRAM chip's pins. Each line of standard input is a number of cycles and the
// level of each input in them: cke, command (ras, cas, we; ones assert), bank, address, mask, data,
// whether the data are driven. Writes what the chip drives at each edge, a line each.

#include <cinttypes>
#include <cstdio>

#include "Vpins.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);  // the chip asks for them
    Vpins pins{&context};
    unsigned count, enable, command, bank, address, mask, data, drive;
    uint64_t edge = 0;
    while (std::scanf("%u %u %u %u %u %u %u %u", &count, &enable, &command, &bank, &address, &mask,
                      &data, &drive) == 8) {
        for (; count; --count, ++edge) {
            pins.enable = enable;
            pins.command = command;
            pins.bank = bank;
            pins.address = address;
            pins.mask = mask;
            pins.i = data;
            pins.drive = drive;
            pins.clk = 0;
            pins.eval();
            if (pins.driving) std::printf("%" PRIu64 " %u\n", edge, unsigned(pins.o));
            std::fflush(stdout);
            pins.clk = 1;
            pins.eval();
        }
    }
    pins.final();
    return 0;
}

// A screen with its three clocks, which know nothing of each other: takes a record of eight bytes for
// each cycle of the core's clock from its standard input, then writes a byte for each cycle of the bits'
// clock. Arguments: how many of those; a seed of the clocks' phases.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "Vscreen.h"
#include "verilated.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const long count = std::atol(argv[1]);
    std::mt19937 random(std::atoi(argv[2]));
    VerilatedContext context;
    Vscreen screen{&context};
    const uint64_t half[] = {5000, 20000, 4000};  // ps: core, pixels, bits
    uint64_t next[3];
    bool level[3] = {};
    for (int which = 0; which < 3; ++which) next[which] = 1 + random() % (2 * half[which]);
    uint8_t record[16];
    bool more = true;
    std::vector<uint8_t> bits;
    bits.reserve(count);
    while (static_cast<long>(bits.size()) < count) {
        int which = 0;
        for (int other = 1; other < 3; ++other) {
            if (next[other] < next[which]) which = other;
        }
        next[which] += half[which];
        level[which] = !level[which];
        if (which == 0 && level[0] && more) {
            more = std::fread(record, sizeof record, 1, stdin) == 1;
            screen.valid = more && record[0] & 1;
            screen.first = record[0] >> 1 & 1;
            screen.fits = record[0] >> 2 & 1;
            screen.told = more && record[0] >> 3 & 1;
            screen.last = record[0] >> 4 & 1;
            screen.pixel = record[1] | record[2] << 8 | record[3] << 16;
            screen.data = record[4] | record[5] << 8 | record[6] << 16 | uint32_t(record[7]) << 24;
            screen.winner = record[8] | record[9] << 8;
            screen.number = record[10] | record[11] << 8;
            screen.best = record[12] | record[13] << 8 | record[14] << 16 | uint32_t(record[15]) << 24;
            screen.clk = 0;
            screen.eval();
        }
        (which == 0 ? screen.clk : which == 1 ? screen.pixel_clk : screen.bit_clk) = level[which];
        screen.eval();
        if (which == 2 && level[2] && !more) bits.push_back(screen.bits);
    }
    std::fwrite(bits.data(), 1, bits.size(), stdout);
    return 0;
}

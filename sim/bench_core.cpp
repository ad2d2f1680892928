// Runs bench_core.sv without cocotb, which takes longer to start than a small frame does: for
// mutants, of which there are many. The argument +watchdog=N ends it after N clock cycles, with
// exit code 3; 4 says that a result changed before it was taken.

#include <cstdlib>
#include <string>

#include "Vtop.h"
#include "Vtop___024root.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    const std::string watchdog = context.commandArgsPlusMatch("watchdog=");
    const uint64_t period = 10000;  // in ps, as in the bench
    const uint64_t limit = period * std::strtoull(watchdog.substr(10).c_str(), nullptr, 10);
    Vtop top{&context};
    while (context.time() < limit) {
        top.eval();
        if (top.rootp->bench_core__DOT__broken) return 4;
        if (top.rootp->bench_core__DOT__done) {
            top.final();
            return 0;
        }
        if (!top.eventsPending()) return 3;
        context.time(top.nextTimeSlot());
    }
    return 3;
}

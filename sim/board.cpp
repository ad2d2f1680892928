// The simulated board: clocks the circuit behind the pads, and carries bytes between its UART pins
// and a pseudo-terminal. Arguments: clocks a bit, clocks of silence after which nothing can happen
// any more without input, and "pty" or "wire".
//
// A fourth argument seeds what nothing sets before it is used; "0" for nothing. Compiled with CYCLE_PS,
// the circuit has an oscillator of its own, and time passes instead. Compiled with CAMERA_PS, a cycle's
// length, there is a camera (ov7670.hpp), and more arguments: the file that its frames come on, its
// width, height, encoding ("rgb565" or "yuv422"), frames of noise after its set-up, and a seed. Compiled
// with SCREEN, a number of words, the last so many that a monitor gets are written to the file that
// CARACAL_SCREEN names, at the end. Compiled with SLEEPS, CARACAL_AWAKE gets the cycles in which the core
// did not stand still, and all. Compiled with TOGGLES, the file that CARACAL_TOGGLES names gets, in SAIF, how
// often each signal changed from one cycle to the next.
//
// "pty" prints the terminal's name, and ends when its standard input does. "wire" reads pairs of
// bytes, what to do on the wire and with what, and writes the bytes the board sends.

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "Vboard.h"
#ifdef CAMERA_PS
#include "ov7670.hpp"
#endif
#include "verilated.h"
#ifdef TOGGLES
#include "verilated_saif_c.h"
#endif

namespace {

// PULSE is low for so many clocks, which may be fewer than a bit has; the others count in bits.
enum Wire : uint8_t { BYTE = 0, BROKEN_BYTE = 1, LOW = 2, HIGH = 3, BUTTON = 4, PULSE = 5 };

struct Order {
    uint8_t what;
    uint8_t with;
};

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "simulated board: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

// The computer's end of the wire to the board: turns orders into levels, a bit at a time.
class Driver {
public:
    explicit Driver(unsigned clocks_a_bit) : clocks_a_bit_(clocks_a_bit) {}

    bool idle() const { return bits_ == 0 && orders.empty(); }

    void clock(Vboard& board) {
        if (timer_ > 0) {
            --timer_;
            return;
        }
        if (bits_ == 0) {
            board.rx = 1;
            board.button = 0;
            if (orders.empty()) return;
            const Order order = orders.front();
            orders.pop_front();
            switch (order.what) {
            case BYTE:
                levels_ = order.with << 1 | 0x200;
                bits_ = 10;
                break;
            case BROKEN_BYTE:
                levels_ = order.with << 1;
                bits_ = 10;
                break;
            case PULSE:
                board.rx = 0;
                timer_ = order.with ? order.with - 1 : 0;
                return;
            case BUTTON:
                board.button = 1;
                [[fallthrough]];
            case HIGH:
                levels_ = ~0u;
                hold(order.with);
                break;
            default:
                levels_ = 0;
                hold(order.with);
            }
        }
        board.rx = levels_ & 1;
        levels_ = levels_ >> 1 | levels_ << 31;
        --bits_;
        timer_ = clocks_a_bit_ - 1;
    }

    std::deque<Order> orders;

private:
    void hold(uint8_t count) { bits_ = count ? count : 1; }

    const unsigned clocks_a_bit_;
    uint32_t levels_ = 0;
    unsigned bits_ = 0;
    unsigned timer_ = 0;
};

// The computer's end of the wire from the board: samples each bit in its middle.
class Sampler {
public:
    explicit Sampler(unsigned clocks_a_bit) : clocks_a_bit_(clocks_a_bit) {}

    bool idle() const { return bits_ == 0; }

    void clock(bool level) {
        if (bits_ == 0) {
            if (!level) {
                bits_ = 10;
                timer_ = clocks_a_bit_ / 2 - 1;
            }
            return;
        }
        if (timer_ > 0) {
            --timer_;
            return;
        }
        timer_ = clocks_a_bit_ - 1;
        shift_ = shift_ >> 1 | level << 9;
        if (--bits_ == 0) received.push_back(static_cast<char>(shift_ >> 1));
    }

    std::string received;

private:
    const unsigned clocks_a_bit_;
    unsigned shift_ = 0;
    unsigned bits_ = 0;
    unsigned timer_ = 0;
};

// A cycle of the core's clock.
void cycle(VerilatedContext& context, Vboard& board) {
#ifdef CYCLE_PS
    const uint64_t end = context.time() + CYCLE_PS;
    board.eval();
    while (board.eventsPending() && board.nextTimeSlot() <= end) {
        context.time(board.nextTimeSlot());
        board.eval();
    }
    context.time(end);
#else
    board.clk = 0;
    board.eval();
    board.clk = 1;
    board.eval();
#endif
}

int open_terminal() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master)) fail("no pseudo-terminal");
    const char* name = ptsname(master);
    // Kept open, so that a client may come and go.
    const int slave = open(name, O_RDWR | O_NOCTTY);
    termios settings;
    if (slave < 0 || tcgetattr(slave, &settings)) fail("pseudo-terminal");
    cfmakeraw(&settings);
    tcsetattr(slave, TCSANOW, &settings);
    std::printf("%s\n", name);
    std::fflush(stdout);
    return master;
}

void write_all(int file, std::string& bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = write(file, bytes.data() + done, bytes.size() - done);
        if (count >= 0) {
            done += static_cast<size_t>(count);
        } else if (errno == EAGAIN) {
            break;  // nobody reads: as a cable, lose what does not fit
        } else if (errno != EINTR) {
            fail("write");
        }
    }
    bytes.clear();
}

}  // namespace

int main(int argc, char** argv) {
#ifdef CAMERA_PS
    const bool right = argc == 11;
#else
    const bool right = argc == 4 || argc == 5;
#endif
    if (!right) {
        std::fprintf(stderr, "simulated board: %d arguments are too many or too few\n", argc - 1);
        return 2;
    }
    const unsigned clocks_a_bit = static_cast<unsigned>(std::atoi(argv[1]));
    const uint64_t patience = static_cast<uint64_t>(std::atoll(argv[2]));
    const bool wire = std::string(argv[3]) == "wire";
    const int input = wire ? STDIN_FILENO : open_terminal();
    const int output = wire ? STDOUT_FILENO : input;
    fcntl(input, F_SETFL, O_NONBLOCK);

    VerilatedContext context;
    context.commandArgs(argc, argv);  // a model may ask for them
    if (argc >= 5 && std::atoi(argv[4])) {
        context.randReset(2);
        context.randSeed(std::atoi(argv[4]));
    }
    Vboard board{&context};
#ifdef TOGGLES
    const char* toggles = std::getenv("CARACAL_TOGGLES");
    if (!toggles) fail("CARACAL_TOGGLES");
    context.traceEverOn(true);
    VerilatedSaifC trace;
    board.trace(&trace, 99);
    trace.open(toggles);
    uint64_t traced = 0;
#endif
    Driver driver{clocks_a_bit};
    Sampler sampler{clocks_a_bit};
    board.rx = 1;
#ifdef CAMERA_PS
    Ov7670 camera{{std::atoi(argv[5]), std::atoi(argv[6]), std::atoi(argv[7]),
                   std::string(argv[8]) == "rgb565", std::atoi(argv[9]),
                   static_cast<unsigned>(std::atoi(argv[10])), CAMERA_PS}};
    uint8_t driven = 0;
    bool pulled = false;
#ifdef SLEEPS
    uint64_t awake = 0, cycles = 0;
#endif
#ifdef SCREEN
    // The last words for a monitor: they are written to a file at the end, if one is named.
    std::vector<uint32_t> words(SCREEN);
    uint64_t word = 0;
    bool flag = false;
#endif
#endif
    std::vector<char> buffer(4096);
    size_t held = 0;  // half a pair of bytes, in "wire"
    bool ended = false;
    uint64_t silence = 0;

    while (true) {
        for (int count = 0; count < 512; ++count) {
            driver.clock(board);
#ifdef CAMERA_PS
            board.wires = camera.clock(driven);
#endif
            cycle(context, board);
#ifdef TOGGLES
            trace.dump(traced++);
#endif
#ifdef CAMERA_PS
            driven = board.driven;
            if (pulled != board.pin) camera.pulled(pulled = board.pin, board.leds);
#ifdef SLEEPS
            awake += board.awake;
            ++cycles;
#endif
#ifdef SCREEN
            if (flag != board.screen_flag) {
                flag = board.screen_flag;
                words[word++ % words.size()] = board.screen_words;
            }
#endif
#endif
            sampler.clock(board.tx);
        }
        bool still = driver.idle() && sampler.idle() && sampler.received.empty();
#ifdef CAMERA_PS
        still = still && !camera.busy();
#endif
        silence = still ? silence + 512 : 0;
        if (!sampler.received.empty()) write_all(output, sampler.received);
        if (driver.orders.size() > 1024 || ended) {
            if (ended && silence > patience) break;
            continue;
        }
        if (context.gotFinish()) fail("the circuit stopped");
        if (silence > patience) {
            pollfd files[] = {{input, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}, {-1, POLLIN, 0}};
#ifdef CAMERA_PS
            files[2].fd = camera.source();
#endif
            poll(files, 3, -1);
            if (files[2].revents) silence = 0;
            char nothing;
            if (!wire && files[1].revents && read(STDIN_FILENO, &nothing, 1) <= 0) break;
        } else if (!wire && (silence / 512) % 1024 == 0) {
            pollfd file = {STDIN_FILENO, POLLIN, 0};
            char nothing;
            if (poll(&file, 1, 0) > 0 && read(STDIN_FILENO, &nothing, 1) <= 0) break;
        }
        const ssize_t count = read(input, buffer.data() + held, buffer.size() - held);
        if (count > 0) {
            const size_t size = held + static_cast<size_t>(count);
            if (wire) {
                for (size_t at = 0; at + 1 < size; at += 2) {
                    driver.orders.push_back({static_cast<uint8_t>(buffer[at]),
                                             static_cast<uint8_t>(buffer[at + 1])});
                }
                held = size % 2;
                if (held) buffer[0] = buffer[size - 1];
            } else {
                for (size_t at = 0; at < size; ++at) {
                    driver.orders.push_back({BYTE, static_cast<uint8_t>(buffer[at])});
                }
            }
        } else if (count == 0) {
            ended = true;
        }
    }
    board.final();
#ifdef TOGGLES
    trace.close();
#endif
#ifdef SLEEPS
    if (const char* name = std::getenv("CARACAL_AWAKE")) {
        FILE* file = std::fopen(name, "w");
        if (!file) fail(name);
        std::fprintf(file, "%llu %llu\n", static_cast<unsigned long long>(awake),
                     static_cast<unsigned long long>(cycles));
        std::fclose(file);
    }
#endif
#ifdef SCREEN
    if (const char* name = std::getenv("CARACAL_SCREEN")) {
        FILE* file = std::fopen(name, "wb");
        if (!file) fail(name);
        for (uint64_t at = 0; at < words.size(); ++at, ++word) {
            std::fwrite(&words[word % words.size()], sizeof words[0], 1, file);
        }
        std::fclose(file);
    }
#endif
    return 0;
}

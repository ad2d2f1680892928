// A camera for the simulated board, after the OV7670's data sheet (OmniVision, version 1.4) and not
// after the circuit: its SCCB slave, its registers, its lines and frames, its clock's jitter.
//
// It plays frames that come on a file: a header of eight bytes, a damage and where, then the bytes
// that the sensor sends, line after line. While it waits for one, it stays between two frames.

#pragma once

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

class Ov7670 {
public:
    // What befalls a frame; places count bytes of a line.
    enum Damage : uint8_t {
        WHOLE = 0,
        LOST = 1,      // `count` pulses of PCLK, from a place on
        MISSING = 2,   // `count` lines
        VSYNC = 3,     // comes at a place, and ends the frame
        UNPLUGGED = 4  // at a place, for the time of `count` lines
    };

    struct Sort {
        int source;        // a file, its frames
        int width, height; // pixels
        bool rgb;          // they are RGB565, not YUV422
        int warming;       // frames after the set-up that are noise: exposure is on its way
        unsigned seed;
        int64_t cycle_ps;  // of the board's clock
    };

    explicit Ov7670(const Sort& sort) : sort_(sort), random_(sort.seed) {
        frame_.resize(size_t(2) * sort.width * sort.height);
        delay_ = spread(DELAY_PS);
        power_up();
    }

    // Whether time may not stand still: it is being set up, or a frame is on its way.
    bool busy() const { return plugged_ ? !set_up_ || !waiting_ : true; }

    // Where frames come from while it waits for one, -1 if none come any more.
    int source() const { return waiting_ && !over_ ? sort_.source : -1; }

    // The trigger pin has changed: told on the board's standard error, with the cycles since the last
    // frame's last line, and the lamps, the first one's bit the lowest.
    void pulled(bool level, unsigned lamps) const {
        if (getenv("CARACAL_TRIGGER") == nullptr) return;
        std::fprintf(stderr, "trigger %d after frame %llu, %llu cycles, lamps %02x\n", level,
                     static_cast<unsigned long long>(frames_),
                     static_cast<unsigned long long>(cycle_ - last_end_), lamps);
    }

    // A cycle of the board's clock: what it drives (XCLK, SIOC, SIOD, whether it drives that), and
    // what it sees then: PCLK, HREF, VSYNC, data from bit 3 on.
    uint16_t clock(uint8_t driven) {
        now_ += sort_.cycle_ps;
        ++cycle_;
        if (plugged_) {
            bus(driven >> 1 & 1, driven >> 3 & 1 ? driven >> 2 & 1 : 1, driven >> 3 & 1);
            crystal(driven & 1);
        } else if (now_ >= plugged_at_) {
            power_up();
        }
        size_t kept = 0;
        for (const Change& change : changes_) {
            if (change.at <= now_) {
                wires_ = uint16_t((wires_ & ~change.mask) | (change.level ? change.mask : 0));
            } else {
                changes_[kept++] = change;
            }
        }
        changes_.resize(kept);
        return plugged_ ? wires_ : 0;
    }

private:
    // The data sheet's frame: VSYNC, before the first line, after the last one; of a line.
    static constexpr int VSYNC_LINES = 3, BEFORE_LINES = 17, AFTER_LINES = 10, BLANK_PIXELS = 144;
    // PCLK's two edges to data and HREF: 0 to 5 ns after it falls.
    static constexpr int64_t VALID_PS = 5000;
    // Data are held for so long after PCLK rises.
    static constexpr int64_t HOLD_PS = 8000;
    // XCLK to PCLK is not in the data sheet: any phase may come, and it wanders.
    // It takes every phase within some frames of a small camera.
    static constexpr int64_t DELAY_PS = 20000, JITTER_PS = 1500, WANDER_PS = 20;
    // SCCB, data sheet table "SCCB timing", in ns.
    static constexpr int64_t LOW_NS = 1300, HIGH_NS = 600, START_NS = 600, STOP_NS = 600;
    static constexpr int64_t SETUP_NS = 100, BETWEEN_NS = 1300, RESET_NS = 1000000;
    static constexpr uint8_t ADDRESS = 0x42, COM7 = 0x12, COM10 = 0x15, CLKRC = 0x11;
    static constexpr uint8_t COM15 = 0x40, TSLB = 0x3A, COM13 = 0x3D;
    static constexpr uint16_t PCLK = 1, HREF = 2, VSYNC_WIRE = 4;

    struct Change {
        int64_t at;
        uint16_t mask;
        bool level;
    };

    [[noreturn]] static void wrong(const char* what) {
        std::fprintf(stderr, "simulated camera: %s\n", what);
        std::exit(1);
    }

    int64_t spread(int64_t width) {
        return std::uniform_int_distribution<int64_t>(0, width)(random_);
    }

    void power_up() {
        plugged_ = true;
        defaults();
        fresh_ = true;
        clock_at_ = data_at_ = stop_at_ = now_ - 1000 * RESET_NS;
        reset_at_ = now_ - 2000 * RESET_NS;
        active_ = false;
        crystal_was_ = -1;
        edges_ = 0;
        changes_.clear();
        wires_ = 0;
        begin();
    }

    void defaults() {
        for (uint8_t& value : registers_) value = 0;
        registers_[CLKRC] = 0x80;
        registers_[COM15] = 0xC0;
        registers_[TSLB] = 0x0D;
        registers_[COM13] = 0x88;
        set_up_ = false;
        warmed_ = 0;
    }

    // A frame's timing begins afresh, before a VSYNC.
    void begin() {
        line_ = VSYNC_LINES + BEFORE_LINES + sort_.height;
        place_ = 0;
        waiting_ = false;
        noise_ = true;
    }

    // ---- SCCB: the slave of three-phase writes.
    void bus(bool clock, bool data, bool driven) {
        if (fresh_) {
            clock_was_ = clock;
            data_was_ = data;
            fresh_ = false;
        }
        const int64_t since_clock = (now_ - clock_at_) / 1000;
        if (clock && clock_was_ && data != data_was_) {
            if (!data) {
                if (since_clock < START_NS) wrong("SCCB: a start too soon after the clock rose");
                if ((now_ - stop_at_) / 1000 < BETWEEN_NS) wrong("SCCB: a start too soon");
                active_ = true;
                bits_ = 0;
                start_at_ = now_;
            } else {
                if (since_clock < STOP_NS) wrong("SCCB: a stop too soon after the clock rose");
                stop_at_ = now_;
                if (active_) written();
                active_ = false;
            }
        }
        if (clock != clock_was_) {
            if (active_ && clock) {
                if (since_clock < LOW_NS) wrong("SCCB: the clock is low for too short");
                if ((now_ - data_at_) / 1000 < SETUP_NS) wrong("SCCB: data too late");
                if (bits_ < 27) {
                    if (bits_ % 9 == 8) {
                        if (driven) wrong("SCCB: the ninth bit is driven");
                    } else {
                        if (!driven) wrong("SCCB: a bit is not driven");
                        phases_[bits_ / 9] = uint8_t(phases_[bits_ / 9] << 1 | data);
                    }
                }
                ++bits_;
            } else if (active_) {
                if (bits_ == 0 && (now_ - start_at_) / 1000 < START_NS) {
                    wrong("SCCB: the clock falls too soon after a start");
                }
                if (since_clock < HIGH_NS) wrong("SCCB: the clock is high for too short");
            }
            clock_at_ = now_;
        }
        if (data != data_was_) data_at_ = now_;
        clock_was_ = clock;
        data_was_ = data;
    }

    void written() {
        // The clock's last rise is the stop's own.
        if (bits_ != 28) wrong("SCCB: a write is not of three phases");
        if (phases_[0] != ADDRESS) return;
        if (now_ - reset_at_ < 1000 * RESET_NS) wrong("SCCB: a write within 1 ms of a reset");
        const uint8_t number = phases_[1], value = phases_[2];
        if (number == COM7 && value & 0x80) {
            defaults();
            reset_at_ = now_;
            begin();
            return;
        }
        registers_[number] = value;
        if (number == CLKRC) {
            set_up_ = true;
            warmed_ = 0;
            begin();
        }
    }

    // Whether the registers ask for the bytes that are played.
    bool as_asked() const {
        const bool rgb = (registers_[COM7] & 0x05) == 0x04;
        const bool yuv = (registers_[COM7] & 0x05) == 0x00;
        if ((registers_[COM15] & 0xC0) != 0xC0) return false;  // 0 to 255
        if (sort_.rgb) return rgb && (registers_[COM15] & 0x30) == 0x10;
        return yuv && !(registers_[TSLB] & 0x08) && !(registers_[COM13] & 0x01);
    }

    // ---- XCLK becomes PCLK.
    void crystal(bool level) {
        if (crystal_was_ == int(level)) return;
        if (crystal_was_ >= 0 && edges_ > 2) {
            const int64_t half = now_ - crystal_at_;
            if (half > 50000 || half < 10400) wrong("XCLK is not of 10 to 48 MHz");
        }
        crystal_was_ = level;
        crystal_at_ = now_;
        ++edges_;
        if (edges_ % (1 + (registers_[CLKRC] & 0x3F)) == 0) edge();
    }

    void edge() {
        high_ = !high_;
        delay_ += spread(2 * WANDER_PS) - WANDER_PS;
        if (delay_ < 0 || delay_ > DELAY_PS) delay_ = delay_ < 0 ? -delay_ : 2 * DELAY_PS - delay_;
        const int64_t at = now_ + delay_ + spread(2 * JITTER_PS) - JITTER_PS;
        if (high_) {
            const bool shown = (href_ || !(registers_[COM10] & 0x20)) && !lost();
            if (shown) changes_.push_back({at, PCLK, true});
            // What is not promised is noise.
            for (int bit = 0; bit < 8; ++bit) {
                const bool level = spread(1);
                levels_ = uint16_t(level ? levels_ | 8 << bit : levels_ & ~(8 << bit));
                changes_.push_back({at + HOLD_PS, uint16_t(8 << bit), level});
            }
            return;
        }
        changes_.push_back({at, PCLK, false});
        step();
        if (!plugged_) return;
        set(at, HREF, href_);
        set(at, VSYNC_WIRE, vsync_);
        for (int bit = 0; bit < 8; ++bit) set(at, uint16_t(8 << bit), data_ >> bit & 1);
    }

    void set(int64_t at, uint16_t wire, bool level) {
        const bool was = levels_ & wire;
        if (was == level) return;
        levels_ = uint16_t(levels_ ^ wire);
        changes_.push_back({at + spread(VALID_PS), wire, level});
    }

    // A byte's time further.
    void step() {
        const int lines = VSYNC_LINES + BEFORE_LINES + sort_.height + AFTER_LINES;
        if (line_ == lines - 1 && place_ == line_bytes() - 1) {
            if (!next()) return;
            place_ = 0;
            line_ = 0;
        } else if (++place_ == line_bytes()) {
            place_ = 0;
            ++line_;
        }
        const int row = line_ - VSYNC_LINES - BEFORE_LINES;
        const bool within = row >= 0 && row < sort_.height;
        const bool was = href_;
        if (within && !noise_ && row == at_line_ && place_ == at_place_) {
            if (damage_ == VSYNC) {
                line_ = lines - 1;
                place_ = line_bytes() - 1;
                damage_ = WHOLE;
                href_ = false;
                return;
            }
            if (damage_ == UNPLUGGED) {
                plugged_ = false;
                plugged_at_ = now_ + int64_t(count_) * line_bytes() * 4 * sort_.cycle_ps;
                set_up_ = false;
                href_ = vsync_ = high_ = false;
                levels_ = 0;
                return;
            }
        }
        const bool missing =
            damage_ == MISSING && row >= at_line_ && row < at_line_ + count_ && !noise_;
        href_ = within && place_ < 2 * sort_.width && !missing;
        vsync_ = line_ < VSYNC_LINES;
        if (was && !href_ && row == sort_.height - 1 && !noise_) {
            last_end_ = cycle_;
            ++frames_;
        }
        if (href_) {
            const uint8_t byte = frame_[size_t(row) * 2 * sort_.width + place_];
            data_ = noise_ ? uint8_t(spread(255)) : byte;
        }
    }

    bool lost() const {
        const int row = line_ - VSYNC_LINES - BEFORE_LINES;
        return damage_ == LOST && !noise_ && row == at_line_ && place_ >= at_place_ &&
               place_ < at_place_ + count_;
    }

    int line_bytes() const { return 2 * (sort_.width + BLANK_PIXELS); }

    // The next frame's bytes; false if there are none now.
    bool next() {
        noise_ = !set_up_ || warmed_ < sort_.warming || !as_asked();
        if (noise_) {
            warmed_ += set_up_;
            return true;
        }
        pollfd file = {sort_.source, POLLIN, 0};
        waiting_ = over_ || poll(&file, 1, 0) <= 0;
        if (waiting_) return false;
        uint8_t header[8];
        if (!take(header, sizeof header) || !take(frame_.data(), frame_.size())) {
            over_ = waiting_ = true;
            return false;
        }
        damage_ = header[0];
        at_line_ = header[2] | header[3] << 8;
        at_place_ = header[4] | header[5] << 8;
        count_ = header[6] | header[7] << 8;
        return true;
    }

    bool take(uint8_t* into, size_t size) {
        while (size) {
            const ssize_t count = read(sort_.source, into, size);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;
            into += count;
            size -= size_t(count);
        }
        return true;
    }

    const Sort sort_;
    std::mt19937 random_;
    int64_t now_ = 0;
    uint64_t cycle_ = 0;

    bool plugged_ = true;
    int64_t plugged_at_ = 0;
    uint8_t registers_[256] = {};
    bool set_up_ = false;
    int warmed_ = 0;

    bool fresh_ = true, clock_was_ = true, data_was_ = true, active_ = false;
    int64_t clock_at_ = 0, data_at_ = 0, start_at_ = 0, stop_at_ = 0, reset_at_ = 0;
    int bits_ = 0;
    uint8_t phases_[3] = {};

    int crystal_was_ = -1;
    int64_t crystal_at_ = 0;
    uint64_t edges_ = 0;
    int64_t delay_ = 0;
    bool high_ = false, href_ = false, vsync_ = false;
    uint8_t data_ = 0;
    uint16_t levels_ = 0, wires_ = 0;
    std::vector<Change> changes_;

    int line_ = 0, place_ = 0;
    bool waiting_ = false, over_ = false, noise_ = true;
    std::vector<uint8_t> frame_;
    uint8_t damage_ = WHOLE;
    int at_line_ = 0, at_place_ = 0, count_ = 0;
    uint64_t frames_ = 0, last_end_ = 0;
};

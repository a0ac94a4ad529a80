// Plays a program of 32-bit words (colanet/export/verilog/programs.py) to the core, for Verilator: fast, for long runs.
//
// long OUT [NAME VALUE]...
//
// Reads the program from standard input (little-endian words). Writes the files answers, fired, words and marks into the
// folder OUT: a decimal number, or three, a line. Progress goes to standard error. Names:
//   node_bits N   width of the port spike_node; needed
//   seed N        random stalls at all ports; 0: none
//   period N      steps of an image; 0: progress counts steps
//   progress N    a line every so many images (or steps); 0: none
//   timeout N     cycles without a beat after which the core counts as stuck
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "Vcore.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }  // older versions of Verilator want it

namespace {

// Words of a program that are no spikes.
enum : uint32_t {
    STEP = 0xFFFFFFFF,
    READ = 0xFFFFFFFE,
    WRITE = 0xFFFFFFFD,
    RECORD = 0xFFFFFFFC,
    MARK = 0xFFFFFFFB,
    FIRST_COMMAND = 0xFFFFFF00
};
const uint64_t QUIET = 300;  // cycles without a beat after which nothing more is expected

[[noreturn]] void fail(const std::string &why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    std::exit(1);
}

class Words {  // standard input; what is there is taken at once, so that a slow writer does not hold up the core
  public:
    bool next(uint32_t &word) {
        if (stop_ - at_ < 4) {
            std::memmove(bytes_.data(), bytes_.data() + at_, stop_ - at_);
            stop_ -= at_;
            at_ = 0;
            while (stop_ < 4) {
                const ssize_t got = ::read(0, bytes_.data() + stop_, bytes_.size() - stop_);
                if (got < 0 && errno == EINTR) continue;
                if (got <= 0) {
                    if (stop_) fail("the program ends within a word");
                    return false;
                }
                stop_ += static_cast<size_t>(got);
            }
        }
        const unsigned char *p = bytes_.data() + at_;
        word = p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24;
        at_ += 4;
        return true;
    }

    uint32_t operand() {
        uint32_t word = 0;
        if (!next(word)) fail("the program ends within a command");
        return word;
    }

  private:
    std::vector<unsigned char> bytes_ = std::vector<unsigned char>(1 << 20);
    size_t at_ = 0, stop_ = 0;
};

class Bench {
  public:
    Bench(const std::string &out, std::map<std::string, uint64_t> given)
        : given_(std::move(given)), answers_(open(out, "answers")), fired_(open(out, "fired")),
          words_(open(out, "words")), marks_(open(out, "marks")) {
        const uint64_t bits = given_["node_bits"];
        if (bits < 1 || bits > 32) fail("node_bits: expected 1 to 32");
        none_ = static_cast<uint32_t>((uint64_t{1} << bits) - 1);
        random_ = given_["seed"];
        stalls_ = random_ != 0;
        timeout_ = given_["timeout"];
        each_ = given_["progress"] * (given_["period"] ? given_["period"] : 1);
        core_.reset = 1;
        core_.spike_valid = core_.bus_valid = 0;
        core_.fired_ready = core_.answer_ready = 1;
        for (int i = 0; i < 4; ++i) {
            core_.clock = 0;
            core_.eval();
            core_.clock = 1;
            core_.eval();
        }
        core_.reset = 0;
    }

    ~Bench() { core_.final(); }

    void play() {
        Words program;
        uint32_t word = 0, pending = 0;
        bool is_pending = false;
        began_ = std::chrono::steady_clock::now();
        while (program.next(word)) {
            if (word < FIRST_COMMAND) {
                if (is_pending) send(pending, false);
                pending = word;
                is_pending = true;
                ++spikes_;
            } else if (word == STEP) {
                if (is_pending && !stalled(3)) {
                    send(pending, true);
                } else {
                    if (is_pending) send(pending, false);
                    send(none_, true);
                }
                is_pending = false;
                ++closed_;
            } else {
                if (is_pending) fail("a command within a step");
                while (ended_ != closed_) tick();
                command(word, program);
            }
        }
        if (is_pending) fail("the program ends within a step");
        while (ended_ != closed_) tick();
        for (quiet_ = 0; quiet_ < QUIET;) tick();
        for (FILE *file : {answers_, fired_, words_, marks_}) {
            if (std::fclose(file)) fail(std::string("cannot write: ") + std::strerror(errno));
        }
        std::printf("played: %llu cycles\n", static_cast<unsigned long long>(cycles_));
    }

  private:
    static FILE *open(const std::string &folder, const char *name) {
        const std::string path = folder + "/" + name;
        FILE *file = std::fopen(path.c_str(), "w");
        if (!file) fail(path + ": " + std::strerror(errno));
        return file;
    }

    bool stalled(uint32_t often) {
        if (!stalls_) return false;
        random_ = random_ * 6364136223846793005u + 1442695040888963407u;
        return (random_ >> 33) % often == 0;
    }

    // One cycle: inputs with a low clock, what is taken, the rising edge.
    void tick() {
        if (stalls_) {
            core_.fired_ready = !stalled(3);
            core_.answer_ready = !stalled(3);
        }
        core_.clock = 0;
        core_.eval();
        spike_taken_ = core_.spike_valid && core_.spike_ready;
        bus_taken_ = core_.bus_valid && core_.bus_ready;
        if (bus_taken_) bus_data_ = core_.bus_read_data;
        if (stalls_) stable();
        ++cycles_;
        ++quiet_;
        if (spike_taken_ || bus_taken_) quiet_ = 0;
        if (core_.fired_valid && core_.fired_ready) took_fired();
        if (core_.answer_valid && core_.answer_ready) {
            quiet_ = 0;
            std::fprintf(answers_, "%u\n", core_.answer_none ? STEP : static_cast<uint32_t>(core_.answer_class));
            std::fflush(answers_);
        }
        if (timeout_ && quiet_ > timeout_) fail("stuck: no beat for a long time (" + place() + ")");
        core_.clock = 1;
        core_.eval();
    }

    void took_fired() {
        quiet_ = 0;
        if (recording_) std::fprintf(fired_, "%u\n", core_.fired_last ? STEP : static_cast<uint32_t>(core_.fired_neuron));
        if (!core_.fired_last) {
            ++fires_;
            return;
        }
        ++ended_;
        if (each_ && ended_ % each_ == 0) progress();
    }

    // Valid and data must stay while a port waits.
    void stable() {
        const uint64_t fired = core_.fired_valid ? uint64_t{core_.fired_last} << 32 | core_.fired_neuron : NOTHING;
        const uint64_t answer =
            core_.answer_valid ? uint64_t{core_.answer_none} << 32 | (core_.answer_none ? 0 : core_.answer_class) : NOTHING;
        if (fired_held_ != NOTHING && fired != fired_held_) fail("the port fired changed while it waited (" + place() + ")");
        if (answer_held_ != NOTHING && answer != answer_held_)
            fail("the port answer changed while it waited (" + place() + ")");
        fired_held_ = core_.fired_ready ? NOTHING : fired;
        answer_held_ = core_.answer_ready ? NOTHING : answer;
    }

    void send(uint32_t node, bool last) {
        while (stalled(4)) tick();
        core_.spike_valid = 1;
        core_.spike_last = last;
        core_.spike_node = node > none_ ? none_ : node;
        do tick();
        while (!spike_taken_);
        core_.spike_valid = 0;
    }

    uint32_t bus(bool write, uint32_t address, uint32_t data) {
        while (stalled(4)) tick();
        core_.bus_valid = 1;
        core_.bus_write = write;
        core_.bus_address = address & 0xFFFFFFF;
        core_.bus_write_data = data;
        do tick();
        while (!bus_taken_);
        core_.bus_valid = 0;
        return bus_data_;
    }

    void command(uint32_t word, Words &program) {
        if (word == READ) {
            const uint32_t address = program.operand(), count = program.operand();
            for (uint32_t i = 0; i < count; ++i) std::fprintf(words_, "%u\n", bus(false, address + i, 0));
        } else if (word == WRITE) {
            const uint32_t address = program.operand();
            bus(true, address, program.operand());
        } else if (word == RECORD) {
            recording_ = program.operand() != 0;
        } else if (word == MARK) {
            std::fprintf(marks_, "%llu %llu %llu\n", static_cast<unsigned long long>(cycles_),
                         static_cast<unsigned long long>(spikes_), static_cast<unsigned long long>(fires_));
            std::fflush(marks_);
        } else {
            fail("unknown command in the program");
        }
    }

    std::string place() const { return "cycle " + std::to_string(cycles_) + ", step " + std::to_string(ended_); }

    void progress() {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
        const uint64_t period = given_["period"];
        const double shown = static_cast<double>(ended_) / static_cast<double>(period ? period : 1);
        const char *what = period ? "image" : "step";
        std::fprintf(stderr, "%.0f %ss, %.1f %ss/s, %.0f cycles/%s\n", shown, what, shown / took.count(), what,
                     static_cast<double>(cycles_) / shown, what);
    }

    static constexpr uint64_t NOTHING = ~uint64_t{0};
    Vcore core_;
    std::map<std::string, uint64_t> given_;
    FILE *answers_, *fired_, *words_, *marks_;
    uint32_t none_ = 0, bus_data_ = 0;
    uint64_t random_ = 0, timeout_ = 0, each_ = 0;
    bool stalls_ = false, recording_ = false, spike_taken_ = false, bus_taken_ = false;
    uint64_t cycles_ = 0, quiet_ = 0, spikes_ = 0, fires_ = 0;
    uint64_t closed_ = 0, ended_ = 0;  // steps that were closed at the input, and at the output
    uint64_t fired_held_ = NOTHING, answer_held_ = NOTHING;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace

int main(int count, char **words) {
    if (count < 2 || count % 2) fail("expected OUT [NAME VALUE]...");
    std::map<std::string, uint64_t> given = {
        {"node_bits", 0}, {"seed", 0}, {"period", 0}, {"progress", 0}, {"timeout", 100000000}};
    for (int i = 2; i < count; i += 2) {
        if (!given.count(words[i])) fail(std::string("unknown name ") + words[i]);
        given[words[i]] = std::strtoull(words[i + 1], nullptr, 10);
    }
    const auto bench = std::make_unique<Bench>(words[1], given);
    bench->play();
    return 0;
}

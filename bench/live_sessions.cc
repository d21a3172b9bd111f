// Many live sessions in one process: each gets a block of 20 ms every 20 ms, evenly spread over
// that time, and resamples it and looks for speech. Prints as JSON how long a block took from the
// moment it was due, and how the memory moved while sessions were opened and closed.

#include "bench/blocks.h"
#include "remotemedia/base/thread_scheduling.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/nodes/builtin.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace remotemedia::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr int kRate = 48'000;
constexpr int kTargetRate = 16'000;
constexpr int kPacketMs = 20;
/// Not counted: all sessions touch their memory for the first time.
constexpr int kWarmUpBlocks = 50;
constexpr nanoseconds kPeriod = std::chrono::milliseconds(kPacketMs);

struct Options {
  int sessions = 1'000;
  int threads = 2;
  double seconds = 20.0;
  std::string detector = "SileroVADNode";
  double churn_per_s = 0.0;  ///< share of the sessions that is replaced each second
};

/// Counts times in steps of a microsecond: takes the same memory however long a run is.
class Times {
 public:
  void add(SteadyClock::duration time) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    ++counts_[std::min(static_cast<std::size_t>(us), counts_.size() - 1)];
  }

  void add(const Times& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }

  [[nodiscard]] std::uint64_t count() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  }

  /// In microseconds, so that the share of the times is not above it.
  [[nodiscard]] std::size_t percentile(double share) const {
    const double wanted = share * static_cast<double>(count());
    double seen = 0.0;
    std::size_t at = 0;
    while (at + 1 < counts_.size() && (seen += static_cast<double>(counts_[at])) < wanted) ++at;
    return at + 1;
  }

  [[nodiscard]] std::string json() const {
    return fmt::format(R"({{"p50": {}, "p99": {}, "p99_9": {}, "max": {}}})", percentile(0.5),
                       percentile(0.99), percentile(0.999), percentile(1.0));
  }

 private:
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(1'000'000);
};

std::shared_ptr<const Graph> graph_with(const std::string& detector) {
  const std::string text = fmt::format(R"({{
    "version": "v1", "metadata": {{"name": "live"}},
    "nodes": [
      {{"id": "rate", "node_type": "AudioResampleNode", "params": {{"target_sample_rate": {}}}}},
      {{"id": "vad", "node_type": "{}"}}],
    "connections": [{{"from": "rate", "to": "vad"}}]}})",
                                       kTargetRate, detector);
  return Graph::build(parse_manifest(text, TextFormat::json), builtin_nodes());
}

/// A session that checks at its end that all of its audio came out again.
class Live {
 public:
  Live(const std::shared_ptr<const Graph>& graph, int number)
      : session_(graph, {.id = fmt::format("live{}", number)}, [this](const Output& output) {
          if (const AudioBuffer* audio = output.packet.audio()) frames_out_ += audio->frames();
        }) {}

  void push(const Packet& block) {
    frames_in_ += block.audio()->frames();
    session_.push(block);
  }

  void finish() {
    session_.finish();
    const std::size_t expected = (frames_in_ * kTargetRate + kRate - 1) / kRate;
    if (frames_out_ != expected) {
      throw std::runtime_error(
          fmt::format("{} frames came out, expected {}", frames_out_, expected));
    }
  }

 private:
  std::size_t frames_in_ = 0;
  std::size_t frames_out_ = 0;
  Session session_;
};

/// The sessions of one thread.
class Shard {
 public:
  Shard(const Options& options, std::shared_ptr<const Graph> graph, int sessions)
      : options_(options), graph_(std::move(graph)) {
    block_.payload = tones(kRate, 1, frames_of(kPacketMs, kRate));
    for (int i = 0; i < sessions; ++i) open();
  }

  void run(SteadyClock::time_point start) {
    const auto blocks = static_cast<int>(options_.seconds * 1'000 / kPacketMs);
    const auto count = static_cast<std::int64_t>(live_.size());
    for (int block = 0; block < blocks; ++block) {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto due = start + block * kPeriod + kPeriod * i / count;
        std::this_thread::sleep_until(due);
        const auto begin = SteadyClock::now();
        live_[static_cast<std::size_t>(i)]->push(block_);
        const auto end = SteadyClock::now();
        if (block < kWarmUpBlocks) continue;
        delays_.add(end - due);
        calls_.add(end - begin);
      }
      replace_some();
    }
    for (const std::unique_ptr<Live>& live : live_) live->finish();
  }

  /// From the time a block was due to its results.
  [[nodiscard]] const Times& delays() const { return delays_; }
  [[nodiscard]] const Times& calls() const { return calls_; }
  [[nodiscard]] int opened() const { return opened_; }

 private:
  void open() { live_.push_back(std::make_unique<Live>(graph_, opened_++)); }

  void replace_some() {
    due_ += options_.churn_per_s * static_cast<double>(live_.size()) * kPacketMs * 1e-3;
    for (; due_ >= 1.0; due_ -= 1.0) {
      next_ = (next_ + 1) % live_.size();
      live_[next_]->finish();
      live_[next_] = std::make_unique<Live>(graph_, opened_++);
    }
  }

  const Options& options_;
  std::shared_ptr<const Graph> graph_;
  Packet block_;
  std::vector<std::unique_ptr<Live>> live_;
  Times delays_;
  Times calls_;
  int opened_ = 0;
  double due_ = 0.0;      ///< sessions to be replaced
  std::size_t next_ = 0;  ///< the one before the next to be replaced
};

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0.0;
  double resident = 0.0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double cpu_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// MiB per minute, by least squares over samples a second apart; the first third is warm-up.
double slope_mib_per_min(const std::vector<double>& samples) {
  const std::vector<double> kept(samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 3),
                                 samples.end());
  const auto n = static_cast<double>(kept.size());
  double mean = 0.0;
  for (const double sample : kept) mean += sample / n;
  double up = 0.0;
  double down = 0.0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const double t = static_cast<double>(i) - (n - 1.0) / 2.0;
    up += t * (kept[i] - mean);
    down += t * t;
  }
  return down > 0.0 ? 60.0 * up / down : 0.0;
}

void run(const Options& options) {
  const std::shared_ptr<const Graph> graph = graph_with(options.detector);
  std::vector<Shard> shards;
  shards.reserve(static_cast<std::size_t>(options.threads));
  for (int i = 0; i < options.threads; ++i) {
    const int more = i < options.sessions % options.threads ? 1 : 0;
    shards.emplace_back(options, graph, options.sessions / options.threads + more);
  }
  const double cpu_before = cpu_seconds();
  const auto start = SteadyClock::now() + std::chrono::milliseconds(50);
  std::vector<std::jthread> threads;
  threads.reserve(shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i) {
    threads.emplace_back([&shards, i, start] {
      raise_thread_priority();  // as the server's shards
      keep_thread_on_processor(i, shards.size());
      shards[i].run(start);
    });
  }
  std::vector<double> memory;
  for (int second = 1; second < static_cast<int>(options.seconds); ++second) {
    std::this_thread::sleep_until(start + std::chrono::seconds(second));
    memory.push_back(resident_mib());
  }
  threads.clear();
  const double wall = std::chrono::duration<double>(SteadyClock::now() - start).count();
  Times delays;
  Times calls;
  int opened = 0;
  for (const Shard& shard : shards) {
    delays.add(shard.delays());
    calls.add(shard.calls());
    opened += shard.opened();
  }
  fmt::print(
      R"({{"sessions": {}, "threads": {}, "seconds": {:.1f}, "detector": "{}", "blocks": {},
 "delay_us": {}, "call_us": {}, "cores_used": {:.3f}, "opened": {},
 "memory_mib": {:.1f}, "memory_slope_mib_per_min": {:.3f}}}
)",
      options.sessions, options.threads, wall, options.detector, delays.count(), delays.json(),
      calls.json(), (cpu_seconds() - cpu_before) / wall, opened, resident_mib(),
      slope_mib_per_min(memory));
}

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  remotemedia::bench::Options options;
  CLI::App app("Many live sessions in one process, as JSON.");
  app.add_option("--sessions", options.sessions, "open at the same time")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "that share them")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "of audio each")->check(CLI::PositiveNumber);
  app.add_option("--detector", options.detector, "node type: SileroVADNode or VADNode");
  app.add_option("--churn", options.churn_per_s, "share of the sessions replaced each second");
  CLI11_PARSE(app, argc, argv);
  try {
    remotemedia::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "live_sessions: {}\n", error.what());
    return 1;
  }
}

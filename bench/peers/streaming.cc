// Blocks of 10 ms, as live audio comes: what a block costs, how many frames it gives, and how far
// the output lags behind the input. The mean is CPU time of a pass without clocks in it;
// percentiles come from a pass that reads the clock around each block, which takes about 0.03 us.

#include "bench/peers/harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace remotemedia::bench {
namespace {

constexpr double kSlowUsPerBlock = 50.0;
constexpr std::size_t kWarmBlocks = 50;  // longer than any library's first output is late
/// A core that multiplies and adds 512 bits was seen to do so at 0.7 of its speed for 25 us in
/// every 4.1 ms. A pass lasts for more than one of these, else it would meet one always or never.
constexpr double kPassUs = 10'000.0;

struct Stream {
  std::vector<double> block_us;
  std::size_t least_frames = std::numeric_limits<std::size_t>::max();
  std::size_t most_frames = 0;
  double least_lag_ms = std::numeric_limits<double>::infinity();
  double most_lag_ms = 0.0;
};

void play(const Peer& peer, const Job& job, Signal& signal, Output& output, Stream& stream) {
  const auto block = static_cast<std::size_t>(job.rate) / 100;
  const std::size_t blocks = signal.frames() / block;
  const std::unique_ptr<Engine> engine = make_engine(peer, job);
  std::size_t done = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    const Block in = signal.block(b * block, block);
    const Room room = output.room(done);
    const double start = now_us();
    const std::size_t given = engine->process(in, room);
    const double spent = now_us() - start;
    done += given;
    if (b < kWarmBlocks) continue;
    stream.block_us.push_back(spent);
    stream.least_frames = std::min(stream.least_frames, given);
    stream.most_frames = std::max(stream.most_frames, given);
    const double lag_ms =
        10.0 * static_cast<double>(b + 1) - 1e3 * static_cast<double>(done) / job.target_rate;
    stream.least_lag_ms = std::min(stream.least_lag_ms, lag_ms);
    stream.most_lag_ms = std::max(stream.most_lag_ms, lag_ms);
  }
}

/// The signal once, and again until a pass is over.
Stream run_stream(const Peer& peer, const Job& job, Signal& signal, Output& output) {
  Stream stream;
  const double end = now_us() + kPassUs;
  do {
    play(peer, job, signal, output, stream);
  } while (now_us() < end);
  return stream;
}

/// Mean CPU time of a block.
double mean_block_us(const Peer& peer, const Job& job, Signal& signal, Output& output) {
  const auto block = static_cast<std::size_t>(job.rate) / 100;
  const std::size_t blocks = signal.frames() / block;
  const std::unique_ptr<Engine> engine = make_engine(peer, job);
  std::size_t done = 0;
  double start = 0.0;
  for (std::size_t b = 0; b < blocks; ++b) {
    if (b == kWarmBlocks) start = cpu_us();
    done += engine->process(signal.block(b * block, block), output.room(done));
  }
  return (cpu_us() - start) / static_cast<double>(blocks - kWarmBlocks);
}

double percentile(const std::vector<double>& sorted, std::size_t percent) {
  return sorted[(sorted.size() - 1) * percent / 100];
}

struct Rounds {
  std::vector<double> mean, p50, p90, p99;
  Stream last;

  void add(double mean_us, Stream stream) {
    std::vector<double> sorted = stream.block_us;
    std::sort(sorted.begin(), sorted.end());
    mean.push_back(mean_us);
    p50.push_back(percentile(sorted, 50));
    p90.push_back(percentile(sorted, 90));
    p99.push_back(percentile(sorted, 99));
    last = std::move(stream);
  }
  void sit_out() {
    for (std::vector<double>* list : {&mean, &p50, &p90, &p99}) {
      list->push_back(std::numeric_limits<double>::quiet_NaN());
    }
  }
};

nlohmann::json to_json(const Job& job, const Peer& peer, const Rounds& rounds) {
  return {{"job", name_of(job)},
          {"peer", peer.name},
          {"mean_us", rounds.mean},
          {"p50_us", rounds.p50},
          {"p90_us", rounds.p90},
          {"p99_us", rounds.p99},
          {"frames_per_block", {rounds.last.least_frames, rounds.last.most_frames}},
          {"lag_ms", {rounds.last.least_lag_ms, rounds.last.most_lag_ms}}};
}

}  // namespace

nlohmann::json measure_streaming(const std::vector<Peer>& peers, const std::vector<Job>& jobs,
                                 const Options& options) {
  nlohmann::json result = nlohmann::json::array();
  for (const Job& job : jobs) {
    say(fmt::format("streaming, blocks of 10 ms: {}", name_of(job)));
    Signal signal(job.rate, job.channels, static_cast<std::size_t>(options.seconds * job.rate));
    Output output(job, signal.frames());
    std::vector<Rounds> rounds(peers.size());
    for (const Peer& peer : peers) run_stream(peer, job, signal, output);  // warm
    for (int round = 0; round < options.rounds; ++round) {
      for (std::size_t p = 0; p < peers.size(); ++p) {
        const bool slow = round > 0 && rounds[p].mean.front() > kSlowUsPerBlock;
        if (slow && round % 3 != 0) {
          rounds[p].sit_out();
        } else {
          const double mean_us = mean_block_us(peers[p], job, signal, output);
          rounds[p].add(mean_us, run_stream(peers[p], job, signal, output));
        }
      }
    }
    for (std::size_t p = 0; p < peers.size(); ++p) {
      result.push_back(to_json(job, peers[p], rounds[p]));
    }
  }
  return result;
}

}  // namespace remotemedia::bench

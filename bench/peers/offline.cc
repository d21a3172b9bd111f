// A whole clip in one call and its flush. Engines are made outside the clock, one for each run.

#include "bench/peers/harness.h"

#include <fmt/format.h>

#include <limits>

namespace remotemedia::bench {
namespace {

constexpr double kSlowUsPerSecond = 5'000.0;  // above it a peer runs in every third round only

double run_once(const Peer& peer, const Job& job, Signal& signal, Output& output) {
  const std::unique_ptr<Engine> engine = make_engine(peer, job);
  const Block in = signal.block(0, signal.frames());
  const double start = cpu_us();
  const std::size_t done = engine->process(in, output.room(0));
  engine->flush(output.room(done));
  return cpu_us() - start;
}

/// Times of all peers in all rounds; NaN (null in JSON) where a slow one sat out.
std::vector<std::vector<double>> run_rounds(const std::vector<Peer>& peers, const Job& job,
                                            const Options& options) {
  Signal signal(job.rate, job.channels, static_cast<std::size_t>(options.seconds * job.rate));
  Output output(job, signal.frames());
  std::vector<std::vector<double>> times(peers.size());
  std::vector<bool> slow(peers.size());
  for (std::size_t p = 0; p < peers.size(); ++p) {
    slow[p] = run_once(peers[p], job, signal, output) > kSlowUsPerSecond * options.seconds;
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t p = 0; p < peers.size(); ++p) {
      const bool rests = slow[p] && round % 3 != 0;
      times[p].push_back(rests ? std::numeric_limits<double>::quiet_NaN()
                               : run_once(peers[p], job, signal, output));
    }
  }
  return times;
}

}  // namespace

nlohmann::json measure_offline(const std::vector<Peer>& peers, const std::vector<Job>& jobs,
                               const Options& options) {
  nlohmann::json result = nlohmann::json::array();
  for (const Job& job : jobs) {
    say(fmt::format("offline, {:.0f} s: {}", options.seconds, name_of(job)));
    for (const Peer& peer : peers) validate(peer, job);
    const std::vector<std::vector<double>> times = run_rounds(peers, job, options);
    for (std::size_t p = 0; p < peers.size(); ++p) {
      result.push_back({{"job", name_of(job)}, {"peer", peers[p].name}, {"times_us", times[p]}});
    }
  }
  return result;
}

}  // namespace remotemedia::bench

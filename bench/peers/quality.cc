// The figures of docs/audio.md for every peer, by the harness of the resampler's tests.

#include "bench/peers/harness.h"
#include "dsp/tone_fit.h"

#include <fmt/format.h>

namespace remotemedia::bench {
namespace {

/// 0.9 of the lower Nyquist frequency: what a resampler for speech has to leave alone.
constexpr double kPassEdge = 0.9;

dsp::test::ToneMeter meter_of(const Peer& peer, const Job& job) {
  return {job.rate, job.target_rate, [&peer, job](const std::vector<float>& x) {
            Output output(job, x.size());
            const float* planar[] = {x.data()};
            const std::unique_ptr<Engine> engine = peer.make(job);
            std::size_t done = engine->process({planar, x.data(), x.size()}, output.room(0));
            done += engine->flush(output.room(done));
            return output.channel(0, done, engine->interleaved());
          }};
}

}  // namespace

nlohmann::json measure_quality(const std::vector<Peer>& peers, const std::vector<Job>& jobs) {
  nlohmann::json result = nlohmann::json::array();
  for (const Job& job : jobs) {
    if (job.channels != 1 || job.rate <= job.target_rate) continue;
    say(fmt::format("quality: {}", name_of(job)));
    for (const Peer& peer : peers) {
      const dsp::test::ToneMeter meter = meter_of(peer, job);
      const double edge_hz = kPassEdge * meter.nyquist_hz();
      result.push_back(
          {{"job", name_of(job)},
           {"peer", peer.name},
           {"ripple_db", meter.ripple_db(edge_hz)},
           {"minus_3_db_hz", meter.minus_3_db_hz()},
           {"signal_to_noise_db", meter.worst_signal_to_noise_db(edge_hz)},
           {"rejection_db", meter.worst_rejection_db(meter.nyquist_hz())},
           {"rejection_5_percent_above_db", meter.worst_rejection_db(1.05 * meter.nyquist_hz())}});
    }
  }
  return result;
}

}  // namespace remotemedia::bench

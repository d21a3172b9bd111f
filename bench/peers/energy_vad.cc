// One frame of 20 ms at 16 kHz through the energy VAD, decision and level.

#include "remotemedia/dsp/energy_vad.h"

#include "bench/peers/harness.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace remotemedia::bench {

nlohmann::json measure_energy_vad(const Options& options) {
  say("energy VAD, frames of 20 ms");
  constexpr int kRate = 16'000;
  constexpr std::size_t kFrame = 320;
  constexpr std::size_t kFrames = 500;
  Signal signal(kRate, 1, kFrame * kFrames);
  dsp::EnergyVad vad({.rate = kRate, .frame_duration_ms = 20});
  std::vector<std::uint8_t> decisions(kFrames);
  std::vector<float> levels(kFrames);
  std::vector<double> decision_us;
  std::vector<double> level_us;
  for (int round = 0; round < options.rounds * 4; ++round) {
    double start = cpu_us();
    for (std::size_t i = 0; i < kFrames; ++i) {
      const std::span<const float> frame(signal.block(i * kFrame, kFrame).interleaved, kFrame);
      vad.process(frame, std::span(decisions).subspan(i, 1));
    }
    decision_us.push_back((cpu_us() - start) / kFrames);
    start = cpu_us();
    for (std::size_t i = 0; i < kFrames; ++i) {
      const std::span<const float> frame(signal.block(i * kFrame, kFrame).interleaved, kFrame);
      vad.levels(frame, std::span(levels).subspan(i, 1));
    }
    level_us.push_back((cpu_us() - start) / kFrames);
  }
  if (!std::all_of(levels.begin(), levels.end(),
                   [](float level) { return std::isfinite(level); })) {
    fail("the energy VAD gave a level that is no number");
  }
  return {{"frame_us", decision_us}, {"level_frame_us", level_us}};
}

}  // namespace remotemedia::bench

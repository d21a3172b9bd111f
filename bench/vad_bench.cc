#include "bench/blocks.h"
#include "remotemedia/dsp/energy_vad.h"

#include <array>
#include <cstdint>

namespace remotemedia::bench {
namespace {

void energy_vad_frame(benchmark::State& state) {
  constexpr int kRate = 16'000;
  constexpr int kFrameMs = 30;
  dsp::EnergyVad vad({.rate = kRate, .frame_duration_ms = kFrameMs});
  const AudioBuffer audio = tones(kRate, 1, frames_of(kFrameMs, kRate));
  std::array<std::uint8_t, 2> decisions{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(vad.process(audio.channel<float>(0), decisions));
    benchmark::DoNotOptimize(decisions);
  }
  set_audio_ms(state, kFrameMs);
}
BENCHMARK(energy_vad_frame)->Name("energy VAD frame of 30 ms mono 16000");

}  // namespace
}  // namespace remotemedia::bench

#include "bench/blocks.h"
#include "remotemedia/dsp/resampler.h"

#include <array>
#include <string>

namespace remotemedia::bench {
namespace {

using dsp::Quality;

struct Case {
  int rate;
  int target_rate;
  int channels;
  Quality quality;
};

constexpr Case kCases[] = {
    {48'000, 16'000, 1, Quality::low},  {48'000, 16'000, 1, Quality::medium},
    {48'000, 16'000, 1, Quality::high}, {48'000, 16'000, 1, Quality::very_high},
    {48'000, 16'000, 2, Quality::high}, {44'100, 16'000, 2, Quality::high},
    {16'000, 48'000, 1, Quality::high},
};

void resample_block(benchmark::State& state, const Case& test) {
  const AudioBuffer in = tones(test.rate, test.channels, frames_of(kBlockMs, test.rate));
  dsp::Resampler resampler({.rate = test.rate,
                            .target_rate = test.target_rate,
                            .channels = test.channels,
                            .quality = test.quality});
  // A stream in full flow gives a block's worth, or one frame more.
  const std::size_t most = dsp::resampled_frames(in.frames(), test.rate, test.target_rate) + 1;
  AudioBuffer out = AudioBuffer::allocate(SampleFormat::f32, test.channels, most, test.target_rate);
  std::array<const float*, 2> from{};
  std::array<float*, 2> to{};
  for (int c = 0; c < test.channels; ++c) {
    from[static_cast<std::size_t>(c)] = in.channel<float>(c).data();
    to[static_cast<std::size_t>(c)] = out.mutable_channel<float>(c).data();
  }
  const auto channels = static_cast<std::size_t>(test.channels);
  for (auto _ : state) {
    benchmark::DoNotOptimize(resampler.process(std::span(from).first(channels), in.frames(),
                                               std::span(to).first(channels)));
    benchmark::ClobberMemory();
  }
  set_audio_ms(state, kBlockMs);
}

// What `audio.resample` of a short array costs without the way through Python.
void resample_clip(benchmark::State& state) {
  const AudioBuffer in = tones(48'000, 1, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(dsp::resample(in, 16'000, Quality::high, false));
}
BENCHMARK(resample_clip)->Name("resample a clip 48000 -> 16000 mono high")->Arg(16);

[[maybe_unused]] const bool kRegistered = [] {
  for (const Case& test : kCases) {
    const std::string name = "resample " + std::to_string(test.rate) + " -> " +
                             std::to_string(test.target_rate) + " " +
                             (test.channels == 1 ? "mono " : "stereo ") + to_string(test.quality);
    benchmark::RegisterBenchmark(name.c_str(), resample_block, test);
  }
  return true;
}();

}  // namespace
}  // namespace remotemedia::bench

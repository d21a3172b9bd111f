#include "bench/blocks.h"
#include "remotemedia/dsp/format.h"

#include <cstdint>
#include <string>
#include <vector>

namespace remotemedia::bench {
namespace {

constexpr int kRate = 48'000;

std::vector<float> second_of_audio() {
  const AudioBuffer audio = tones(kRate, 1, kRate);
  return {audio.channel<float>(0).begin(), audio.channel<float>(0).end()};
}

template <typename From, typename To, typename Convert>
void convert_second(benchmark::State& state, const std::vector<From>& in, Convert convert) {
  std::vector<To> out(in.size());
  for (auto _ : state) {
    convert(std::span<const From>(in), std::span<To>(out));
    benchmark::ClobberMemory();
  }
  set_audio_ms(state, 1000.0);
}

void f32_to_i16(benchmark::State& state) {
  convert_second<float, std::int16_t>(state, second_of_audio(), dsp::f32_to_i16);
}
BENCHMARK(f32_to_i16)->Name("format f32 -> i16 mono 48000");

void f32_to_i16_with_dither(benchmark::State& state) {
  const dsp::Dither dither;
  convert_second<float, std::int16_t>(state, second_of_audio(), [&](auto in, auto out) {
    return dither.f32_to_i16(in, out, 0, 0);
  });
}
BENCHMARK(f32_to_i16_with_dither)->Name("format f32 -> i16 with dither mono 48000");

// What a call of `audio.convert_format` with a short array costs without the way through Python.
void dither_clip(benchmark::State& state) {
  const AudioBuffer in = tones(kRate, 1, static_cast<std::size_t>(state.range(0)));
  const std::span<const float> samples = in.channel<float>(0);
  std::vector<std::int16_t> out(samples.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(dsp::Dither().f32_to_i16(samples, out, 0, 0));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(dither_clip)->Name("format f32 -> i16 with dither, a clip")->Arg(16);

void i16_to_f32(benchmark::State& state) {
  const std::vector<float> audio = second_of_audio();
  std::vector<std::int16_t> in(audio.size());
  dsp::f32_to_i16(audio, in);
  convert_second<std::int16_t, float>(state, in, dsp::i16_to_f32);
}
BENCHMARK(i16_to_f32)->Name("format i16 -> f32 mono 48000");

void f32_to_i32(benchmark::State& state) {
  convert_second<float, std::int32_t>(state, second_of_audio(), dsp::f32_to_i32);
}
BENCHMARK(f32_to_i32)->Name("format f32 -> i32 mono 48000");

}  // namespace
}  // namespace remotemedia::bench

// Runs one hot kernel on fixed input, for tools/count_instructions.py, which counts what happens in
// measured_calls().
// usage: kernel_workload NAME CALLS | kernel_workload --list | kernel_workload --about
//
// To add a kernel, add a line to kWorkloads and run tools/count_instructions.py --record.

#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/energy_vad.h"
#include "remotemedia/dsp/format.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/dsp/silero_vad.h"
#include "remotemedia/dsp/simd.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace remotemedia::bench {
namespace {

/// One call works on `items` samples or frames.
using Work = std::function<void()>;

struct Workload {
  std::string_view name;
  std::size_t items;
  Work (*make)(std::size_t items);
};

/// Begins at a cache line, as the work for the ends of a vector depends on where they are.
template <typename T>
struct CacheLines {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLines() = default;
  template <typename U>
  explicit CacheLines(const CacheLines<U>& /*other*/) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kAlignment));
  }
  void deallocate(T* memory, std::size_t /*count*/) { ::operator delete(memory, kAlignment); }
  bool operator==(const CacheLines& /*other*/) const = default;
};

template <typename T>
using Samples = std::vector<T, CacheLines<T>>;

/// A sequence without a pattern, in [-0.5, 0.5).
Samples<float> signal(std::size_t samples) {
  Samples<float> x(samples);
  std::uint32_t state = 1;
  for (float& value : x) {
    state = state * 1'664'525U + 1'013'904'223U;
    value = static_cast<float>(state >> 8U) / 16'777'216.0F - 0.5F;
  }
  return x;
}

template <typename From, typename To, auto kConvert>
Work convert(std::size_t items) {
  Samples<From> in;
  for (const float x : signal(items)) {
    in.push_back(static_cast<From>(std::is_integral_v<From> ? x * 32'767.0F : x));
  }
  return [in = std::move(in), out = Samples<To>(items)]() mutable { kConvert(in, out); };
}

Work dither(std::size_t items) {
  return [in = signal(items), out = Samples<std::int16_t>(items)]() mutable {
    dsp::Dither().f32_to_i16(in, out, 0, 0);
  };
}

template <std::size_t kChannels>
Work deinterleave(std::size_t items) {
  return
      [in = signal(items * kChannels), out = Samples<float>(items * kChannels), items]() mutable {
        float* planes[kChannels];
        for (std::size_t c = 0; c < kChannels; ++c) planes[c] = out.data() + c * items;
        dsp::deinterleave<float>(in, planes, items);
      };
}

template <std::size_t kChannels>
Work interleave(std::size_t items) {
  return
      [in = signal(items * kChannels), out = Samples<float>(items * kChannels), items]() mutable {
        const float* planes[kChannels];
        for (std::size_t c = 0; c < kChannels; ++c) planes[c] = in.data() + c * items;
        dsp::interleave<float>(planes, items, out);
      };
}

template <std::size_t kChannels>
Work mix(std::size_t items) {
  return [in = signal(items * kChannels), out = Samples<float>(items), items]() mutable {
    const float* planes[kChannels];
    for (std::size_t c = 0; c < kChannels; ++c) planes[c] = in.data() + c * items;
    dsp::mix_to_mono(planes, items, out.data());
  };
}

/// Blocks of `items` frames of one stream.
template <int kRate, int kChannels, dsp::ResamplingMode kMode = dsp::ResamplingMode::live>
Work resample(std::size_t items) {
  auto resampler = std::make_shared<dsp::Resampler>(dsp::Resampler::Config{.rate = kRate,
                                                                           .target_rate = 16'000,
                                                                           .channels = kChannels,
                                                                           .mono = kChannels > 1,
                                                                           .mode = kMode});
  Samples<float> out(items);  // the target rate is the lower one
  return [resampler, in = signal(items * kChannels), out = std::move(out), items]() mutable {
    const float* planes[kChannels];
    for (std::size_t c = 0; c < kChannels; ++c) planes[c] = in.data() + c * items;
    float* results[] = {out.data()};
    resampler->process(planes, items, results);
  };
}

std::vector<std::byte> bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Work silero_vad(std::size_t items) {
  auto vad = std::make_shared<dsp::SileroVad>(dsp::SileroModel::parse(bytes_of(SILERO_MODEL)),
                                              dsp::SileroVad::Config{});
  Samples<float> out(1);
  return [vad, in = signal(items), out = std::move(out)]() mutable { vad->process(in, out); };
}

Work energy_vad(std::size_t items) {
  auto vad = std::make_shared<dsp::EnergyVad>(dsp::EnergyVad::Config{.frame_duration_ms = 20});
  Samples<std::uint8_t> out(vad->max_frames(items));
  return [vad, in = signal(items), out = std::move(out)]() mutable { vad->process(in, out); };
}

constexpr Workload kWorkloads[] = {
    {"i16 -> f32", 4'800, convert<std::int16_t, float, dsp::i16_to_f32>},
    {"f32 -> i16", 4'800, convert<float, std::int16_t, dsp::f32_to_i16>},
    {"f32 -> i32", 4'800, convert<float, std::int32_t, dsp::f32_to_i32>},
    {"f64 -> i16", 4'800, convert<double, std::int16_t, dsp::f64_to_i16>},
    {"f32 -> i16 with dither", 4'800, dither},
    {"deinterleave 2 channels", 4'800, deinterleave<2>},
    {"interleave 2 channels", 4'800, interleave<2>},
    {"deinterleave 6 channels", 4'800, deinterleave<6>},
    {"mix 2 channels", 4'800, mix<2>},
    {"mix 6 channels", 4'800, mix<6>},
    {"resample 44100 -> 16000 mono, 10 ms", 441, resample<44'100, 1>},
    {"resample 44100 -> 16000 stereo to mono, 10 ms", 441, resample<44'100, 2>},
    {"resample 48000 -> 16000 mono, 10 ms", 480, resample<48'000, 1>},
    {"resample 48000 -> 16000 mono, offline, two blocks", 4'992,
     resample<48'000, 1, dsp::ResamplingMode::offline>},
    {"energy VAD, 20 ms", 320, energy_vad},
    {"Silero VAD, 32 ms", 512, silero_vad},
};

/// Has a name that callgrind finds.
extern "C" __attribute__((noinline)) void measured_calls(const Work& work, int calls) {
  for (int i = 0; i < calls; ++i) work();
}

int list() {
  for (const Workload& workload : kWorkloads) fmt::print("{}\t{}\n", workload.items, workload.name);
  return 0;
}

/// What the counts depend on besides the code.
int about() {
#ifdef __clang__
  fmt::print("clang {}\t{}\n", __clang_version__, dsp::simd_target());
#else
  fmt::print("gcc {}\t{}\n", __VERSION__, dsp::simd_target());
#endif
  return 0;
}

int run(std::string_view name, int calls) {
  for (const Workload& workload : kWorkloads) {
    if (workload.name != name) continue;
    const Work work = workload.make(workload.items);
    work();  // chooses the instruction set, and fills a filter
    measured_calls(work, calls);
    return 0;
  }
  fmt::print(stderr, "kernel_workload: no workload '{}'; --list names them\n", name);
  return 2;
}

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  using namespace remotemedia::bench;
  if (argc == 2 && std::string_view(argv[1]) == "--list") return list();
  if (argc == 2 && std::string_view(argv[1]) == "--about") return about();
  int calls = 0;
  const char* const end = argc == 3 ? argv[2] + std::strlen(argv[2]) : nullptr;
  if (argc != 3 || std::from_chars(argv[2], end, calls).ptr != end || calls < 0) {
    fmt::print(stderr, "usage: kernel_workload NAME CALLS | --list | --about\n");
    return 2;
  }
  return run(argv[1], calls);
}

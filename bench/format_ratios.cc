// How the sample format kernels compare with memcpy moving the same bytes (input plus output), and
// what a loop reaches that only reads and writes as many of each; these three one after the other
// in one run: ratio = memcpy's time / ours, limit = memcpy's time / that loop's, medians of the
// repeats. "L2" has 32768 samples; "RAM" has 16 Mi samples, and the caches are emptied before each
// call, as the last level of a server's processor holds all of them. Prints Markdown, or JSON with
// --json.

#include "bench/traffic.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/format.h"
#include "remotemedia/dsp/simd.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace remotemedia::bench {
namespace {

constexpr std::size_t kSmall = 32'768;
constexpr std::size_t kLarge = std::size_t{16} << 20U;
constexpr int kRepeats = 21;
constexpr std::size_t kLeastCache = std::size_t{32} << 20U;
constexpr std::size_t kMostCache = std::size_t{512} << 20U;
constexpr std::size_t kLineWords = 64 / sizeof(std::size_t);

/// Memory for the largest input or output, as any type. Filled, so that no page is missing.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes + 64, std::byte{1}) {}
  template <typename T>
  [[nodiscard]] std::span<T> as(std::size_t count) {
    const auto past = reinterpret_cast<std::uintptr_t>(bytes_.data()) % 64;
    return {reinterpret_cast<T*>(bytes_.data() + (64 - past) % 64), count};
  }

 private:
  std::vector<std::byte> bytes_;
};

/// Puts other memory into the caches, twice as much as they hold.
class CacheEmptier {
 public:
  void run() {
    if (memory_.empty()) memory_.assign(bytes() / sizeof(std::size_t), 1);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < memory_.size(); i += kLineWords) sum += memory_[i];
    sum_ = sum;  // so that it is not left out
  }

 private:
  static std::size_t bytes() {
    const long known = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const std::size_t bytes = known > 0 ? static_cast<std::size_t>(known) : 0;
    return 2 * std::clamp(bytes, kLeastCache, kMostCache);
  }

  std::vector<std::size_t> memory_;
  volatile std::size_t sum_ = 0;
};

struct Measurement {
  std::string name;
  std::size_t samples;
  double ratio;
  double spread;  ///< half of the distance between the quartiles, relative to the median
  double limit;
  double samples_per_ns;
};

class Bench {
 public:
  explicit Bench(std::size_t samples)
      : samples_(samples),
        in_(samples * sizeof(double)),
        out_(samples * sizeof(double)),
        from_(samples * sizeof(double)),
        to_(samples * sizeof(double)) {}

  void run_all() {
    convert<std::int16_t, std::int32_t>("i16 -> i32", dsp::i16_to_i32);
    convert<std::int16_t, float>("i16 -> f32", dsp::i16_to_f32);
    convert<std::int16_t, double>("i16 -> f64", dsp::i16_to_f64);
    convert<std::int32_t, std::int16_t>("i32 -> i16", dsp::i32_to_i16);
    convert<std::int32_t, float>("i32 -> f32", dsp::i32_to_f32);
    convert<std::int32_t, double>("i32 -> f64", dsp::i32_to_f64);
    convert<float, std::int16_t>("f32 -> i16", dsp::f32_to_i16);
    convert<float, std::int32_t>("f32 -> i32", dsp::f32_to_i32);
    convert<float, double>("f32 -> f64", dsp::f32_to_f64);
    convert<double, std::int16_t>("f64 -> i16", dsp::f64_to_i16);
    convert<double, std::int32_t>("f64 -> i32", dsp::f64_to_i32);
    convert<double, float>("f64 -> f32", dsp::f64_to_f32);
    const dsp::Dither dither;
    convert<float, std::int16_t>("f32 -> i16 with dither", [&](auto in, auto out) {
      return dither.f32_to_i16(in, out, 0, 0);
    });
    for (const std::size_t channels : {2U, 6U, 8U}) {
      deinterleave<float>("f32", channels);
      deinterleave<std::int16_t>("i16", channels);
      interleave<float>("f32", channels);
      interleave<std::int16_t>("i16", channels);
      mix(channels);
    }
  }

  [[nodiscard]] const std::vector<Measurement>& measurements() const { return measurements_; }

 private:
  /// Tones of half of full scale.
  template <typename T>
  std::span<const T> input(std::size_t count) {
    const std::span<T> in = in_.as<T>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double x = static_cast<double>(i * 2'654'435'761U % 65'536U) / 65'536.0 - 0.5;
      in[i] = static_cast<T>(std::is_integral_v<T> ? x * std::numeric_limits<T>::max() : x);
    }
    return in;
  }

  template <typename From, typename To, typename Convert>
  void convert(const char* name, Convert run) {
    const auto in = input<From>(samples_);
    const auto out = out_.as<To>(samples_);
    compare(name, {in.size_bytes(), out.size_bytes()}, [=] { run(in, out); });
  }

  template <typename T>
  void deinterleave(const char* type, std::size_t channels) {
    const std::size_t frames = samples_ / channels;
    const auto in = input<T>(frames * channels);
    std::vector<T*> planes;
    for (std::size_t c = 0; c < channels; ++c) {
      planes.push_back(out_.as<T>(samples_).data() + c * frames);
    }
    compare(fmt::format("deinterleave {} channels {}", channels, type),
            {in.size_bytes(), in.size_bytes()}, [=] { dsp::deinterleave<T>(in, planes, frames); });
  }

  template <typename T>
  void interleave(const char* type, std::size_t channels) {
    const std::size_t frames = samples_ / channels;
    const auto in = input<T>(frames * channels);
    std::vector<const T*> planes;
    for (std::size_t c = 0; c < channels; ++c) planes.push_back(in.data() + c * frames);
    const auto out = out_.as<T>(frames * channels);
    compare(fmt::format("interleave {} channels {}", channels, type),
            {in.size_bytes(), in.size_bytes()}, [=] { dsp::interleave<T>(planes, frames, out); });
  }

  void mix(std::size_t channels) {
    const std::size_t frames = samples_ / channels;
    const auto in = input<float>(frames * channels);
    std::vector<const float*> planes;
    for (std::size_t c = 0; c < channels; ++c) planes.push_back(in.data() + c * frames);
    float* const out = out_.as<float>(frames).data();
    compare(fmt::format("mix {} channels to mono f32", channels),
            {in.size_bytes(), frames * sizeof(float)},
            [=] { dsp::mix_to_mono(planes, frames, out); });
  }

  /// Time of `calls` calls, in ns a call.
  static double time_of(const std::function<void()>& work, int calls) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) work();
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    return time.count() / calls;
  }

  /// In the memory that the samples are for.
  double measured(const std::function<void()>& work) {
    if (samples_ <= kSmall) return time_of(work, 50);
    caches_.run();
    return time_of(work, 1);
  }

  void compare(std::string name, Traffic traffic, const std::function<void()>& kernel) {
    const std::function<void()> copy = [&, half = (traffic.in_bytes + traffic.out_bytes) / 2] {
      std::memcpy(to_.as<std::byte>(half).data(), from_.as<std::byte>(half).data(), half);
    };
    const std::function<void()> limit = [&] {
      move(traffic, in_.as<std::byte>(traffic.in_bytes).data(),
           out_.as<std::byte>(traffic.out_bytes).data());
    };
    std::vector<double> ratios;
    std::vector<double> limits;
    std::vector<double> times;
    measured(kernel);  // warms up
    for (int i = 0; i < kRepeats; ++i) {
      const double copy_ns = measured(copy);
      times.push_back(measured(kernel));
      ratios.push_back(copy_ns / times.back());
      limits.push_back(copy_ns / measured(limit));
    }
    std::sort(ratios.begin(), ratios.end());
    std::sort(limits.begin(), limits.end());
    std::sort(times.begin(), times.end());
    const double median = ratios[kRepeats / 2];
    measurements_.push_back({std::move(name), samples_, median,
                             (ratios[kRepeats * 3 / 4] - ratios[kRepeats / 4]) / 2 / median,
                             limits[kRepeats / 2],
                             static_cast<double>(samples_) / times[kRepeats / 2]});
  }

  std::size_t samples_;
  Memory in_;
  Memory out_;
  Memory from_;
  Memory to_;
  CacheEmptier caches_;
  std::vector<Measurement> measurements_;
};

void print_json(const std::vector<Measurement>& small, const std::vector<Measurement>& large) {
  fmt::print("{{\"target\": \"{}\", \"repeats\": {}, \"kernels\": [", dsp::simd_target(), kRepeats);
  const char* separator = "";
  for (const std::vector<Measurement>* part : {&small, &large}) {
    for (const Measurement& m : *part) {
      fmt::print(
          "{}\n  {{\"kernel\": \"{}\", \"samples\": {}, \"memcpy_ratio\": {:.3f}, "
          "\"spread\": {:.3f}, \"limit_ratio\": {:.3f}, \"samples_per_ns\": {:.3f}}}",
          separator, m.name, m.samples, m.ratio, m.spread, m.limit, m.samples_per_ns);
      separator = ",";
    }
  }
  fmt::print("\n]}}\n");
}

void print_markdown(const std::vector<Measurement>& small, const std::vector<Measurement>& large) {
  fmt::print("Speed relative to memcpy of the same bytes, instruction set {}, median of {}\n\n",
             dsp::simd_target(), kRepeats);
  fmt::print("| kernel | L2 | spread | limit | samples/ns | RAM | spread | limit | samples/ns |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < small.size(); ++i) {
    const Measurement& l2 = small[i];
    const Measurement& ram = large[i];
    fmt::print(
        "| {} | {:.2f} | {:.0f} % | {:.2f} | {:.2f} | {:.2f} | {:.0f} % | {:.2f} | {:.2f} |\n",
        l2.name, l2.ratio, 100 * l2.spread, l2.limit, l2.samples_per_ns, ram.ratio,
        100 * ram.spread, ram.limit, ram.samples_per_ns);
  }
}

std::vector<Measurement> measured(std::size_t samples) {
  Bench bench(samples);
  bench.run_all();
  return bench.measurements();
}

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  using namespace remotemedia::bench;
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: format_ratios [--json]\n");
    return 2;
  }
  const auto small = measured(kSmall);
  const auto large = measured(kLarge);
  json ? print_json(small, large) : print_markdown(small, large);
  return 0;
}

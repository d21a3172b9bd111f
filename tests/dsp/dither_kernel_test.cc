#include "dsp/dither_kernel.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace remotemedia::dsp {
namespace {

constexpr DitherKey kKey = {.start = 0x12345678U, .step = 0x9ABCDEF1U};

/// The hash that the kernel's comment names, written out.
double noise_by_definition(DitherKey key, std::uint32_t position) {
  std::uint32_t x = key.start + position * key.step;
  x ^= x >> 16U;
  x *= 0x7FEB352DU;
  x ^= x >> 15U;
  x *= 0x846CA68BU;
  const auto with_sign = [](std::uint32_t half) {
    return half < 32'768U ? static_cast<double>(half) : static_cast<double>(half) - 65'536.0;
  };
  return (with_sign(x / 65'536U) - with_sign(x % 65'536U)) / 65'536.0;
}

std::int16_t by_definition(float x, DitherKey key, std::uint32_t position) {
  const double value = std::isnan(x) ? 0.0 : static_cast<double>(x) * 32'768.0;
  const auto noisy = static_cast<float>(value + noise_by_definition(key, position));
  return static_cast<std::int16_t>(
      std::nearbyint(std::min(std::max(noisy, -32'768.0F), 32'767.0F)));
}

std::vector<float> signal(std::size_t frames) {
  std::vector<float> x = test::noise(frames, 3, 1.05F);
  const float infinity = std::numeric_limits<float>::infinity();
  const float hard[] = {0.0F,   -0.0F,    1.0F,
                        -1.0F,  infinity, -infinity,
                        1e-30F, 3e38F,    std::numeric_limits<float>::quiet_NaN()};
  for (std::size_t i = 0; i < std::size(hard) && 11 * i + 5 < frames; ++i) x[11 * i + 5] = hard[i];
  return x;
}

class DitherKernel : public test::EveryTarget {};

void expect_definition(std::span<const float> in, std::size_t shift, std::uint32_t position,
                       Stores stores) {
  constexpr std::int16_t kGuard = 77;
  test::AlignedVector<std::int16_t> memory(in.size() + shift + 64, kGuard);
  std::int16_t* const out = memory.data() + shift;
  std::uint64_t count = 0;
  for (const float x : in) count += std::isfinite(x) ? 0 : 1;
  ASSERT_EQ(dither_to_i16(in.data(), in.size(), out, kKey, position, stores), count);
  for (std::size_t i = 0; i < in.size(); ++i) {
    ASSERT_EQ(out[i], by_definition(in[i], kKey, position + static_cast<std::uint32_t>(i)))
        << in[i] << " at " << i << " of " << in.size();
  }
  for (std::size_t i = 0; i < shift; ++i) ASSERT_EQ(memory[i], kGuard);
  for (std::size_t i = shift + in.size(); i < memory.size(); ++i) ASSERT_EQ(memory[i], kGuard);
}

TEST_P(DitherKernel, FollowsTheDefinition) {
  const std::vector<float> x = signal(20'000);
  const std::span<const float> all(x);
  for (const Stores stores : {Stores::cached, Stores::streaming}) {
    expect_definition(all, 0, 0, stores);
    expect_definition(all.subspan(1), 3, 0xFFFF'FFFFU - 19'998U, stores);
    for (std::size_t count = 0; count <= 200; ++count) {
      expect_definition(all.subspan(count % 5, count), count % 33, 65'500, stores);
    }
  }
}

RUN_ON_EVERY_TARGET(DitherKernel);

constexpr std::uint32_t kDraws = 1U << 20U;

TEST(DitherNoise, IsTriangularWithMeanZero) {
  // 32 equal intervals of the triangle's distribution function, which then are equally likely.
  std::vector<double> counts(32);
  double sum = 0;
  double power = 0;
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const auto x = static_cast<double>(dither_noise(kKey, i));
    ASSERT_EQ(x, noise_by_definition(kKey, i));
    ASSERT_LT(std::fabs(x), 1.0);
    sum += x;
    power += x * x;
    const double probability = x < 0 ? (1 + x) * (1 + x) / 2 : 1 - (1 - x) * (1 - x) / 2;
    counts[static_cast<std::size_t>(probability * 32)] += 1;
  }
  // Five standard deviations: the variance is 1/6, that of the square 7/180.
  EXPECT_NEAR(sum / kDraws, 0.0, 5 * std::sqrt(1 / 6.0 / kDraws));
  EXPECT_NEAR(power / kDraws, 1 / 6.0, 5 * std::sqrt(7 / 180.0 / kDraws));
  double chi_squared = 0;
  for (const double count : counts) {
    chi_squared += (count - kDraws / 32.0) * (count - kDraws / 32.0) / (kDraws / 32.0);
  }
  EXPECT_LT(chi_squared, 31 + 5 * std::sqrt(62.0));
}

/// Power of the noise at `period` frames, relative to its mean over all frequencies.
double relative_power(DitherKey key, double period) {
  const double step = 2 * 3.14159265358979323846 / period;
  double re = 0;
  double im = 0;
  constexpr std::uint32_t kFrames = 1U << 16U;
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    const auto x = static_cast<double>(dither_noise(key, i));
    re += x * std::cos(step * i);
    im += x * std::sin(step * i);
  }
  return (re * re + im * im) / (kFrames / 6.0);
}

TEST(DitherNoise, IsWhite) {
  // The power at one frequency is exponential with mean 1: over 14 with a probability of 1e-6.
  const DitherKey other = {.start = 0x0BADCAFEU, .step = 0x12345679U};
  for (const DitherKey key : {kKey, other, DitherKey{.start = 0, .step = 0x9E3779B9U}}) {
    for (const double period : {2.0, 3.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1'000.0, 65'536.0}) {
      EXPECT_LT(relative_power(key, period), 14.0) << key.step << " " << period;
    }
  }
}

TEST(DitherNoise, OfASampleTellsNothingOfTheNext) {
  // 16 x 16 equally likely pairs: chi squared of 255 degrees of freedom.
  for (const std::uint32_t lag : {1U, 2U, 4U, 8U, 16U, 32U, 1'024U}) {
    std::vector<double> counts(256);
    const auto interval = [](std::uint32_t i) {
      const auto x = static_cast<double>(dither_noise(kKey, i));
      const double probability = x < 0 ? (1 + x) * (1 + x) / 2 : 1 - (1 - x) * (1 - x) / 2;
      return static_cast<std::size_t>(probability * 16);
    };
    for (std::uint32_t i = 0; i < kDraws; ++i) counts[16 * interval(i) + interval(i + lag)] += 1;
    double chi_squared = 0;
    for (const double count : counts) {
      chi_squared += (count - kDraws / 256.0) * (count - kDraws / 256.0) / (kDraws / 256.0);
    }
    EXPECT_LT(chi_squared, 255 + 5 * std::sqrt(510.0)) << lag;
  }
}

TEST(DitherNoise, OfOneKeyIsNotThatOfAnotherShifted) {
  // With the same start, only the step differs, as for channels that happen to be alike.
  const DitherKey other = {.start = kKey.start, .step = kKey.step + 2};
  for (int lag = -64; lag <= 64; ++lag) {
    double sum = 0;
    for (std::uint32_t i = 64; i < 20'064; ++i) {
      const auto shifted = static_cast<std::uint32_t>(static_cast<int>(i) + lag);
      sum += static_cast<double>(dither_noise(kKey, i)) *
             static_cast<double>(dither_noise(other, shifted));
    }
    EXPECT_NEAR(sum / 20'000 * 6, 0.0, 5 / std::sqrt(20'000.0)) << lag;
  }
}

}  // namespace
}  // namespace remotemedia::dsp

#include "dsp/mix_kernel.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace remotemedia::dsp {
namespace {

/// Floats of every exponent, subnormal ones and the largest included, but no NaN and infinities.
std::vector<float> floats_of_any_size(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x;
  while (x.size() < count) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isfinite(value)) x.push_back(value);
  }
  return x;
}

/// `channels` planes; the second is near the first or its negative here and there, so that sums
/// cancel, overflow and become subnormal.
std::vector<std::vector<float>> planes(std::size_t channels, std::size_t frames, bool any_size) {
  std::vector<std::vector<float>> x;
  for (std::size_t c = 0; c < channels; ++c) {
    const auto seed = static_cast<unsigned>(c + 1);
    x.push_back(any_size ? floats_of_any_size(frames, seed) : test::noise(frames, seed));
  }
  for (std::size_t i = 0; any_size && channels > 1 && i < frames; i += 3) {
    const float near = std::nextafter(x[0][i], 0.0F);
    x[1][i] = i % 2 == 0 ? near : -near;
  }
  for (std::vector<float>& channel : x) {
    for (std::size_t i = 5; i < frames; i += 50) channel[i] = -0.0F;
  }
  return x;
}

template <typename Sum>
float mean_in(const std::vector<std::vector<float>>& x, std::size_t frame) {
  auto sum = static_cast<Sum>(x[0][frame]);
  for (std::size_t c = 1; c < x.size(); ++c) sum += static_cast<Sum>(x[c][frame]);
  return static_cast<float>(sum / static_cast<Sum>(x.size()));
}

float mean_by_definition(const std::vector<std::vector<float>>& x, std::size_t frame) {
  const float mean = mean_in<float>(x, frame);
  return std::isfinite(mean) ? mean : mean_in<double>(x, frame);
}

void expect_bits(float actual, float expected, std::size_t frame) {
  if (std::isnan(expected)) {
    ASSERT_TRUE(std::isnan(actual)) << frame;
  } else {
    ASSERT_EQ(std::memcmp(&actual, &expected, sizeof(float)), 0)
        << frame << ": " << actual << ", expected " << expected;
  }
}

void expect_mean(const std::vector<std::vector<float>>& x, std::size_t shift, Stores stores) {
  const std::size_t frames = x[0].size();
  std::vector<const float*> in;
  for (const std::vector<float>& channel : x) in.push_back(channel.data());
  test::AlignedVector<float> memory(frames + shift + 16, 77.0F);
  mix_channels(in, frames, memory.data() + shift, stores);
  for (std::size_t i = 0; i < frames; ++i) {
    expect_bits(memory[shift + i], mean_by_definition(x, i), i);
  }
  for (std::size_t i = 0; i < shift; ++i) ASSERT_EQ(memory[i], 77.0F);
  for (std::size_t i = shift + frames; i < memory.size(); ++i) ASSERT_EQ(memory[i], 77.0F);
}

class MixKernel : public test::EveryTarget {};

TEST_P(MixKernel, GivesTheMeanOfTheDefinition) {
  for (std::size_t channels = 1; channels <= 32; ++channels) {
    for (const bool any_size : {false, true}) {
      expect_mean(planes(channels, 3'001, any_size), 0, Stores::cached);
      expect_mean(planes(channels, 1'003, any_size), 5, Stores::streaming);
    }
  }
}

TEST_P(MixKernel, GivesTheMeanForAnyLengthAndAlignment) {
  for (std::size_t frames = 0; frames <= 140; ++frames) {
    for (const Stores stores : {Stores::cached, Stores::streaming}) {
      expect_mean(planes(2, frames, true), frames % 17, stores);
      expect_mean(planes(5, frames, false), frames % 17, stores);
    }
  }
}

TEST_P(MixKernel, LetsNonFinitePass) {
  std::vector<std::vector<float>> x = planes(2, 200, false);
  const float infinity = std::numeric_limits<float>::infinity();
  x[0][3] = infinity;
  x[1][50] = -infinity;
  x[0][51] = std::numeric_limits<float>::quiet_NaN();
  x[0][199] = infinity;
  x[1][199] = -infinity;
  expect_mean(x, 0, Stores::cached);
  x.push_back(test::noise(200, 9));
  expect_mean(x, 0, Stores::cached);
}

TEST_P(MixKernel, MayWriteOverAnyOfItsInputs) {
  for (const std::size_t target : {0U, 1U, 2U}) {
    std::vector<std::vector<float>> x = planes(target == 2 ? 3 : 2, 501, target == 1);
    const std::vector<std::vector<float>> before = x;
    std::vector<const float*> in;
    for (const std::vector<float>& channel : x) in.push_back(channel.data());
    mix_channels(in, 501, x[target].data(), Stores::cached);
    for (std::size_t i = 0; i < 501; ++i) {
      expect_bits(x[target][i], mean_by_definition(before, i), i);
    }
  }
}

TEST_P(MixKernel, GivesTheMeanOfTwoAndSaysThatItIsFinite) {
  for (std::size_t frames = 0; frames <= 140; ++frames) {
    const std::vector<std::vector<float>> x = planes(2, frames, false);
    std::vector<float> out(frames + 1, 77.0F);
    EXPECT_TRUE(mix_two_finite(x[0].data(), x[1].data(), frames, out.data()));
    for (std::size_t i = 0; i < frames; ++i) expect_bits(out[i], mean_by_definition(x, i), i);
    EXPECT_EQ(out[frames], 77.0F);
  }
}

TEST_P(MixKernel, SaysOfTwoWhereTheirSumIsNotFinite) {
  constexpr std::size_t kCount = 75;
  const float infinity = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> out(kCount);
  for (const auto& [left, right] :
       {std::pair(infinity, 0.0F), std::pair(0.0F, -infinity), std::pair(infinity, -infinity),
        std::pair(nan, 0.5F), std::pair(0.5F, -nan), std::pair(largest, largest)}) {
    for (std::size_t at = 0; at < kCount; ++at) {
      std::vector<std::vector<float>> x = planes(2, kCount, false);
      x[0][at] = left;
      x[1][at] = right;
      EXPECT_FALSE(mix_two_finite(x[0].data(), x[1].data(), kCount, out.data())) << at;
    }
  }
}

RUN_ON_EVERY_TARGET(MixKernel);

}  // namespace
}  // namespace remotemedia::dsp

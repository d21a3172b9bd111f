#include "remotemedia/dsp/energy_vad.h"

#include "dsp/signals.h"
#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace remotemedia::dsp {
namespace {

using test::noise;
using testing::Each;
using testing::HasSubstr;

std::vector<std::uint8_t> decisions(EnergyVad& vad, std::span<const float> x) {
  std::vector<std::uint8_t> result(vad.max_frames(x.size()));
  EXPECT_EQ(vad.process(x, result), result.size());
  return result;
}

/// Noise in stretches of random length and level, -70 to -3 dBFS.
std::vector<float> bursts(std::size_t frames, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> length(100, 6'000);
  std::uniform_real_distribution<double> level_db(-70.0, -3.0);
  std::vector<float> x;
  while (x.size() < frames) {
    const auto peak = static_cast<float>(std::pow(10.0, level_db(random) / 20.0));
    const std::vector<float> stretch = noise(length(random), static_cast<unsigned>(random()), peak);
    x.insert(x.end(), stretch.begin(), stretch.end());
  }
  x.resize(frames);
  return x;
}

/// The class comment, written frame by frame from the top.
std::vector<std::uint8_t> by_definition(const EnergyVad::Config& config,
                                        const std::vector<float>& x) {
  const auto length = static_cast<std::size_t>(config.rate * config.frame_duration_ms / 1000);
  const double ratio = std::pow(10.0, (3.0 + 3.0 * config.aggressiveness) / 20.0);
  double floor = std::max(config.threshold / ratio, 1e-5);
  std::vector<std::uint8_t> result;
  for (std::size_t begin = 0; begin + length <= x.size(); begin += length) {
    long double sum = 0;
    for (std::size_t i = 0; i < length; ++i) {
      sum += static_cast<long double>(x[begin + i]) * static_cast<long double>(x[begin + i]);
    }
    const auto mean_square = static_cast<float>(sum / static_cast<long double>(length));
    const double rms = std::sqrt(static_cast<double>(mean_square));
    result.push_back(rms > std::max(config.threshold, floor * ratio) ? 1 : 0);
    if (rms < floor) {
      floor = std::max(rms, 1e-5);
    } else {
      floor =
          std::min(rms, floor * std::pow(10.0, 0.1 * static_cast<double>(length) / config.rate));
    }
  }
  return result;
}

TEST(EnergyVad, DecidesAsItsDefinition) {
  for (const int rate : {8'000, 11'025, 16'000, 48'000}) {
    for (const int frame_ms : {5, 20, 30, 100}) {
      for (int aggressiveness = 0; aggressiveness <= 3; ++aggressiveness) {
        const EnergyVad::Config config = {rate, frame_ms, 0.0005, aggressiveness};
        const std::vector<float> x = bursts(static_cast<std::size_t>(rate) * 3, 20);
        EnergyVad vad(config);
        const std::vector<std::uint8_t> result = decisions(vad, x);
        EXPECT_EQ(result, by_definition(config, x)) << rate << " Hz, " << frame_ms << " ms";
      }
    }
  }
}

std::vector<float> levels(EnergyVad& vad, std::span<const float> x) {
  std::vector<float> result(vad.max_frames(x.size()));
  EXPECT_EQ(vad.levels(x, result), result.size());
  return result;
}

/// A tone of constant envelope, so that every frame of whole periods has the same RMS.
std::vector<float> square_wave(std::size_t frames, double rms_db) {
  const auto peak = static_cast<float>(std::pow(10.0, rms_db / 20.0));
  std::vector<float> x(frames);
  for (std::size_t i = 0; i < frames; ++i) x[i] = i % 2 == 0 ? peak : -peak;
  return x;
}

TEST(EnergyVad, GivesLevelsAboveTheLimitThatFallByFiftyDecibelsASecond) {
  // Frames of 20 ms: 1 dB each. The threshold is the limit: the floor stays 6 dB below it.
  EnergyVad vad({.frame_duration_ms = 20, .threshold = 0.01});  // -40 dBFS
  std::vector<float> x = square_wave(320, -30.0);
  const std::vector<float> silence(320 * 60);
  x.insert(x.end(), silence.begin(), silence.end());
  const std::vector<float> result = levels(vad, x);
  for (std::size_t i = 0; i < result.size(); ++i) {
    // Silence counts as -100 dBFS, 60 dB below the threshold.
    EXPECT_NEAR(result[i], std::max(10.0 - static_cast<double>(i), -60.0), 1e-4) << i;
  }
}

TEST(EnergyVad, GivesSpeechFramesLevelsAboveZero) {
  const EnergyVad::Config config = {.threshold = 0.0005, .aggressiveness = 2};
  const std::vector<float> x = bursts(200'000, 26);
  EnergyVad deciding(config);
  EnergyVad levelling(config);
  const std::vector<std::uint8_t> speech = decisions(deciding, x);
  const std::vector<float> level = levels(levelling, x);
  int held = 0;
  for (std::size_t i = 0; i < speech.size(); ++i) {
    if (speech[i] == 1) {
      EXPECT_GT(level[i], 0.0F) << i;
    } else if (level[i] > 0.0F) {
      ++held;
    }
    if (i > 0) {
      EXPECT_GE(level[i], level[i - 1] - 1.5F - 1e-3F) << i;
    }
  }
  EXPECT_GT(held, 0);
}

TEST(EnergyVad, GivesTheSameLevelsForAnyChunksAndAmongDecisions) {
  const std::vector<float> x = bursts(30'000, 27);
  EnergyVad whole({});
  const std::vector<float> expected = levels(whole, x);
  for (const std::size_t size : {1U, 7U, 160U, 479U, 481U, 3'000U}) {
    EnergyVad vad({});
    std::size_t frame = 0;
    bool deciding = false;
    for (std::size_t done = 0; done < x.size(); done += size) {
      const std::span<const float> rest = std::span(x).subspan(done);
      const std::span<const float> part = rest.first(std::min(size, rest.size()));
      if (deciding) {
        frame += decisions(vad, part).size();
      } else {
        for (const float level : levels(vad, part)) EXPECT_EQ(level, expected[frame++]) << size;
      }
      deciding = !deciding;
    }
    EXPECT_EQ(frame, expected.size()) << size;
  }
}

TEST(EnergyVad, DecidesTheSameForAnyChunks) {
  const std::vector<float> x = bursts(50'000, 21);
  EnergyVad whole({});
  const std::vector<std::uint8_t> expected = decisions(whole, x);
  EXPECT_GT(std::accumulate(expected.begin(), expected.end(), 0), 0);
  for (const std::size_t size : {1U, 7U, 160U, 479U, 480U, 481U, 3'000U}) {
    EnergyVad vad({});
    std::vector<std::uint8_t> result;
    for (std::size_t done = 0; done < x.size(); done += size) {
      const std::span<const float> rest = std::span(x).subspan(done);
      const auto part = decisions(vad, rest.first(std::min(size, rest.size())));
      result.insert(result.end(), part.begin(), part.end());
    }
    EXPECT_EQ(result, expected) << size;
  }
}

TEST(EnergyVad, NeverFindsMoreSpeechWhenMoreAggressive) {
  const std::vector<float> x = bursts(200'000, 22);
  int before = std::numeric_limits<int>::max();
  std::vector<int> counts;
  for (int aggressiveness = 0; aggressiveness <= 3; ++aggressiveness) {
    EnergyVad vad({.threshold = 0.0002, .aggressiveness = aggressiveness});
    const auto result = decisions(vad, x);
    const int count = std::accumulate(result.begin(), result.end(), 0);
    EXPECT_LE(count, before);
    before = count;
    counts.push_back(count);
  }
  EXPECT_LT(counts.back(), counts.front());
}

TEST(EnergyVad, NeedsMoreThanTheThreshold) {
  // Mean square 2^-12, so the RMS is exactly 2^-6.
  const std::vector<float> x(480, std::ldexp(1.0F, -6));
  EnergyVad at({.threshold = std::ldexp(1.0, -6), .aggressiveness = 0});
  EXPECT_THAT(decisions(at, x), Each(0));
  EnergyVad below({.threshold = std::ldexp(0.999, -6), .aggressiveness = 0});
  EXPECT_THAT(decisions(below, x), Each(1));
}

TEST(EnergyVad, TakesSteadyNoiseForTheFloorAfterAWhile) {
  // 40 dB over the threshold at first; the floor rises by 2 dB per second and has it after 20
  // seconds.
  const std::vector<float> x = noise(16'000 * 30, 23, 0.3F);
  EnergyVad vad({.threshold = 0.002});
  const std::vector<std::uint8_t> result = decisions(vad, x);
  EXPECT_EQ(result.front(), 1);
  EXPECT_EQ(result[result.size() / 3], 1);
  EXPECT_EQ(result.back(), 0);
}

TEST(EnergyVad, RecoversItsFloorAfterDigitalSilence) {
  std::vector<float> x(16'000);
  const std::vector<float> hum = noise(16'000 * 45, 24, 0.1F);
  x.insert(x.end(), hum.begin(), hum.end());
  EnergyVad vad({.threshold = 0.001});
  EXPECT_EQ(decisions(vad, x).back(), 0);
}

TEST(EnergyVad, CountsNanAsSilenceAndInfinityAsFullScale) {
  EnergyVad vad({});
  EXPECT_THAT(decisions(vad, std::vector<float>(480, std::numeric_limits<float>::quiet_NaN())),
              Each(0));
  EXPECT_THAT(decisions(vad, std::vector<float>(480, -std::numeric_limits<float>::infinity())),
              Each(1));
}

TEST(EnergyVad, ForgetsEverythingOnReset) {
  const std::vector<float> x = bursts(10'000, 25);
  EnergyVad vad({});
  const std::vector<std::uint8_t> expected = decisions(vad, x);
  decisions(vad, std::span(x).first(100));
  vad.reset();
  EXPECT_EQ(decisions(vad, x), expected);
}

TEST(EnergyVad, RoundsTheFrameLengthDown) {
  EXPECT_EQ(EnergyVad({.rate = 11'025, .frame_duration_ms = 30}).frame_length(), 330U);
}

void expect_vad_refused(const EnergyVad::Config& config, const std::string& text) {
  try {
    const EnergyVad vad(config);
    FAIL() << "expected: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

TEST(EnergyVad, RefusesValuesOutOfRangeByName) {
  expect_vad_refused({.rate = 4'000}, "EnergyVad: rate is 4000");
  expect_vad_refused({.frame_duration_ms = 4}, "frame_duration_ms is 4, expected 5..100");
  expect_vad_refused({.frame_duration_ms = 101}, "frame_duration_ms is 101");
  expect_vad_refused({.threshold = -0.1}, "threshold is -0.1, expected 0..1");
  expect_vad_refused({.threshold = std::numeric_limits<double>::quiet_NaN()}, "threshold is nan");
  expect_vad_refused({.aggressiveness = 4}, "aggressiveness is 4, expected 0..3");
}

}  // namespace
}  // namespace remotemedia::dsp

#include "remotemedia/dsp/resampler.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"
#include "dsp/tone_fit.h"
#include "remotemedia/base/blocks.h"
#include "remotemedia/base/error.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <utility>

namespace remotemedia::dsp {
namespace {

using test::buffer_of;
using test::channel_of;
using test::noise;
using testing::HasSubstr;

constexpr Quality kQualities[] = {Quality::low, Quality::medium, Quality::high, Quality::very_high};

/// `x` through a stream in chunks of the sizes that `next_size` gives, checking the announced
/// limits.
template <typename NextSize>
std::vector<float> in_chunks(Resampler& resampler, const std::vector<float>& x,
                             NextSize next_size) {
  std::vector<float> y;
  for (std::size_t done = 0; done < x.size();) {
    const std::size_t size = std::min<std::size_t>(next_size(), x.size() - done);
    const std::size_t most = resampler.max_output_frames(size);
    std::vector<float> out(most);
    const float* in = x.data() + done;
    float* to = out.data();
    EXPECT_LE(resampler.process({&in, 1}, size, {&to, 1}), most);
    y.insert(y.end(), out.begin(), out.end());
    done += size;
  }
  std::vector<float> rest(resampler.max_flush_frames());
  float* to = rest.data();
  EXPECT_EQ(resampler.flush({&to, 1}), rest.size());
  y.insert(y.end(), rest.begin(), rest.end());
  return y;
}

std::vector<float> whole(const std::vector<float>& x, int rate, int target_rate, Quality quality,
                         ResamplingMode mode = ResamplingMode::live) {
  return channel_of<float>(resample(buffer_of<float>(rate, {x}), target_rate, quality, false, mode),
                           0);
}

class EveryRatio : public testing::TestWithParam<std::tuple<std::pair<int, int>, ResamplingMode>> {
 protected:
  [[nodiscard]] std::vector<float> whole(const std::vector<float>& x, Quality quality) const {
    return dsp::whole(x, rate_, target_rate_, quality, mode_);
  }
  [[nodiscard]] Resampler resampler(Quality quality = Quality::high) const {
    return Resampler(
        {.rate = rate_, .target_rate = target_rate_, .quality = quality, .mode = mode_});
  }

  int rate_ = std::get<0>(GetParam()).first;
  int target_rate_ = std::get<0>(GetParam()).second;
  ResamplingMode mode_ = std::get<1>(GetParam());
};

TEST_P(EveryRatio, GivesTheSameBitsForAnyChunks) {
  for (const Quality quality : kQualities) {
    SCOPED_TRACE(to_string(quality));
    const std::vector<float> x = noise(6'000, 1);
    const std::vector<float> expected = whole(x, quality);
    Resampler resampler = this->resampler(quality);
    for (const std::size_t size : {1U, 7U, 160U, 441U, 5'999U}) {
      EXPECT_EQ(in_chunks(resampler, x, [size] { return size; }), expected) << "chunks of " << size;
    }
    std::mt19937 random(2);
    std::uniform_int_distribution<std::size_t> uniform(0, 700);
    EXPECT_EQ(in_chunks(resampler, x, [&] { return uniform(random); }), expected);
  }
}

TEST_P(EveryRatio, GivesTheLengthRoundedUp) {
  for (const std::size_t frames : {0U, 1U, 2U, 159U, 160U, 161U, 4'410U}) {
    const std::uint64_t exact = std::uint64_t{frames} * static_cast<std::uint64_t>(target_rate_);
    const auto divisor = static_cast<std::uint64_t>(rate_);
    const std::size_t expected = (exact + divisor - 1) / divisor;
    EXPECT_EQ(resampled_frames(frames, rate_, target_rate_), expected);
    EXPECT_EQ(whole(noise(frames, 3), Quality::high).size(), expected);
  }
}

TEST_P(EveryRatio, AnnouncesALatencyAfterWhichOutputFollowsInput) {
  Resampler resampler = this->resampler();
  const std::size_t latency = resampler.latency_frames();
  // In samples at the lower rate: 9 ms at 16 kHz, offline 112.
  const double most = mode_ == ResamplingMode::live ? 144.0 : 1'792.0;
  EXPECT_LE(static_cast<double>(latency) / rate_, most / std::min(rate_, target_rate_));
  const std::vector<float> x = noise(latency + 1, 4);
  const float* in = x.data();
  std::vector<float> out(resampler.max_output_frames(latency + 1) + 1);
  float* to = out.data();
  EXPECT_EQ(resampler.max_output_frames(latency), 0U);
  EXPECT_EQ(resampler.process({&in, 1}, latency, {&to, 1}), 0U);
  in += latency;
  EXPECT_GE(resampler.process({&in, 1}, 1, {&to, 1}), 1U);
  EXPECT_EQ(out[0], whole(x, Quality::high)[0]);
}

// A smooth pulse has a closed form at every time, so a shift by a fraction of a sample would show.
TEST_P(EveryRatio, PutsEveryOutputAtItsExactTime) {
  const double centre_s = 0.030;
  const double width_s = 10.0 / std::min(rate_, target_rate_);
  const auto pulse = [&](double time_s) {
    const double u = (time_s - centre_s) / width_s;
    return 0.9 * std::exp(-0.5 * u * u) * std::cos(0.8 * u);
  };
  std::vector<float> x(static_cast<std::size_t>(0.06 * rate_));
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(pulse(static_cast<double>(i) / rate_));
  }
  for (const Quality quality : kQualities) {
    const std::vector<float> y = whole(x, quality);
    double worst = 0;
    for (std::size_t n = 0; n < y.size(); ++n) {
      const double expected = pulse(static_cast<double>(n) / target_rate_);
      worst = std::max(worst, std::fabs(static_cast<double>(y[n]) - expected));
    }
    EXPECT_LT(worst, 1e-5) << to_string(quality);  // -100 dB
  }
}

// The sharp filter ripples by 6.4e-6.
TEST_P(EveryRatio, PassesAConstantAwayFromTheEnds) {
  const std::vector<float> y =
      whole(std::vector<float>(static_cast<std::size_t>(rate_ / 5), 0.5F), Quality::high);
  const std::size_t margin = y.size() / 4;
  for (std::size_t i = margin; i < y.size() - margin; ++i) ASSERT_NEAR(y[i], 0.5F, 4e-6F);
}

/// What every FMA target of this machine gives.
TEST_P(EveryRatio, GivesTheSameBitsOnEveryTargetWithFusedMultiplyAdd) {
  const std::vector<float> x = noise(3'000, 20);
  const std::vector<float> expected = whole(x, Quality::high);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (!test::has_fused_add(target)) continue;
    hwy::SetSupportedTargetsForTest(target);
    EXPECT_EQ(whole(x, Quality::high), expected) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
}

/// On the others the rounding differs: -120 dB.
TEST_P(EveryRatio, AgreesOnEveryTarget) {
  const std::vector<float> x = noise(3'000, 21);
  const std::vector<float> expected = whole(x, Quality::high);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const std::vector<float> y = whole(x, Quality::high);
    ASSERT_EQ(y.size(), expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y[i], expected[i], 1e-6F) << hwy::TargetName(target);
    }
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST_P(EveryRatio, GivesWhatLiveChunksPromise) {
  // 10 ms at both rates: always as many frames, once the delay has passed.
  if (rate_ % 100 != 0 || target_rate_ % 100 != 0) return;
  Resampler resampler = this->resampler();
  const auto chunk = static_cast<std::size_t>(rate_ / 100);
  const std::vector<float> x = noise(chunk, 22);
  std::vector<float> out(static_cast<std::size_t>(target_rate_ / 100) + 1);
  for (std::size_t i = 0; i < 30; ++i) {
    const float* in = x.data();
    float* to = out.data();
    const std::size_t written = resampler.process({&in, 1}, chunk, {&to, 1});
    if (i > resampler.latency_frames() / chunk) {
      EXPECT_EQ(written, static_cast<std::size_t>(target_rate_ / 100));
    }
  }
}

constexpr std::pair<int, int> kRateChanges[] = {
    {44'100, 16'000},  {48'000, 16'000}, {16'000, 48'000}, {8'000, 44'100},
    {44'101, 16'000},  {96'000, 44'100}, {192'000, 8'000}, {8'000, 192'000},
    {191'999, 44'101}, {16'000, 16'001}, {44'101, 11'025}, {95'999, 16'001}};

std::string name_of(const testing::TestParamInfo<EveryRatio::ParamType>& test) {
  const auto& [rates, mode] = test.param;
  return std::to_string(rates.first) + "_to_" + std::to_string(rates.second) + "_" +
         to_string(mode);
}

INSTANTIATE_TEST_SUITE_P(Ratios, EveryRatio,
                         testing::Combine(testing::ValuesIn(kRateChanges),
                                          testing::Values(ResamplingMode::live,
                                                          ResamplingMode::offline)),
                         name_of);

TEST(Resampler, PutsAnImpulseAtItsTimeSymmetrically) {
  std::vector<float> x(4'801);
  x[2'400] = 1.0F;
  for (const Quality quality : kQualities) {
    const std::vector<float> y = whole(x, 48'000, 16'000, quality);
    ASSERT_EQ(y.size(), 1'601U);
    EXPECT_EQ(std::max_element(y.begin(), y.end()) - y.begin(), 800);
    for (std::size_t i = 1; i <= 800; ++i) ASSERT_NEAR(y[800 - i], y[800 + i], 1e-7F);
  }
}

TEST(Resampler, GivesOfflineWhatItGivesLiveWithinRounding) {
  for (const auto& [rate, target_rate] : {std::pair(44'100, 16'000), std::pair(16'000, 44'100)}) {
    const std::vector<float> x = noise(20'000, 15);
    const std::vector<float> live = whole(x, rate, target_rate, Quality::high);
    const std::vector<float> offline =
        whole(x, rate, target_rate, Quality::high, ResamplingMode::offline);
    ASSERT_EQ(offline.size(), live.size());
    EXPECT_NE(offline, live);
    for (std::size_t i = 0; i < live.size(); ++i) ASSERT_NEAR(offline[i], live[i], 1.5e-6F) << i;
  }
}

TEST(Resampler, IsTheSameOfflineWhereRatesAreCloseOrQualityIsVeryHigh) {
  const std::vector<float> x = noise(3'000, 16);
  EXPECT_EQ(whole(x, 48'000, 44'100, Quality::high, ResamplingMode::offline),
            whole(x, 48'000, 44'100, Quality::high));
  EXPECT_EQ(whole(x, 48'000, 16'000, Quality::very_high, ResamplingMode::offline),
            whole(x, 48'000, 16'000, Quality::very_high));
}

TEST(Resampler, CopiesAtEqualRates) {
  const std::vector<float> x = noise(1'000, 5);
  EXPECT_EQ(whole(x, 44'100, 44'100, Quality::high), x);
  EXPECT_EQ(Resampler({.rate = 8'000, .target_rate = 8'000}).latency_frames(), 0U);
}

TEST(Resampler, KeepsChannelsApart) {
  const std::vector<float> left = noise(3'000, 6);
  const std::vector<float> right = noise(3'000, 7);
  const AudioBuffer both = resample(buffer_of<float>(44'100, {left, right}), 16'000, Quality::high);
  ASSERT_EQ(both.channels(), 2);
  EXPECT_EQ(channel_of<float>(both, 0), whole(left, 44'100, 16'000, Quality::high));
  EXPECT_EQ(channel_of<float>(both, 1), whole(right, 44'100, 16'000, Quality::high));
}

TEST(Resampler, MonoEqualsTheMeanOfTheChannelsResampled) {
  const AudioBuffer audio =
      buffer_of<float>(44'100, {noise(3'000, 8), noise(3'000, 9), noise(3'000, 10)});
  for (const int target_rate : {16'000, 44'100}) {
    const AudioBuffer mono = resample(audio, target_rate, Quality::high, true);
    const AudioBuffer expected = resample(to_mono(audio), target_rate, Quality::high);
    ASSERT_EQ(mono.channels(), 1);
    EXPECT_EQ(channel_of<float>(mono, 0), channel_of<float>(expected, 0));
  }
}

TEST(Resampler, CountsAndReplacesWhatIsNotFinite) {
  std::vector<float> x = noise(2'000, 11);
  std::vector<float> clean = x;
  x[100] = std::numeric_limits<float>::quiet_NaN(), clean[100] = 0.0F;
  x[1'500] = std::numeric_limits<float>::infinity(), clean[1'500] = 1.0F;
  x[1'999] = -std::numeric_limits<float>::infinity(), clean[1'999] = -1.0F;
  for (const int target_rate : {16'000, 44'100}) {
    Resampler resampler({.rate = 44'100, .target_rate = target_rate});
    const std::vector<float> y = in_chunks(resampler, x, [] { return 300U; });
    EXPECT_EQ(resampler.cleaned_samples(), 3U);
    EXPECT_EQ(y, whole(clean, 44'100, target_rate, Quality::high));
    resampler.reset();
    EXPECT_EQ(resampler.cleaned_samples(), 0U);
  }
}

TEST(Resampler, CountsAndReplacesWhatIsNotFiniteBeforeItMixes) {
  std::vector<float> left = noise(2'000, 13);
  std::vector<float> right = noise(2'000, 14);
  std::vector<float> clean = left;
  left[100] = std::numeric_limits<float>::infinity(), clean[100] = 1.0F;
  left[1'500] = std::numeric_limits<float>::quiet_NaN(), clean[1'500] = 0.0F;
  const AudioBuffer expected =
      resample(buffer_of<float>(44'100, {clean, right}), 16'000, Quality::high, true);
  Resampler resampler({.rate = 44'100, .target_rate = 16'000, .channels = 2, .mono = true});
  const float* in[] = {left.data(), right.data()};
  std::vector<float> out(resampler.max_output_frames(2'000));
  float* to = out.data();
  EXPECT_EQ(resampler.process(in, 2'000, {&to, 1}), out.size());
  EXPECT_EQ(resampler.cleaned_samples(), 2U);
  const std::vector<float> whole_clip = channel_of<float>(expected, 0);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), whole_clip.begin()));
}

TEST(Resampler, StartsANewStreamAfterFlushAndAfterReset) {
  const std::vector<float> x = noise(1'000, 12);
  Resampler resampler({.rate = 44'100, .target_rate = 16'000});
  const std::vector<float> first = in_chunks(resampler, x, [] { return 1'000U; });
  EXPECT_EQ(resampler.max_flush_frames(), 0U);
  EXPECT_EQ(in_chunks(resampler, x, [] { return 1'000U; }), first);
  std::vector<float> out(resampler.max_output_frames(900));
  const float* in = x.data();
  float* to = out.data();
  resampler.process({&in, 1}, 900, {&to, 1});
  resampler.reset();
  EXPECT_EQ(in_chunks(resampler, x, [] { return 1'000U; }), first);
}

TEST(Resampler, TakesIntegerAudioAsItsFloatValue) {
  const std::vector<std::int16_t> x = {0, 16'384, -32'768, 1, 32'767, -1, 99, 5};
  std::vector<float> floats;
  for (const std::int16_t v : x) floats.push_back(static_cast<float>(v) / 32'768.0F);
  const AudioBuffer y = resample(buffer_of<std::int16_t>(8'000, {x}), 16'000, Quality::low);
  EXPECT_EQ(channel_of<float>(y, 0), whole(floats, 8'000, 16'000, Quality::low));
}

TEST(Resampler, TakesIntegerChunksAsTheirFloatValues) {
  std::vector<std::int16_t> left(3'000);
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<std::int16_t>(i * 7919);
  const std::vector<std::int16_t> right(left.rbegin(), left.rend());
  const AudioBuffer integers = buffer_of<std::int16_t>(44'100, {left, right});
  const AudioBuffer floats = convert_format(integers, SampleFormat::f32).audio;
  Resampler resampler({.rate = 44'100, .target_rate = 16'000, .channels = 2, .mono = true});
  const std::int16_t* in[] = {left.data(), right.data()};
  std::vector<float> out(resampler.max_output_frames(3'000));
  float* to = out.data();
  EXPECT_EQ(resampler.process(in, 3'000, {&to, 1}), out.size());
  const std::vector<float> expected =
      channel_of<float>(resample(floats, 16'000, Quality::high, true), 0);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), expected.begin()));
}

TEST(Resampler, WritesAClipIntoGivenMemory) {
  const AudioBuffer clip = buffer_of<float>(48'000, {noise(1'000, 40), noise(1'000, 41)});
  for (const bool mono : {false, true}) {
    const AudioBuffer expected = resample(clip, 16'000, Quality::high, mono);
    std::vector<std::vector<float>> result(mono ? 1 : 2, std::vector<float>(334, 9.0F));
    std::vector<float*> out;
    for (std::vector<float>& channel : result) out.push_back(channel.data());
    resample(clip, 16'000, Quality::high, mono, ResamplingMode::live, out);
    for (std::size_t c = 0; c < out.size(); ++c) {
      EXPECT_EQ(result[c], channel_of<float>(expected, static_cast<int>(c)));
    }
  }
}

TEST(Resampler, DoesNotHearWhatItsMemoryHeldBefore) {
  const AudioBuffer clip = buffer_of<float>(44'100, {noise(700, 42)});
  for (const int target_rate : {16'000, 22'050, 44'101, 96'000}) {
    for (const Quality quality : kQualities) {
      const auto before = channel_of<float>(resample(clip, target_rate, quality), 0);
      // What is given back last is taken next.
      for (std::size_t floats = 1'024; floats <= 12'288; floats += floats / 4) {
        auto* block = static_cast<float*>(allocate_block(floats * sizeof(float)));
        std::fill_n(block, floats, std::numeric_limits<float>::quiet_NaN());
        free_block(block, floats * sizeof(float));
      }
      EXPECT_EQ(channel_of<float>(resample(clip, target_rate, quality), 0), before) << target_rate;
    }
  }
}

TEST(Resampler, KnowsWhetherItsFiltersAreMade) {
  EXPECT_TRUE(has_filters(16'000, 16'000, Quality::low));
  EXPECT_FALSE(has_filters(16'000, 44'107, Quality::low));
  const Resampler kept({.rate = 16'000, .target_rate = 44'107, .quality = Quality::low});
  EXPECT_TRUE(has_filters(16'000, 44'107, Quality::low));
  EXPECT_FALSE(has_filters(16'000, 44'107, Quality::medium));
  EXPECT_FALSE(has_filters(16'000, 44'107, Quality::low, ResamplingMode::offline));
}

TEST(Resampler, KeepsTheShapeOfMonoItems) {
  AudioBuffer audio = buffer_of<float>(8'000, {noise(80, 13)});
  audio.one_dimensional = true;
  EXPECT_TRUE(resample(audio, 16'000, Quality::low).one_dimensional);
}

TEST(Resampler, ComputesLengthsBeyond32Bits) {
  EXPECT_EQ(resampled_frames(std::size_t{1} << 50U, 8'000, 192'000), (std::size_t{1} << 50U) * 24);
  EXPECT_EQ(resampled_frames((std::size_t{1} << 50U) + 1, 192'000, 8'000),
            ((std::size_t{1} << 50U) + 24) / 24);
}

void expect_refused(const Resampler::Config& config, const std::string& text) {
  try {
    const Resampler resampler(config);
    FAIL() << "expected: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

TEST(Resampler, RefusesValuesOutOfRangeByName) {
  expect_refused({.rate = 7'999}, "Resampler: rate is 7999");
  expect_refused({.target_rate = 192'001}, "Resampler: target_rate is 192001");
  expect_refused({.target_rate = 16}, "in Hz, not kHz");
  expect_refused({.channels = 0}, "Resampler: channels is 0");
  expect_refused({.channels = 33}, "Resampler: channels is 33");
}

TEST(Resampler, RefusesAWrongNumberOfPointers) {
  Resampler resampler({.channels = 2});
  const float* in = nullptr;
  EXPECT_THROW(resampler.process({&in, 1}, 0, {}), Error);
  EXPECT_THROW(resampler.flush({}), Error);
}

TEST(ResamplerQualityNames, AreReadInAnyCaseAndWritten) {
  for (const Quality quality : kQualities) EXPECT_EQ(parse_quality(to_string(quality)), quality);
  EXPECT_EQ(parse_quality("Very_HIGH"), Quality::very_high);
  EXPECT_EQ(parse_quality("best"), std::nullopt);
  EXPECT_EQ(parse_quality(""), std::nullopt);
}

TEST(ResamplingModeNames, AreReadInAnyCaseAndWritten) {
  for (const ResamplingMode mode : {ResamplingMode::live, ResamplingMode::offline}) {
    EXPECT_EQ(parse_resampling_mode(to_string(mode)), mode);
  }
  EXPECT_EQ(parse_resampling_mode("Offline"), ResamplingMode::offline);
  EXPECT_EQ(parse_resampling_mode("fast"), std::nullopt);
}

}  // namespace
}  // namespace remotemedia::dsp

#include "remotemedia/dsp/format.h"

#include "dsp/signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace remotemedia::dsp {
namespace {

using test::buffer_of;
using test::channel_of;
using test::noise;
using testing::ElementsAre;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::int16_t> all_int16() {
  std::vector<std::int16_t> x(65'536);
  std::iota(x.begin(), x.end(), std::numeric_limits<std::int16_t>::min());
  return x;
}

/// The definition: times 2^(bits - 1), nearest with ties to even, clamped; NaN is 0.
template <typename Integer>
Integer by_definition(float x) {
  if (std::isnan(x)) return 0;
  constexpr double kMin = std::numeric_limits<Integer>::min();
  constexpr double kMax = std::numeric_limits<Integer>::max();
  return static_cast<Integer>(std::min(std::max(std::nearbyint(x * -kMin), kMin), kMax));
}

/// Values where rounding, clamping or cleaning could go wrong, and noise at many scales.
std::vector<float> hard_floats() {
  std::vector<float> x = {0.0F,
                          -0.0F,
                          1.0F,
                          -1.0F,
                          kInfinity,
                          -kInfinity,
                          kNan,
                          -kNan,
                          1e30F,
                          -1e30F,
                          std::numeric_limits<float>::denorm_min(),
                          std::nextafter(1.0F, 0.0F)};
  for (int i = -70'000; i <= 70'000; ++i) x.push_back(static_cast<float>(i) / 65'536.0F);  // ties
  for (int scale = -40; scale <= 2; ++scale) {
    for (const float v : noise(500, static_cast<unsigned>(scale + 100), 1.0F)) {
      x.push_back(std::ldexp(v, scale));
    }
  }
  return x;
}

TEST(Int16ToFloat, DividesBy32768AndComesBackForAllValues) {
  const std::vector<std::int16_t> x = all_int16();
  std::vector<float> y(x.size());
  i16_to_f32(x, y);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], static_cast<double>(x[i]) / 32'768.0);
  std::vector<std::int16_t> back(x.size());
  EXPECT_EQ(f32_to_i16(y, back), 0U);
  EXPECT_EQ(back, x);
}

TEST(FloatToInt16, FollowsTheDefinition) {
  const std::vector<float> x = hard_floats();
  std::vector<std::int16_t> y(x.size());
  EXPECT_EQ(f32_to_i16(x, y), 4U);
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(y[i], by_definition<std::int16_t>(x[i])) << x[i];
}

TEST(FloatToInt16, ClampsFullScaleAndRoundsTiesToEven) {
  const std::vector<float> x = {1.0F,          -1.0F,          2.0F, 0.5F / 32'768,
                                1.5F / 32'768, -2.5F / 32'768, kNan};
  std::vector<std::int16_t> y(x.size());
  f32_to_i16(x, y);
  EXPECT_THAT(y, ElementsAre(32'767, -32'768, 32'767, 0, 2, -2, 0));
}

TEST(FloatToInt32, FollowsTheDefinition) {
  const std::vector<float> x = hard_floats();
  std::vector<std::int32_t> y(x.size());
  EXPECT_EQ(f32_to_i32(x, y), 4U);
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(y[i], by_definition<std::int32_t>(x[i])) << x[i];
}

TEST(Int32ToFloat, DividesByTwoToThe31) {
  const std::vector<std::int32_t> x = {0,
                                       1,
                                       -1,
                                       1 << 30,
                                       std::numeric_limits<std::int32_t>::min(),
                                       std::numeric_limits<std::int32_t>::max(),
                                       16'777'217};
  std::vector<float> y(x.size());
  i32_to_f32(x, y);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(y[i], static_cast<float>(x[i] / 2147483648.0));
}

TEST(Int16ToInt32, MultipliesBy65536AndComesBackForAllValues) {
  const std::vector<std::int16_t> x = all_int16();
  std::vector<std::int32_t> y(x.size());
  i16_to_i32(x, y);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], std::int32_t{x[i]} * 65'536);
  std::vector<std::int16_t> back(x.size());
  i32_to_i16(y, back);
  EXPECT_EQ(back, x);
}

TEST(Int32ToInt16, RoundsTiesToEvenAndClamps) {
  const std::vector<std::int32_t> x = {32'768,
                                       32'767,
                                       98'304,
                                       -32'768,
                                       -98'304,
                                       -98'305,
                                       std::numeric_limits<std::int32_t>::max(),
                                       std::numeric_limits<std::int32_t>::min()};
  std::vector<std::int16_t> y(x.size());
  i32_to_i16(x, y);
  EXPECT_THAT(y, ElementsAre(0, 0, 2, 0, -2, -2, 32'767, -32'768));
}

TEST(DoubleToFloat, RoundsAndLetsNonFinitePass) {
  const std::vector<double> x = {0.1, -1.0, std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
  std::vector<float> y(x.size());
  f64_to_f32(x, y);
  EXPECT_EQ(y[0], 0.1F);
  EXPECT_EQ(y[1], -1.0F);
  EXPECT_EQ(y[2], kInfinity);
  EXPECT_TRUE(std::isnan(y[3]));
}

TEST(FloatToInt16, GivesTheSameForMoreThanTheCachesHold) {
  const std::vector<float> some = noise(65'539, 5, 1.1F);
  std::vector<std::int16_t> expected(some.size());
  f32_to_i16(some, expected);
  std::vector<float> x;
  while (x.size() < 6'000'000) x.insert(x.end(), some.begin(), some.end());
  std::vector<std::int16_t> y(x.size());
  f32_to_i16(x, y);
  for (std::size_t i = 0; i < y.size(); i += some.size()) {
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), y.begin() + static_cast<long>(i)));
  }
}

TEST(DoubleToInt16, RoundsOnce) {
  // Through float32 this would become the tie 0.5, and that 0.
  const std::vector<double> x = {std::nextafter(0.5, 1.0) / 32'768, -0.5 / 32'768};
  std::vector<std::int16_t> y(x.size());
  EXPECT_EQ(f64_to_i16(x, y), 0U);
  EXPECT_THAT(y, ElementsAre(1, 0));
}

TEST(Interleave, TurnsPlanarIntoFramesAndBack) {
  const std::vector<std::int16_t> left = {1, 2, 3};
  const std::vector<std::int16_t> right = {4, 5, 6};
  const std::int16_t* in[] = {left.data(), right.data()};
  std::vector<std::int16_t> frames(6);
  interleave<std::int16_t>(in, 3, frames);
  EXPECT_THAT(frames, ElementsAre(1, 4, 2, 5, 3, 6));
  std::vector<std::int16_t> back_left(3);
  std::vector<std::int16_t> back_right(3);
  std::int16_t* out[] = {back_left.data(), back_right.data()};
  deinterleave<std::int16_t>(frames, out, 3);
  EXPECT_EQ(back_left, left);
  EXPECT_EQ(back_right, right);
}

constexpr std::size_t kDitherFrames = 200'000;

/// The error of quantizing the constant `level` (in steps) with dither, in steps.
std::vector<double> dither_errors(double level, std::uint64_t seed, int channel) {
  const std::vector<float> x(kDitherFrames, static_cast<float>(level / 32'768.0));
  std::vector<std::int16_t> y(x.size());
  Dither(seed).f32_to_i16(x, y, 0, channel);
  std::vector<double> errors;
  for (const std::int16_t v : y) errors.push_back(v - level);
  return errors;
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

// TPDF dither makes the first two moments of the error those of 1/12 + 2/12 = 1/4 step^2, whatever
// the level (Lipshitz, Wannamaker and Vanderkooy, 1992). Bounds are five standard deviations.
TEST(Dither, MakesMeanAndPowerOfTheErrorIndependentOfTheLevel) {
  for (const double level : {0.0, 0.25, 0.5, 1.75, -1'000.5, 20'000.125}) {
    const std::vector<double> errors = dither_errors(level, 1, 0);
    double power = 0;
    for (const double e : errors) power += e * e / static_cast<double>(errors.size());
    EXPECT_NEAR(mean(errors), 0.0, 5 * 0.5 / std::sqrt(kDitherFrames)) << level;
    EXPECT_NEAR(power, 0.25, 5 * 0.25 / std::sqrt(kDitherFrames)) << level;
    for (const double e : errors) ASSERT_LE(std::fabs(e), 1.5);
  }
}

/// Of two error signals, whose mean is 0 and whose power is 1/4.
double correlation(const std::vector<double>& x, const std::vector<double>& y, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = 0; i + lag < x.size(); ++i) sum += x[i] * y[i + lag];
  return sum / static_cast<double>(x.size() - lag) / 0.25;
}

TEST(Dither, IsUncorrelatedBetweenFramesChannelsAndSeeds) {
  const double bound = 5 / std::sqrt(kDitherFrames);
  const std::vector<double> errors = dither_errors(0.3, 1, 0);
  for (const std::size_t lag : {1U, 2U, 3U, 64U}) {
    EXPECT_NEAR(correlation(errors, errors, lag), 0.0, bound);
  }
  EXPECT_NEAR(correlation(errors, dither_errors(0.3, 1, 1), 0), 0.0, bound);
  EXPECT_NEAR(correlation(errors, dither_errors(0.3, 2, 0), 0), 0.0, bound);
}

TEST(Dither, DependsOnThePositionInTheStreamOnly) {
  const std::vector<float> x = noise(1'000, 14);
  const Dither dither(7);
  std::vector<std::int16_t> whole(x.size());
  dither.f32_to_i16(x, whole, 5'000, 1);
  std::vector<std::int16_t> parts(x.size());
  dither.f32_to_i16(std::span(x).first(333), std::span(parts).first(333), 5'000, 1);
  dither.f32_to_i16(std::span(x).subspan(333), std::span(parts).subspan(333), 5'333, 1);
  EXPECT_EQ(parts, whole);
}

TEST(Dither, GoesOnAfterTwoToThe32Frames) {
  const std::vector<float> x(1'000, 0.0F);
  const std::uint64_t begin = (std::uint64_t{1} << 32U) - 400;
  std::vector<std::int16_t> whole(x.size());
  Dither().f32_to_i16(x, whole, begin, 0);
  std::vector<std::int16_t> parts(x.size());
  Dither().f32_to_i16(std::span(x).first(400), std::span(parts).first(400), begin, 0);
  Dither().f32_to_i16(std::span(x).subspan(400), std::span(parts).subspan(400), begin + 400, 0);
  EXPECT_EQ(parts, whole);
  // The next day of audio has other noise than the first.
  std::vector<std::int16_t> first_day(x.size());
  Dither().f32_to_i16(x, first_day, 0, 0);
  EXPECT_FALSE(std::equal(first_day.begin(), first_day.begin() + 600, whole.begin() + 400));
}

TEST(Dither, ClampsAndCountsAsWithout) {
  const std::vector<float> x = {kInfinity, -kInfinity, kNan, 2.0F};
  std::vector<std::int16_t> y(x.size());
  EXPECT_EQ(Dither().f32_to_i16(x, y, 0, 0), 3U);
  EXPECT_EQ(y[0], 32'767);
  EXPECT_EQ(y[1], -32'768);
  EXPECT_LE(std::abs(y[2]), 1);
  EXPECT_EQ(y[3], 32'767);
}

TEST(ConvertFormat, GoesBetweenAllFormatsInEveryChannel) {
  const AudioBuffer f32 = buffer_of<float>(8'000, {{0.5F, kNan}, {-0.25F, 1.0F}});
  const Converted i16 = convert_format(f32, SampleFormat::i16);
  EXPECT_EQ(i16.cleaned_samples, 1U);
  EXPECT_EQ(i16.audio.rate(), 8'000);
  EXPECT_THAT(channel_of<std::int16_t>(i16.audio, 0), ElementsAre(16'384, 0));
  EXPECT_THAT(channel_of<std::int16_t>(i16.audio, 1), ElementsAre(-8'192, 32'767));
  const AudioBuffer i32 = convert_format(i16.audio, SampleFormat::i32).audio;
  EXPECT_THAT(channel_of<std::int32_t>(i32, 1), ElementsAre(-8'192 * 65'536, 32'767 * 65'536));
  EXPECT_EQ(channel_of<std::int16_t>(convert_format(i32, SampleFormat::i16).audio, 1),
            channel_of<std::int16_t>(i16.audio, 1));
  EXPECT_THAT(channel_of<float>(convert_format(i32, SampleFormat::f32).audio, 0),
              ElementsAre(0.5F, 0.0F));
  EXPECT_THAT(channel_of<float>(convert_format(i16.audio, SampleFormat::f32).audio, 0),
              ElementsAre(0.5F, 0.0F));
  EXPECT_THAT(channel_of<std::int32_t>(convert_format(f32, SampleFormat::i32).audio, 0),
              ElementsAre(1 << 30, 0));
}

TEST(ConvertFormat, ReturnsTheSameFormatAsTheSameMemoryAndKeepsTheShape) {
  AudioBuffer audio = buffer_of<float>(8'000, {{0.5F}});
  audio.one_dimensional = true;
  EXPECT_EQ(convert_format(audio, SampleFormat::f32).audio.data(), audio.data());
  EXPECT_TRUE(convert_format(audio, SampleFormat::i16).audio.one_dimensional);
}

TEST(ParseSampleFormat, ReadsNamesInAnyCase) {
  EXPECT_EQ(parse_sample_format("I16"), SampleFormat::i16);
  EXPECT_EQ(parse_sample_format("f32"), SampleFormat::f32);
  EXPECT_EQ(parse_sample_format("i32"), SampleFormat::i32);
  EXPECT_EQ(parse_sample_format("i24"), std::nullopt);
}

}  // namespace
}  // namespace remotemedia::dsp

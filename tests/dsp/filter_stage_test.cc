// Filters that compute in blocks, beside the sum of products that defines them.

#include "dsp/block_filter.h"
#include "dsp/fast_fir_filter.h"
#include "dsp/fourier_filter.h"
#include "dsp/half_band_filter.h"
#include "dsp/sharp_filter.h"
#include "dsp/signals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kFrames = 2'000;

void feed(FilterStage& stage, std::span<const float> in) {
  std::copy(in.begin(), in.end(), stage.input(in.size()).begin());
  stage.take();
}

/// Output n of the filter, in double.
double expected_output(const TapRows& taps, const std::vector<float>& x, std::size_t n) {
  const std::size_t position = n * static_cast<std::size_t>(taps.down);
  const auto up = static_cast<std::size_t>(taps.up);
  const std::vector<double>& row = taps.rows[position % up];
  double sum = 0.0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    const std::size_t i =
        position / up + j + 1;  // half_width - 1 zeros come before the first input
    if (i >= row.size() / 2 && i - row.size() / 2 < x.size()) {
      sum += row[j] * static_cast<double>(x[i - row.size() / 2]);
    }
  }
  return sum;
}

void expect_outputs(FilterStage& stage, const TapRows& taps, std::size_t frames = kFrames,
                    double tolerance = 1e-6) {
  const std::vector<float> x = test::noise(frames, 50);
  feed(stage, x);
  std::vector<float> y(stage.ready());
  ASSERT_GT(y.size(), 500U);
  stage.advance(y.data(), y.size());
  for (std::size_t n = 0; n < y.size(); ++n) {
    ASSERT_NEAR(y[n], expected_output(taps, x, n), tolerance) << n;
  }
}

TapRows coarse_rows(int up, int down) {
  return design_rows(FilterDesign({0.5 * 16 / 44.1, 16 / 44.1, 132.0}, 2), up, down);
}

TEST(BlockFilter, GivesTheSumsOfProducts) {
  const TapRows taps = coarse_rows(80, 147);
  BlockFilter filter(std::make_shared<const BlockBank>(taps));
  expect_outputs(filter, taps);
  const TapRows upwards = sharp_rows(3, 2, Quality::high);
  BlockFilter up(std::make_shared<const BlockBank>(upwards));
  expect_outputs(up, upwards);
}

TEST(FastFirFilter, GivesTheSumsOfProductsAtEveryQuality) {
  for (const Quality quality : {Quality::low, Quality::medium, Quality::high}) {
    const TapRows taps = sharp_rows(2, 3, quality);
    FastFirFilter filter(std::make_shared<const FastFirBank>(taps));
    expect_outputs(filter, taps);
  }
}

TEST(HalfBandFilter, GivesTheSumsOfProducts) {
  const Band band{1.0 / 6, 1.0 / 3, 132.0};
  const TapRows taps = design_rows(FilterDesign(band, 4), 1, 2);
  HalfBandFilter filter(std::make_shared<const HalfBandBank>(band));
  expect_outputs(filter, taps);
}

TEST(FourierFilter, GivesTheSumsOfProductsAtEveryQuality) {
  for (const Quality quality : {Quality::low, Quality::medium, Quality::high}) {
    for (const TapRows& taps : {sharp_rows(2, 3, quality), sharp_rows(3, 2, quality)}) {
      FourierFilter filter(std::make_shared<const FourierBank>(taps));
      // What of the stop band of low and medium falls beyond a block's ends is not there.
      expect_outputs(filter, taps, 6'000, quality == Quality::high ? 1e-6 : 2e-6);
    }
  }
}

TEST(FourierFilter, LeavesTheBlocksOfAPairApart) {
  const TapRows taps = sharp_rows(2, 3, Quality::high);
  const auto bank = std::make_shared<const FourierBank>(taps);
  FourierFilter filter(bank);
  // Loud in the first block and silent from before its guard in the second.
  std::vector<float> x(bank->half_width());
  const std::size_t loud = x.size() / 2 - 2 * bank->guard_inputs();
  const std::vector<float> noise = test::noise(loud, 52);
  std::copy(noise.begin(), noise.end(), x.begin());
  feed(filter, x);
  std::vector<float> y(filter.ready());
  ASSERT_EQ(y.size(), bank->pair_outputs());
  filter.advance(y.data(), y.size());
  for (std::size_t n = y.size() / 2; n < y.size(); ++n) ASSERT_NEAR(y[n], 0.0F, 5e-7F) << n;
}

TEST(FourierFilter, GivesTheSameBitsInAnyParts) {
  const auto bank = std::make_shared<const FourierBank>(sharp_rows(2, 3, Quality::high));
  FourierFilter whole(bank);
  FourierFilter parts(bank);
  const std::vector<float> x = test::noise(6'000, 53);
  feed(whole, x);
  std::vector<float> expected(whole.ready());
  ASSERT_EQ(expected.size(), 2 * bank->pair_outputs());
  whole.advance(expected.data(), expected.size());
  std::vector<float> y;
  for (std::size_t done = 0; done < x.size(); done += 100) {
    feed(parts, std::span(x).subspan(done, 100));
    while (parts.ready() > 0) {
      y.resize(y.size() + std::min<std::size_t>(parts.ready(), 37));
      const std::size_t count = std::min<std::size_t>(parts.ready(), 37);
      parts.advance(y.data() + y.size() - count, count);
    }
  }
  EXPECT_EQ(y, expected);
}

/// Takes what is `available` and one output at a time of what is not complete.
void expect_same_bits_one_by_one(FilterStage& whole, FilterStage& parts, std::size_t half_width) {
  const std::vector<float> x = test::noise(kFrames, 51);
  feed(whole, x);
  std::vector<float> expected(whole.ready());
  whole.advance(expected.data(), expected.size());
  std::vector<float> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    feed(parts, {&x[i], 1});
    // Down by 3 : 2.
    while (y.size() < expected.size() && i + 1 > y.size() * 3 / 2 + half_width) {
      y.push_back(0.0F);
      parts.advance(&y.back(), 1);
    }
  }
  ASSERT_GT(y.size(), 500U);
  EXPECT_TRUE(std::equal(y.begin(), y.end(), expected.begin()));
}

TEST(FastFirFilter, GivesTheSameBitsAsSoonAsTheInputsOfAnOutputAreThere) {
  const auto bank = std::make_shared<const FastFirBank>(sharp_rows(2, 3, Quality::high));
  FastFirFilter whole(bank);
  FastFirFilter parts(bank);
  expect_same_bits_one_by_one(whole, parts, bank->half_width());
}

TEST(BlockFilter, GivesTheSameBitsAsSoonAsTheInputsOfAnOutputAreThere) {
  const auto bank = std::make_shared<const BlockBank>(sharp_rows(2, 3, Quality::high));
  BlockFilter whole(bank);
  BlockFilter parts(bank);
  expect_same_bits_one_by_one(whole, parts, bank->half_width());
}

}  // namespace
}  // namespace remotemedia::dsp

#include "dsp/filter_bank.h"

#include "dsp/dot_kernel.h"
#include "dsp/filter_design.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace remotemedia::dsp {
namespace {

template <typename T>
std::size_t bytes(const FilterBank<T>& bank) {
  const int rows = bank.exact() ? bank.phases() : bank.phases() + 3;
  return static_cast<std::size_t>(rows) * bank.taps() * sizeof(T);
}

/// A single filter from rate to target_rate.
FilterDesign design_of(int rate, int target_rate, Quality quality) {
  const double nyquist = 0.5 * std::min(rate, target_rate) / rate;
  const Band band = band_of(quality);
  return {{band.pass * nyquist, band.stop * nyquist, band.attenuation_db}, kPartialSums};
}

template <typename T>
FilterBank<T> bank_of(int rate, int target_rate, Quality quality) {
  const int divisor = std::gcd(rate, target_rate);
  return FilterBank<T>(design_of(rate, target_rate, quality), target_rate / divisor,
                       rate / divisor);
}

TEST(FilterBank, StaysSmallForAnyRatio) {
  const std::tuple<int, int> ratios[] = {{44'100, 16'000},  {44'101, 16'000},  {192'000, 44'101},
                                         {192'000, 11'025}, {8'000, 191'999},  {191'999, 8'000},
                                         {44'100, 48'000},  {192'000, 191'999}};
  for (const auto& [rate, target_rate] : ratios) {
    SCOPED_TRACE(std::to_string(rate) + " -> " + std::to_string(target_rate));
    EXPECT_LE(bytes(bank_of<float>(rate, target_rate, Quality::high)), 512U << 10U);
    EXPECT_LE(bytes(bank_of<double>(rate, target_rate, Quality::very_high)), 704U << 10U);
  }
}

TEST(FilterBank, IsExactForTheCommonRatios) {
  EXPECT_TRUE(bank_of<float>(44'100, 16'000, Quality::high).exact());
  EXPECT_TRUE(bank_of<float>(48'000, 16'000, Quality::high).exact());
  EXPECT_TRUE(bank_of<float>(48'000, 44'100, Quality::high).exact());
  EXPECT_FALSE(bank_of<float>(44'101, 16'000, Quality::high).exact());
}

TEST(FilterBank, HasRowsOfTheDesignedResponseScaledToASumOfOne) {
  const FilterDesign design = design_of(7, 3, Quality::very_high);
  const FilterBank<double> bank(design, 3, 7);
  for (int phase = 0; phase < bank.phases(); ++phase) {
    double sum = 0;
    for (std::size_t j = 0; j < bank.taps(); ++j) {
      const double t =
          phase / 3.0 + static_cast<double>(bank.half_width()) - 1.0 - static_cast<double>(j);
      EXPECT_NEAR(bank.row(phase)[j], design.at(t), 1e-7);
      sum += bank.row(phase)[j];
    }
    EXPECT_NEAR(sum, 1.0, 1e-14);
  }
}

}  // namespace
}  // namespace remotemedia::dsp

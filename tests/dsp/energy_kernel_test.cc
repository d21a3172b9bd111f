#include "dsp/energy_kernel.h"

#include "dsp/signals.h"
#include "remotemedia/dsp/simd.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace remotemedia::dsp {
namespace {

using test::noise;

/// The order of summation that the header states, written out.
double sum_in_stated_order(std::span<const float> x) {
  std::array<double, 16> sums{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    sums[i % 16] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  for (const std::size_t half : {8U, 4U, 2U, 1U}) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

class EnergyKernel : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST_P(EnergyKernel, GivesTheStatedBitsAtAnyLengthAndAlignment) {
  ASSERT_EQ(simd_target(), hwy::TargetName(GetParam()));
  const std::vector<float> x = noise(2'000, 40);
  for (std::size_t length = 0; length <= 65; ++length) {
    for (std::size_t start = 0; start < 17; ++start) {
      const std::span<const float> part = std::span(x).subspan(start, length);
      EXPECT_EQ(sum_of_squares(part), sum_in_stated_order(part)) << start << ", " << length;
    }
  }
  EXPECT_EQ(sum_of_squares(x), sum_in_stated_order(x));
}

TEST_P(EnergyKernel, HoldsTheLargestAndTheSmallestFloats) {
  std::vector<float> x(40, std::numeric_limits<float>::max());
  EXPECT_EQ(sum_of_squares(x), sum_in_stated_order(x));
  x.assign(40, std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(sum_of_squares(x), 40.0 * std::ldexp(1.0, -298));
}

TEST_P(EnergyKernel, CountsNanAsNothingAndInfinityAsFullScale) {
  for (const std::size_t at : {0U, 15U, 17U, 47U, 49U}) {
    std::vector<float> x = noise(50, 41);
    x[at] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> cleaned = x;
    cleaned[at] = 0.0F;
    EXPECT_EQ(sum_of_squares(x), sum_in_stated_order(cleaned)) << at;
    x[at] = -std::numeric_limits<float>::infinity();
    cleaned[at] = -1.0F;
    EXPECT_EQ(sum_of_squares(x), sum_in_stated_order(cleaned)) << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Compiled, EnergyKernel,
                         testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& param_info) {
                           return std::string(hwy::TargetName(param_info.param));
                         });

}  // namespace
}  // namespace remotemedia::dsp

#include "dsp/dot_kernel.h"

#include "dsp/every_target.h"
#include "remotemedia/dsp/simd.h"

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include <cmath>
#include <random>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kMaxDotCount = 9;  // twice the largest group of products, and one

/// Windows at every misalignment and aligned rows of random values.
template <typename T>
struct Data {
  explicit Data(std::size_t taps_)
      : taps(taps_), rows(hwy::AllocateAligned<T>(kMaxDotCount * taps_ + 1)) {
    std::mt19937 random(static_cast<unsigned>(taps));
    std::uniform_real_distribution<T> uniform(-1, 1);
    samples.resize(taps + kMaxDotCount);
    for (T& sample : samples) sample = uniform(random);
    for (std::size_t i = 0; i < kMaxDotCount * taps; ++i) rows[i] = uniform(random);
    for (std::size_t i = 0; i < kMaxDotCount; ++i) {
      window_list.push_back(samples.data() + i);
      row_list.push_back(rows.get() + i * taps);
    }
  }
  [[nodiscard]] std::vector<T> products(std::size_t count) const {
    std::vector<T> out(count);
    dot_products(window_list.data(), row_list.data(), count, taps, out.data());
    return out;
  }

  std::size_t taps;
  std::vector<T> samples;
  hwy::AlignedFreeUniquePtr<T[]> rows;
  std::vector<const T*> window_list;
  std::vector<const T*> row_list;
};

using DotKernelTargets = test::EveryTarget;

template <typename T>
void expect_scalar_sums(std::size_t taps, double tolerance) {
  const Data<T> data(taps);
  for (std::size_t count = 0; count <= kMaxDotCount; ++count) {
    const std::vector<T> out = data.products(count);
    for (std::size_t i = 0; i < count; ++i) {
      long double expected = 0;
      for (std::size_t j = 0; j < taps; ++j) {
        expected += static_cast<long double>(data.window_list[i][j]) * data.row_list[i][j];
      }
      EXPECT_NEAR(out[i], static_cast<double>(expected), tolerance) << taps << " taps, sum " << i;
    }
  }
}

TEST_P(DotKernelTargets, GivesTheSumsOfAScalarLoop) {
  for (const std::size_t taps : {0U, 16U, 32U, 48U, 560U}) {
    // Rounding of a random walk of `taps` steps, with a margin of ten.
    const double steps = std::sqrt(static_cast<double>(taps));
    expect_scalar_sums<float>(taps, 10 * steps * std::ldexp(1.0, -24));
    expect_scalar_sums<double>(taps, 10 * steps * std::ldexp(1.0, -53));
  }
}

template <typename T>
void expect_bits_independent_of_count() {
  const Data<T> data(176);
  const std::vector<T> all = data.products(kMaxDotCount);
  for (std::size_t count = 1; count < kMaxDotCount; ++count) {
    const std::vector<T> some = data.products(count);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << count;
  }
}

TEST_P(DotKernelTargets, GivesTheSameBitsForAnyNumberOfSumsAtOnce) {
  expect_bits_independent_of_count<float>();
  expect_bits_independent_of_count<double>();
}

RUN_ON_EVERY_TARGET(DotKernelTargets);

/// The order of summation that the header states, written out.
template <typename T>
T sum_in_stated_order(const T* window, const T* row, std::size_t taps) {
  T partial[kPartialSums] = {};
  for (std::size_t j = 0; j < taps; ++j) {
    T& sum = partial[j % kPartialSums];
    sum = std::fma(window[j], row[j], sum);
  }
  for (std::size_t half = kPartialSums / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) partial[i] += partial[i + half];
  }
  return partial[0];
}

template <typename T>
void expect_stated_bits() {
  const Data<T> data(304);
  const std::vector<T> out = data.products(kMaxDotCount);
  for (std::size_t i = 0; i < kMaxDotCount; ++i) {
    EXPECT_EQ(out[i], sum_in_stated_order(data.window_list[i], data.row_list[i], data.taps));
  }
}

TEST(DotKernel, GivesTheStatedBitsOnEveryTargetWithFusedMultiplyAdd) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (!test::has_fused_add(target)) continue;
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(simd_target());
    expect_stated_bits<float>();
    expect_stated_bits<double>();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace remotemedia::dsp

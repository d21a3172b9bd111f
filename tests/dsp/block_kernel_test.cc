#include "dsp/block_kernel.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kMaxCount = 13;  // twice the largest group, and one
constexpr std::size_t kStride = 29;
constexpr std::size_t kSpan = 48;

std::size_t offset_of(std::size_t column, Columns columns) {
  if (columns == Columns::triples) return column / 3 * 6 + column % 3;
  return columns == Columns::alternate ? 2 * column : column;
}

class BlockKernel : public test::EveryTarget {
 protected:
  BlockKernel()
      : samples_(test::noise(kMaxCount * kStride + 2 * kSpan, 40)),
        coefficients_(hwy::AllocateAligned<float>(kSpan * kBlockOutputs)) {
    const std::vector<float> values = test::noise(kSpan * kBlockOutputs, 41);
    std::copy(values.begin(), values.end(), coefficients_.get());
  }
  [[nodiscard]] std::vector<float> products(Columns columns, std::size_t count,
                                            std::size_t out_step = 1) const {
    std::vector<float> out(count * out_step * kBlockOutputs, -7.0F);
    block_products(coefficients_.get(), kSpan,
                   {.first = samples_.data() + 1, .stride = kStride, .columns = columns}, count,
                   out.data(), out_step);
    return out;
  }
  /// One sum as the header states it, by scalar operations.
  template <typename Real, typename MultiplyAdd>
  [[nodiscard]] Real sum(Columns columns, std::size_t window, std::size_t lane,
                         MultiplyAdd multiply_add) const {
    const auto term = [&](std::size_t i, Real before) {
      const float x = samples_[1 + window * kStride + offset_of(i, columns)];
      return multiply_add(static_cast<Real>(coefficients_[i * kBlockOutputs + lane]),
                          static_cast<Real>(x), before);
    };
    Real left = 0;
    Real right = 0;
    for (std::size_t i = 0; i < kSpan / 2; ++i) {
      left = term(i, left);
      right = term(kSpan - 1 - i, right);
    }
    return left + right;
  }

  std::vector<float> samples_;
  hwy::AlignedFreeUniquePtr<float[]> coefficients_;
};

constexpr Columns kColumns[] = {Columns::all, Columns::alternate, Columns::triples};

TEST_P(BlockKernel, GivesTheSumsOfAScalarLoop) {
  const auto exact = [](double a, double b, double c) { return a * b + c; };
  for (const Columns columns : kColumns) {
    for (std::size_t count = 0; count <= kMaxCount; ++count) {
      const std::vector<float> out = products(columns, count);
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto expected = sum<double>(columns, i / kBlockOutputs, i % kBlockOutputs, exact);
        ASSERT_NEAR(out[i], expected, 1e-5) << "window " << i / kBlockOutputs << " of " << count;
      }
    }
  }
}

TEST_P(BlockKernel, GivesTheStatedBitsWhereMultiplyAddIsFused) {
  if (!test::has_fused_add(GetParam())) return;
  const auto fused = [](float a, float b, float c) { return std::fma(a, b, c); };
  for (const Columns columns : kColumns) {
    const std::vector<float> out = products(columns, kMaxCount);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i], sum<float>(columns, i / kBlockOutputs, i % kBlockOutputs, fused));
    }
  }
}

TEST_P(BlockKernel, GivesTheSameBitsForAnyNumberOfWindows) {
  for (const Columns columns : kColumns) {
    const std::vector<float> all = products(columns, kMaxCount);
    for (std::size_t count = 1; count < kMaxCount; ++count) {
      const std::vector<float> some = products(columns, count);
      EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << count;
    }
  }
}

TEST_P(BlockKernel, LeavesTheOutputsBetweenItsBlocksAlone) {
  const std::vector<float> dense = products(Columns::all, 3);
  const std::vector<float> spread = products(Columns::all, 3, 2);
  for (std::size_t i = 0; i < spread.size(); ++i) {
    const std::size_t block = i / kBlockOutputs;
    const std::size_t from = block / 2 * kBlockOutputs + i % kBlockOutputs;
    EXPECT_EQ(spread[i], block % 2 == 0 ? dense[from] : -7.0F);
  }
}

TEST_P(BlockKernel, CombinesThePairsOfThreeFilters) {
  constexpr std::size_t kBlocks = 3;
  constexpr std::size_t kValues = kBlocks * kBlockOutputs;
  const std::vector<float> u = test::noise(kValues, 42);
  const std::vector<float> w = test::noise(2 + kValues, 43);
  const std::vector<float> v = test::noise(2 + kValues, 44);
  std::vector<float> out(2 * kValues);
  combine_pairs(u.data(), w.data() + 2, v.data() + 2, kBlocks, out.data());
  for (std::size_t i = 0; i < kValues; ++i) {
    const std::size_t at = i / 2 * 4 + i % 2;
    EXPECT_EQ(out[at], (v[i] - w[i]) - u[i]);
    EXPECT_EQ(out[at + 2], u[i] + w[i + 2]);
  }
}

TEST_P(BlockKernel, AddsSamples) {
  const std::vector<float> a = test::noise(101, 45);
  const std::vector<float> b = test::noise(101, 46);
  for (const std::size_t count : {0U, 1U, 7U, 16U, 50U}) {
    std::vector<float> out(b.begin(), b.end());
    add(a.data() + 1, b.data() + 2, out.data(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(out[i], a[i + 1] + b[i + 2]);
    EXPECT_EQ(out[count], b[count]);
    out = b;
    add_even_samples(a.data(), 0.5F, out.data(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(out[i], b[i] + 0.5F * a[2 * i], 1e-7F);
    EXPECT_EQ(out[count], b[count]);
  }
}

RUN_ON_EVERY_TARGET(BlockKernel);

}  // namespace
}  // namespace remotemedia::dsp

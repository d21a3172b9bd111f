#pragma once

#include "remotemedia/dsp/simd.h"

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace remotemedia::dsp::test {

/// Runs its tests on one instruction set that was compiled and that this machine has.
class EveryTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    ASSERT_EQ(simd_target(), hwy::TargetName(GetParam()));
  }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

inline std::string target_of(const testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}

#define RUN_ON_EVERY_TARGET(suite)                                                 \
  INSTANTIATE_TEST_SUITE_P(Compiled, suite,                                        \
                           testing::ValuesIn(hwy::SupportedAndGeneratedTargets()), \
                           remotemedia::dsp::test::target_of)

/// Those that fuse a multiplication and an addition, and so give the same bits.
inline bool has_fused_add(std::int64_t target) {
  return (target & (HWY_AVX2 | HWY_AVX3 | HWY_AVX3_DL | HWY_NEON)) != 0;
}

/// Values that begin at a cache line.
template <typename T>
class AlignedVector {
 public:
  AlignedVector(std::size_t size, T value) : size_(size), data_(hwy::AllocateAligned<T>(size)) {
    std::fill_n(data_.get(), size, value);
  }
  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }

 private:
  std::size_t size_;
  hwy::AlignedFreeUniquePtr<T[]> data_;
};

}  // namespace remotemedia::dsp::test

#include "dsp/energy_kernel.h"

#include "dsp/sanitize.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

// SVE vectors have no size at compile time, so they cannot sit in an array of accumulators; NEON
// can.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/energy_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::CappedTag<double, kEnergySums>;
using Floats = hn::Rebind<float, Doubles>;

template <std::size_t... kVector>
HWY_INLINE void add_groups(const float* x, std::size_t count, double* sums,
                           std::index_sequence<kVector...>) {
  const Doubles d;
  const Floats f;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<Doubles> vectors[sizeof...(kVector)];
  ((vectors[kVector] = hn::Zero(d)), ...);
  for (std::size_t i = 0; i < count; i += kEnergySums) {
    const auto add = [&](std::size_t vector) HWY_ATTR {
      const auto values = hn::PromoteTo(d, hn::LoadU(f, x + i + vector * lanes));
      return hn::MulAdd(values, values, vectors[vector]);
    };
    ((vectors[kVector] = add(kVector)), ...);
  }
  (hn::StoreU(vectors[kVector], d, sums + kVector * lanes), ...);
}

/// Sums of the squares of `count` values, a multiple of 16, by index % 16.
void square_groups(const float* x, std::size_t count, double* sums) {
  constexpr std::size_t kVectors = kEnergySums / hn::MaxLanes(Doubles());
  add_groups(x, count, sums, std::make_index_sequence<kVectors>());
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {
namespace {

HWY_EXPORT(square_groups);

using Sums = std::array<double, kEnergySums>;

double fold(Sums& sums) noexcept {
  for (std::size_t half = kEnergySums / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

void add_square(double& sum, float value) noexcept {
  const auto wide = static_cast<double>(value);
  sum += wide * wide;
}

double sum_of_cleaned_squares(std::span<const float> x) noexcept {
  Sums sums{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    add_square(sums[i % kEnergySums], is_finite(x[i]) ? x[i] : replace_non_finite(x[i]));
  }
  return fold(sums);
}

}  // namespace

double sum_of_squares(std::span<const float> x) noexcept {
  const std::size_t whole = x.size() - x.size() % kEnergySums;
  Sums sums;
  HWY_DYNAMIC_DISPATCH(square_groups)(x.data(), whole, sums.data());
  for (std::size_t i = whole; i < x.size(); ++i) add_square(sums[i - whole], x[i]);
  const double sum = fold(sums);
  // Squares of finite floats cannot leave the range of double, so this finds every NaN and
  // infinity.
  return std::isfinite(sum) ? sum : sum_of_cleaned_squares(x);
}

}  // namespace remotemedia::dsp
#endif

#include "dsp/copy_finite.h"

#include "dsp/sanitize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/copy_finite.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Copies and says whether all of it is finite: no exponent is all ones.
bool copy_and_test(const float* in, std::size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> bits;
  const std::size_t lanes = hn::Lanes(d);
  const auto magnitude = hn::Set(bits, 0x7FFFFFFFU);
  auto largest = hn::Zero(bits);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, in + i);
    hn::StoreU(v, d, out + i);
    largest = hn::Max(largest, hn::And(hn::BitCast(bits, v), magnitude));
  }
  bool finite = hn::AllTrue(bits, hn::Lt(largest, hn::Set(bits, 0x7F800000U)));
  for (; i < count; ++i) {
    finite &= is_finite(in[i]);
    out[i] = in[i];
  }
  return finite;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(copy_and_test);

std::uint64_t copy_finite(std::span<const float> in, float* out) noexcept {
  if (HWY_DYNAMIC_DISPATCH(copy_and_test)(in.data(), in.size(), out)) return 0;
  std::uint64_t replaced = 0;
  for (float& sample : std::span<float>(out, in.size())) {
    if (is_finite(sample)) continue;
    sample = replace_non_finite(sample);
    ++replaced;
  }
  return replaced;
}

}  // namespace remotemedia::dsp
#endif

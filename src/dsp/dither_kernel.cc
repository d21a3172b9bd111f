// f32 to i16 with triangular (TPDF) dither.
//
// Design. The noise of a sample is a hash of its position, not the state of a generator, so chunks
// cannot change it, and all lanes work at once. The hash is the 32-bit finalizer of MurmurHash3
// (Appleby, public domain) with a second key between its multiplications: without that, all
// channels would have the same sequence from different places on. Its upper half less its lower
// half, both uniform, is triangular with mean 0 and a variance of 1/6 step^2, in steps of 2^-16 of
// an i16 step. One addition in f32 puts it on the scaled sample, which is then rounded and
// saturated as without dither (rounding-inl.h). `python/remotemedia/_kernels_numpy.py` has the same
// hash. Cost: 23 instructions per vector of samples.
// Accuracy: the bits of the definition on every target; whiteness and moments are tested.

#include "dsp/dither_kernel.h"

#include "dsp/sanitize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

// SVE vectors have no size at compile time, which the steps below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/dither_kernel.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_DITHER_KERNEL_ONCE
#define REMOTEMEDIA_DSP_DITHER_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

constexpr std::uint32_t kMultiply1 = 0x85EBCA6BU;
constexpr std::uint32_t kMultiply2 = 0xC2B2AE35U;

}  // namespace
}  // namespace remotemedia::dsp
#endif

// again for each target
#include "dsp/rounding-inl.h"
#include "dsp/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

std::uint64_t dither(const float* in, std::size_t count, std::int16_t* out, DitherKey key,
                     std::uint32_t position, Stores /*stores*/) {
  std::uint64_t replaced = 0;
  for (std::size_t i = 0; i < count; ++i) {
    replaced += is_finite(in[i]) ? 0 : 1;
    const float x = std::isnan(in[i]) ? 0.0F : in[i];
    const float noisy = x * 32768.0F + dither_noise(key, position + static_cast<std::uint32_t>(i));
    out[i] = static_cast<std::int16_t>(std::nearbyint(std::clamp(noisy, -32768.0F, 32767.0F)));
  }
  return replaced;
}

#else

using D = hn::ScalableTag<float>;
using DU = hn::ScalableTag<std::uint32_t>;
using DI = hn::ScalableTag<std::int32_t>;
using DI16 = hn::ScalableTag<std::int16_t>;

constexpr std::size_t kLanes = hn::MaxLanes(D());
constexpr std::size_t kStep = 4 * kLanes;
constexpr std::size_t kWorthAligning = 16 * kStep;  // stores across cache lines cost twice

/// As dither_noise, times 2^16; `x` is the position plus the key's start.
HWY_INLINE hn::Vec<D> noise(hn::Vec<DU> x, hn::Vec<DU> twist) {
  const DU d;
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(d, kMultiply1));
  x = hn::Xor3(x, hn::ShiftRight<13>(x), twist);
  x = hn::Mul(x, hn::Set(d, kMultiply2));
  // The upper half stays what it is in the last step of the hash.
  const auto upper = hn::ShiftRight<16>(x);
  const auto lower = hn::And(hn::Xor(x, upper), hn::Set(d, 0xFFFFU));
  return hn::ConvertTo(D(), hn::BitCast(DI(), hn::Sub(upper, lower)));
}

/// kLanes samples in steps of i16, with noise.
HWY_INLINE hn::Vec<D> noisy(const float* in, hn::Vec<D> noise_2_16) {
  const D d;
  const auto scaled = hn::Mul(hn::LoadU(d, in), hn::Set(d, 32768.0F));
  return hn::MulAdd(noise_2_16, hn::Set(d, 1.0F / 65536.0F), scaled);
}

/// Four vectors, which are indexed by constants only, else they would live in memory.
template <Stores kStores, std::size_t... kIndex>
HWY_INLINE std::uint64_t step(const float* HWY_RESTRICT in, std::int16_t* HWY_RESTRICT out,
                              hn::Vec<DU> place, hn::Vec<DU> twist,
                              std::index_sequence<kIndex...> all) {
  const hn::Vec<D> random[] = {noise(hn::Add(place, hn::Set(DU(), kIndex * kLanes)), twist)...};
  hn::Vec<DI> y[] = {nearest(noisy(in + kIndex * kLanes, random[kIndex]))...};
  std::uint64_t replaced = 0;
  if (HWY_UNLIKELY(needs_care(in, y, all))) {
    float ordinary[kStep];
    replaced = make_ordinary(in, kStep, ordinary);
    ((y[kIndex] = saturated(noisy(ordinary + kIndex * kLanes, random[kIndex]))), ...);
  }
  store<kStores>(narrowed(y[0], y[1]), DI16(), out);
  store<kStores>(narrowed(y[2], y[3]), DI16(), out + 2 * kLanes);
  return replaced;
}

/// The samples of one channel; `position` counts on.
struct Channel {
  DitherKey key;
  std::uint32_t position;

  template <Stores kStores>
  HWY_INLINE std::uint64_t steps(const float* in, std::size_t count, std::int16_t* out) {
    const DU d;
    const auto twist = hn::Set(d, key.twist);
    auto place = hn::Iota(d, position + key.start);
    std::uint64_t replaced = 0;
    for (std::size_t i = 0; i < count; i += kStep) {
      ask_for<kStores>(in + i + kAskAhead<float>, kStep);
      replaced += step<kStores>(in + i, out + i, place, twist, std::make_index_sequence<4>());
      place = hn::Add(place, hn::Set(d, kStep));
    }
    position += static_cast<std::uint32_t>(count);
    return replaced;
  }

  /// Fewer samples than a step.
  HWY_NOINLINE std::uint64_t part_of_step(const float* in, std::size_t count, std::int16_t* out) {
    float in_step[kStep] = {};
    std::int16_t out_step[kStep];
    std::copy_n(in, count, in_step);
    const std::uint32_t next = position + static_cast<std::uint32_t>(count);
    const std::uint64_t replaced = steps<Stores::cached>(in_step, kStep, out_step);
    std::copy_n(out_step, count, out);
    position = next;
    return replaced;
  }
};

std::uint64_t dither(const float* in, std::size_t count, std::int16_t* out, DitherKey key,
                     std::uint32_t position, Stores stores) {
  Channel channel{key, position};
  std::uint64_t replaced = 0;
  std::size_t first = 0;
  if (stores == Stores::streaming || count >= kWorthAligning) {
    first = std::min(count, samples_to_alignment(out));
    if (first > 0) replaced += channel.part_of_step(in, first, out);
  }
  const std::size_t whole = (count - first) / kStep * kStep;
  if (stores == Stores::streaming) {
    replaced += channel.steps<Stores::streaming>(in + first, whole, out + first);
    hwy::FlushStream();
  } else {
    replaced += channel.steps<Stores::cached>(in + first, whole, out + first);
  }
  const std::size_t done = first + whole;
  if (done < count) replaced += channel.part_of_step(in + done, count - done, out + done);
  return replaced;
}

#endif

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(dither);

float dither_noise(DitherKey key, std::uint32_t position) noexcept {
  std::uint32_t x = position + key.start;
  x = (x ^ (x >> 16U)) * kMultiply1;
  x = (x ^ (x >> 13U) ^ key.twist) * kMultiply2;
  x ^= x >> 16U;
  const std::int32_t difference =
      static_cast<std::int32_t>(x >> 16U) - static_cast<std::int32_t>(x & 0xFFFFU);
  return static_cast<float>(difference) / 65536.0F;
}

std::uint64_t dither_to_i16(const float* in, std::size_t count, std::int16_t* out, DitherKey key,
                            std::uint32_t position, Stores stores) noexcept {
  return HWY_DYNAMIC_DISPATCH(dither)(in, count, out, key, position, stores);
}

}  // namespace remotemedia::dsp
#endif

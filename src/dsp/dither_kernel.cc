// f32 to i16 with triangular (TPDF) dither.
//
// Design. The noise of a sample is a hash of its position, not the state of a generator, so chunks
// cannot change it, and all lanes work at once. The hash is the two rounds of lowbias32 (Wellons,
// "Prospecting for hash functions", public domain) over a Weyl sequence with a step of the key's
// own: with one step for all, all channels would have the same sequence from different places on.
// From vector to vector the sequence takes one addition. The upper half less the lower half, both
// uniform as signed numbers, is triangular with mean 0 and a variance of 1/6 step^2, in steps of
// 2^-16 of an i16 step: one instruction, so that the hash ends with a multiplication, which its
// authors follow by a shift. One addition in f32 puts the noise on the scaled sample, which is then
// rounded and saturated as without dither (rounding-inl.h). `python/remotemedia/_kernels_numpy.py`
// has the same hash. Cost: 17 instructions per vector of samples.
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

constexpr std::uint32_t kMultiply1 = 0x7FEB352DU;
constexpr std::uint32_t kMultiply2 = 0x846CA68BU;

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

/// The upper half of each lane less its lower half, both with a sign.
HWY_INLINE hn::Vec<DI> difference_of_halves(hn::Vec<DU> x) {
#if HWY_ARCH_X86
  const auto signs = hn::Set(DU(), 0x0001'FFFFU);
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return hn::Vec<DI>{_mm512_madd_epi16(x.raw, signs.raw)};
#elif HWY_TARGET == HWY_AVX2
  return hn::Vec<DI>{_mm256_madd_epi16(x.raw, signs.raw)};
#else
  return hn::Vec<DI>{_mm_madd_epi16(x.raw, signs.raw)};
#endif
#else
  const auto upper = hn::BitCast(DI(), x);
  return hn::Sub(hn::ShiftRight<16>(upper), hn::ShiftRight<16>(hn::ShiftLeft<16>(upper)));
#endif
}

/// The places `vectors` vectors further on.
HWY_INLINE hn::Vec<DU> ahead(hn::Vec<DU> place, std::uint32_t key_step, std::size_t vectors) {
  const auto way = static_cast<std::uint32_t>(vectors * kLanes) * key_step;
  return hn::Add(place, hn::Set(DU(), way));
}

/// As dither_noise, times 2^16, at a place of the key's sequence.
HWY_INLINE hn::Vec<D> noise(hn::Vec<DU> x) {
  const DU d;
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, kMultiply1));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(d, kMultiply2));
  return hn::ConvertTo(D(), difference_of_halves(x));
}

/// kLanes samples in steps of i16, with noise.
HWY_INLINE hn::Vec<D> noisy(const float* in, hn::Vec<D> noise_2_16) {
  const D d;
  const auto scaled = hn::Mul(hn::LoadU(d, in), hn::Set(d, 32768.0F));
  return hn::MulAdd(noise_2_16, hn::Set(d, 1.0F / 65536.0F), scaled);
}

/// As step(), where needs_care() says so. Apart from it, so that it keeps no noise for this.
template <std::size_t... kIndex>
HWY_NOINLINE std::uint64_t careful_step(const float* in, std::int16_t* out, hn::Vec<DU> place,
                                        std::uint32_t key_step,
                                        std::index_sequence<kIndex...> /*all*/) {
  float ordinary[kStep];
  const std::uint64_t replaced = make_ordinary(in, kStep, ordinary);
  const hn::Vec<DI> y[] = {
      saturated(noisy(ordinary + kIndex * kLanes, noise(ahead(place, key_step, kIndex))))...};
  hn::StoreU(narrowed(y[0], y[1]), DI16(), out);
  hn::StoreU(narrowed(y[2], y[3]), DI16(), out + 2 * kLanes);
  return replaced;
}

/// Four vectors, which are indexed by constants only, else they would live in memory.
template <Stores kStores, std::size_t... kIndex>
HWY_INLINE std::uint64_t step(const float* HWY_RESTRICT in, std::int16_t* HWY_RESTRICT out,
                              hn::Vec<DU> place, std::uint32_t key_step,
                              std::index_sequence<kIndex...> all) {
  const hn::Vec<DI> y[] = {
      nearest(noisy(in + kIndex * kLanes, noise(ahead(place, key_step, kIndex))))...};
  if (HWY_UNLIKELY(needs_care(in, y, all))) return careful_step(in, out, place, key_step, all);
  store<kStores>(narrowed(y[0], y[1]), DI16(), out);
  store<kStores>(narrowed(y[2], y[3]), DI16(), out + 2 * kLanes);
  return 0;
}

/// The samples of one channel; `position` counts on.
struct Channel {
  DitherKey key;
  std::uint32_t position;

  template <Stores kStores>
  HWY_INLINE std::uint64_t steps(const float* in, std::size_t count, std::int16_t* out) {
    const DU d;
    auto place =
        hn::Add(hn::Mul(hn::Iota(d, position), hn::Set(d, key.step)), hn::Set(d, key.start));
    std::uint64_t replaced = 0;
    for (std::size_t i = 0; i < count; i += kStep) {
      ask_for<kStores>(in + i + kAskAhead<float>, kStep);
      replaced += step<kStores>(in + i, out + i, place, key.step, std::make_index_sequence<4>());
      place = ahead(place, key.step, 4);
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
  std::uint32_t x = position * key.step + key.start;
  x = (x ^ (x >> 16U)) * kMultiply1;
  x = (x ^ (x >> 15U)) * kMultiply2;
  const auto half = [](std::uint32_t bits) {
    return std::int32_t{static_cast<std::int16_t>(static_cast<std::uint16_t>(bits))};
  };
  return static_cast<float>(half(x >> 16U) - half(x)) / 65536.0F;
}

std::uint64_t dither_to_i16(const float* in, std::size_t count, std::int16_t* out, DitherKey key,
                            std::uint32_t position, Stores stores) noexcept {
  return HWY_DYNAMIC_DISPATCH(dither)(in, count, out, key, position, stores);
}

}  // namespace remotemedia::dsp
#endif

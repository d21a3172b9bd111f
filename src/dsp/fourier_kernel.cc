// The passes of a Fourier transform whose order sorts itself (Stockham's; Van Loan, "Computational
// Frameworks for the Fast Fourier Transform", 1992, section 1.7). A pass of radix R at the stride s
// takes the points q + s (p + m j), j < R, m = size / s / R, makes their transform of R points and
// leaves it, times the factor w^(p j), at q + s (R p + j).
//
// From the third pass on s is 16 or a multiple, so a vector holds points of one p and the factors
// are the same for all of it. Before, lanes have to change places: what a pass leaves at the stride
// 4 is a matrix of 16 by 16 across 16 vectors. Its first pass turns 4 x 4 floats within blocks of
// four and leaves these where they are, its second pass turns 4 x 4 blocks: together as many
// shuffles as turning the matrix takes, four for a vector. Between the two point p = 16 g + 4 P + c
// has its four results at 64 g + 16 c + 4 P.
//
// Cost: 35 operations for a point of 1536, 31 for one of 1024, at 16 lanes each. AVX2 does the
// same operations in two halves: the bits are the same. Accuracy: -139 dB of noise.

#include "dsp/fourier_kernel.h"

#include <utility>

#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/fourier_kernel.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_FOURIER_KERNEL_ONCE
#define REMOTEMEDIA_DSP_FOURIER_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

constexpr std::size_t kGroup = kFourierGroup;
constexpr std::size_t kGroupFactors = 3 * 2 * kGroup;
constexpr std::size_t kRow = 4 * kGroup;  // results of a group

}  // namespace
}  // namespace remotemedia::dsp
#endif

#include "dsp/transpose-inl.h"  // again for each target

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, kGroup>;
using Vector = hn::Vec<Tag>;

constexpr std::size_t kLanes = hn::MaxLanes(Tag());

struct Complex {
  Vector re;
  Vector im;
};

HWY_INLINE Complex load(ComplexInput from, std::size_t at) {
  return {hn::LoadU(Tag(), from.re + at), hn::LoadU(Tag(), from.im + at)};
}
HWY_INLINE void store(Complex z, ComplexOutput to, std::size_t at) {
  hn::StoreU(z.re, Tag(), to.re + at);
  hn::StoreU(z.im, Tag(), to.im + at);
}
HWY_INLINE Complex operator+(Complex a, Complex b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
HWY_INLINE Complex operator-(Complex a, Complex b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
HWY_INLINE Complex operator*(Complex a, Complex b) {
  return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)),
          hn::MulAdd(a.im, b.re, hn::Mul(a.re, b.im))};
}
/// a + factor * b, for a real factor.
HWY_INLINE Complex add_times(Complex a, Vector factor, Complex b) {
  return {hn::MulAdd(factor, b.re, a.re), hn::MulAdd(factor, b.im, a.im)};
}
HWY_INLINE Complex subtract_times(Complex a, Vector factor, Complex b) {
  return {hn::NegMulAdd(factor, b.re, a.re), hn::NegMulAdd(factor, b.im, a.im)};
}
/// a -+ i b.
HWY_INLINE Complex subtract_i(Complex a, Complex b) {
  return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
}
HWY_INLINE Complex add_i(Complex a, Complex b) {
  return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
}

HWY_INLINE void transform_points(Complex (&x)[3]) {
  const Vector half = hn::Set(Tag(), 0.5F);
  const Vector root = hn::Set(Tag(), 0.866025403784438647F);  // of 3 / 4
  const Complex sum = x[1] + x[2];
  const Complex across = x[1] - x[2];
  const Complex middle = subtract_times(x[0], half, sum);
  const Complex turned{across.im, hn::Neg(across.re)};
  x[0] = x[0] + sum;
  x[1] = add_times(middle, root, turned);
  x[2] = subtract_times(middle, root, turned);
}

HWY_INLINE void transform_points(Complex (&x)[4]) {
  const Complex even = x[0] + x[2];
  const Complex even_across = x[0] - x[2];
  const Complex odd = x[1] + x[3];
  const Complex odd_across = x[1] - x[3];
  x[0] = even + odd;
  x[1] = subtract_i(even_across, odd_across);
  x[2] = even - odd;
  x[3] = add_i(even_across, odd_across);
}

HWY_INLINE void transform_points(Complex (&x)[8]) {
  Complex even[4] = {x[0], x[2], x[4], x[6]};
  Complex odd[4] = {x[1], x[3], x[5], x[7]};
  transform_points(even);
  transform_points(odd);
  const Vector root = hn::Set(Tag(), 0.707106781186547524F);  // of 1 / 2
  // Times (1 - i), and times -(1 + i).
  const Complex first{hn::Add(odd[1].re, odd[1].im), hn::Sub(odd[1].im, odd[1].re)};
  const Complex third{hn::Sub(odd[3].im, odd[3].re), hn::Neg(hn::Add(odd[3].re, odd[3].im))};
  x[0] = even[0] + odd[0];
  x[4] = even[0] - odd[0];
  x[1] = add_times(even[1], root, first);
  x[5] = subtract_times(even[1], root, first);
  x[2] = subtract_i(even[2], odd[2]);
  x[6] = add_i(even[2], odd[2]);
  x[3] = add_times(even[3], root, third);
  x[7] = subtract_times(even[3], root, third);
}

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE void store_floats(const Complex (&x)[4], ComplexOutput out, std::size_t lane) {
  for (std::size_t j = 0; j < 4; ++j) store(x[j], out, lane % 4 * kGroup + lane / 4 * 4 + j);
}

HWY_INLINE void store_blocks(const Complex (&x)[4], ComplexOutput out, std::size_t lane) {
  for (std::size_t j = 0; j < 4; ++j) store(x[j], out, lane / 4 * kRow + j * 4 + lane % 4);
}

#else

constexpr std::size_t kBlock = 4;  // lanes of 128 bits

/// The 4 x 4 floats of each block, columns first, each column at the next group.
HWY_INLINE void store_floats(Vector a, Vector b, Vector c, Vector d, float* out) {
  const Tag tag;
  transpose(tag, a, b, c, d);
  hn::StoreU(a, tag, out);
  hn::StoreU(b, tag, out + kGroup);
  hn::StoreU(c, tag, out + 2 * kGroup);
  hn::StoreU(d, tag, out + 3 * kGroup);
}

HWY_INLINE void store_floats(const Complex (&x)[4], ComplexOutput out, std::size_t lane) {
  store_floats(x[0].re, x[1].re, x[2].re, x[3].re, out.re + lane);
  store_floats(x[0].im, x[1].im, x[2].im, x[3].im, out.im + lane);
}

/// Block P of each of the four, one after the other, at kRow P.
HWY_INLINE void store_blocks(Vector a, Vector b, Vector c, Vector d, float* out) {
  const Tag tag;
  if constexpr (kLanes == 4 * kBlock) {
    transpose_blocks(a, b, c, d);
    hn::StoreU(a, tag, out);
    hn::StoreU(b, tag, out + kRow);
    hn::StoreU(c, tag, out + 2 * kRow);
    hn::StoreU(d, tag, out + 3 * kRow);
  } else if constexpr (kLanes == 2 * kBlock) {
    transpose_blocks(a, b);
    transpose_blocks(c, d);
    hn::StoreU(a, tag, out);
    hn::StoreU(c, tag, out + kLanes);
    hn::StoreU(b, tag, out + kRow);
    hn::StoreU(d, tag, out + kRow + kLanes);
  } else {
    hn::StoreU(a, tag, out);
    hn::StoreU(b, tag, out + kBlock);
    hn::StoreU(c, tag, out + 2 * kBlock);
    hn::StoreU(d, tag, out + 3 * kBlock);
  }
}

HWY_INLINE void store_blocks(const Complex (&x)[4], ComplexOutput out, std::size_t lane) {
  const std::size_t at = lane / kBlock * kRow;
  store_blocks(x[0].re, x[1].re, x[2].re, x[3].re, out.re + at);
  store_blocks(x[0].im, x[1].im, x[2].im, x[3].im, out.im + at);
}

#endif

HWY_INLINE ComplexOutput at(ComplexOutput out, std::size_t offset) {
  return {out.re + offset, out.im + offset};
}

/// The factors of a power, for the lanes of a group from `lane` on.
HWY_INLINE Complex group_factors(const float* factors, std::size_t power, std::size_t lane) {
  const float* re = factors + (power - 1) * 2 * kGroup + lane;
  return load({re, re + kGroup}, 0);
}

/// Four points, transformed and multiplied by their factors.
HWY_INLINE void transform_group(const float* factors, std::size_t lane, Complex (&x)[4]) {
  transform_points(x);
  x[1] = x[1] * group_factors(factors, 1, lane);
  x[2] = x[2] * group_factors(factors, 2, lane);
  x[3] = x[3] * group_factors(factors, 3, lane);
}

void first_pass(ComplexInput in, const float* factors, std::size_t size, ComplexOutput out) {
  const std::size_t apart = size / 4;
  for (std::size_t g = 0; g < apart; g += kGroup, factors += kGroupFactors) {
    for (std::size_t lane = 0; lane < kGroup; lane += kLanes) {
      Complex x[4] = {load(in, g + lane), load(in, g + lane + apart),
                      load(in, g + lane + 2 * apart), load(in, g + lane + 3 * apart)};
      transform_group(factors, lane, x);
      store_floats(x, at(out, 4 * g), lane);
    }
  }
}

void second_pass(ComplexInput in, const float* factors, std::size_t size, ComplexOutput out) {
  const std::size_t apart = size / 4;
  for (std::size_t i = 0; i < apart; i += kGroup, factors += kGroupFactors) {
    // i = 64 g + 16 c; block P is of point 16 g + 4 P + c.
    const std::size_t point = i / kRow * kGroup + i % kRow / kGroup;
    for (std::size_t lane = 0; lane < kGroup; lane += kLanes) {
      Complex x[4] = {load(in, i + lane), load(in, i + lane + apart),
                      load(in, i + lane + 2 * apart), load(in, i + lane + 3 * apart)};
      transform_group(factors, lane, x);
      store_blocks(x, at(out, 16 * point), lane);
    }
  }
}

template <bool kLast, std::size_t... kPower>
HWY_INLINE void pass(ComplexInput in, const float* factors, std::size_t size, std::size_t stride,
                     ComplexOutput out, std::index_sequence<0, kPower...>) {
  constexpr std::size_t kRadix = 1 + sizeof...(kPower);
  const Tag tag;
  const std::size_t apart = size / kRadix;
  for (std::size_t p = 0; p < apart / stride; ++p, factors += kLast ? 0 : 2 * (kRadix - 1)) {
    for (std::size_t q = p * stride; q < (p + 1) * stride; q += kLanes) {
      Complex x[] = {load(in, q), load(in, q + kPower * apart)...};
      transform_points(x);
      if constexpr (!kLast) {
        ((x[kPower] = x[kPower] * Complex{hn::Set(tag, factors[2 * kPower - 2]),
                                          hn::Set(tag, factors[2 * kPower - 1])}),
         ...);
      }
      const std::size_t to = q + p * (kRadix - 1) * stride;
      store(x[0], out, to);
      (store(x[kPower], out, to + kPower * stride), ...);
    }
  }
}

template <std::size_t kRadix>
void pass(ComplexInput in, const float* factors, std::size_t size, std::size_t stride,
          ComplexOutput out) {
  constexpr auto kPoints = std::make_index_sequence<kRadix>();
  if (stride * kRadix == size) {
    pass<true>(in, factors, size, stride, out, kPoints);
  } else {
    pass<false>(in, factors, size, stride, out, kPoints);
  }
}

void later_pass(std::size_t radix, ComplexInput in, const float* factors, std::size_t size,
                std::size_t stride, ComplexOutput out) {
  switch (radix) {
    case 3:
      return pass<3>(in, factors, size, stride, out);
    case 4:
      return pass<4>(in, factors, size, stride, out);
    default:
      return pass<8>(in, factors, size, stride, out);
  }
}

void scale(ComplexInput in, const float* gains, std::size_t count, ComplexOutput out) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Vector gain = hn::LoadU(Tag(), gains + i);
    const Complex x = load(in, i);
    store({hn::Mul(x.re, gain), hn::Mul(x.im, gain)}, out, i);
  }
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(first_pass);
HWY_EXPORT(second_pass);
HWY_EXPORT(later_pass);
HWY_EXPORT(scale);

void fourier_first_pass(ComplexInput in, const float* factors, std::size_t size,
                        ComplexOutput out) noexcept {
  HWY_DYNAMIC_DISPATCH(first_pass)(in, factors, size, out);
}
void fourier_second_pass(ComplexInput in, const float* factors, std::size_t size,
                         ComplexOutput out) noexcept {
  HWY_DYNAMIC_DISPATCH(second_pass)(in, factors, size, out);
}
void fourier_pass(std::size_t radix, ComplexInput in, const float* factors, std::size_t size,
                  std::size_t stride, ComplexOutput out) noexcept {
  HWY_DYNAMIC_DISPATCH(later_pass)(radix, in, factors, size, stride, out);
}
void scale_spectrum(ComplexInput in, const float* gains, std::size_t count,
                    ComplexOutput out) noexcept {
  HWY_DYNAMIC_DISPATCH(scale)(in, gains, count, out);
}

}  // namespace remotemedia::dsp
#endif

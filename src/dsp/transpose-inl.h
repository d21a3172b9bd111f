// Rows become columns across a few vectors, once per target: lanes within blocks of 128 bits, or
// the blocks.

#if defined(REMOTEMEDIA_DSP_TRANSPOSE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef REMOTEMEDIA_DSP_TRANSPOSE_INL_H
#undef REMOTEMEDIA_DSP_TRANSPOSE_INL_H
#else
#define REMOTEMEDIA_DSP_TRANSPOSE_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

/// Rows become columns, within each block of 128 bits.
template <class D, class V>
HWY_INLINE void transpose(D d, V& r0, V& r1, V& r2, V& r3) {
  static_assert(sizeof(hn::TFromD<D>) == 4);
  const hn::Repartition<std::uint64_t, D> wide;
  const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, r2, r3));
  r0 = hn::BitCast(d, hn::InterleaveLower(wide, low01, low23));
  r1 = hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23));
  r2 = hn::BitCast(d, hn::InterleaveLower(wide, high01, high23));
  r3 = hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23));
}

template <class D, class V>
HWY_INLINE void transpose(D d, V& r0, V& r1, V& r2, V& r3, V& r4, V& r5, V& r6, V& r7) {
  static_assert(sizeof(hn::TFromD<D>) == 2);
  const hn::Repartition<std::uint32_t, D> pairs;
  auto c0 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  auto c1 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  auto c2 = hn::BitCast(pairs, hn::InterleaveLower(d, r4, r5));
  auto c3 = hn::BitCast(pairs, hn::InterleaveLower(d, r6, r7));
  auto c4 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  auto c5 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  auto c6 = hn::BitCast(pairs, hn::InterleaveUpper(d, r4, r5));
  auto c7 = hn::BitCast(pairs, hn::InterleaveUpper(d, r6, r7));
  transpose(pairs, c0, c1, c2, c3);
  transpose(pairs, c4, c5, c6, c7);
  r0 = hn::BitCast(d, c0);
  r1 = hn::BitCast(d, c1);
  r2 = hn::BitCast(d, c2);
  r3 = hn::BitCast(d, c3);
  r4 = hn::BitCast(d, c4);
  r5 = hn::BitCast(d, c5);
  r6 = hn::BitCast(d, c6);
  r7 = hn::BitCast(d, c7);
}

/// Rows of blocks of 128 bits become columns; there are as many vectors as blocks in one, or each
/// pair of blocks does so.
template <class V>
HWY_INLINE void transpose_blocks(V& /*row*/) {}
template <class V>
HWY_INLINE void transpose_blocks(V& r0, V& r1) {
  const hn::DFromV<V> d;
  if constexpr (hn::MaxLanes(d) * sizeof(hn::TFromD<decltype(d)>) == 32) {
    const V low = hn::ConcatLowerLower(d, r1, r0);
    r1 = hn::ConcatUpperUpper(d, r1, r0);
    r0 = low;
  } else {
    const V even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(r1), r0);
    r1 = hn::OddEvenBlocks(r1, hn::SwapAdjacentBlocks(r0));
    r0 = even;
  }
}
template <class V>
HWY_INLINE void transpose_blocks(V& r0, V& r1, V& r2, V& r3) {
  const hn::DFromV<V> d;
  V low = hn::ConcatLowerLower(d, r2, r0);
  V low_next = hn::ConcatLowerLower(d, r3, r1);
  V high = hn::ConcatUpperUpper(d, r2, r0);
  V high_next = hn::ConcatUpperUpper(d, r3, r1);
  transpose_blocks(low, low_next);
  transpose_blocks(high, high_next);
  r0 = low;
  r1 = low_next;
  r2 = high;
  r3 = high_next;
}

#endif

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// Interleaved samples to planes and back, for samples of 16 and 32 bits.
//
// Design. Two channels: whole vectors, the even lanes of two against the odd ones, and back by an
// interleaving within blocks of 128 bits after a permutation that makes it one of the whole vector.
// Three: Highway's LoadInterleaved3. Four and more: tiles of four frames by four channels,
// transposed in registers; if the channels are no multiple of four, the last tile overlaps the one
// before it and writes the same values again. Tiles go through as many frames as stay in L1 before
// the next four channels, so that each cache line is read from memory once.
// Cost: two channels are bound by the caches or the memory, more by the tile's eight shuffles per
// 16 samples.
// Accuracy: moves bits.

#include "dsp/interleave_kernels.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

// SVE vectors have no size at compile time, which the tiles below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/interleave_kernels.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef REMOTEMEDIA_DSP_INTERLEAVE_KERNELS_ONCE
#define REMOTEMEDIA_DSP_INTERLEAVE_KERNELS_ONCE
namespace remotemedia::dsp {
namespace {

template <typename T>
using ToPlanes = void (*)(const T*, std::size_t, std::span<T* const>, Stores);
template <typename T>
using ToFrames = void (*)(std::span<const T* const>, std::size_t, T*, Stores);

using InterleaveTable = std::tuple<ToPlanes<float>, ToPlanes<std::int16_t>, ToPlanes<std::int32_t>,
                                   ToFrames<float>, ToFrames<std::int16_t>, ToFrames<std::int32_t>>;

/// The definition, for frames [first, end).
template <typename T>
void move_to_planes(const T* in, std::size_t first, std::size_t end, std::span<T* const> out) {
  for (std::size_t i = first; i < end; ++i) {
    for (std::size_t c = 0; c < out.size(); ++c) out[c][i] = in[i * out.size() + c];
  }
}

template <typename T>
void move_to_frames(std::span<const T* const> in, std::size_t first, std::size_t end, T* out) {
  for (std::size_t i = first; i < end; ++i) {
    for (std::size_t c = 0; c < in.size(); ++c) out[i * in.size() + c] = in[c][i];
  }
}

}  // namespace
}  // namespace remotemedia::dsp
#endif

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <typename T>
void to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores /*stores*/) {
  move_to_planes(in, 0, frames, out);
}

template <typename T>
void to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores /*stores*/) {
  move_to_frames(in, 0, frames, out);
}

#else

constexpr std::size_t kBlockBytes = 16'384;  // half of L1, the other half is for the planes

template <typename T>
using Tag = hn::ScalableTag<T>;

template <typename T>
constexpr std::size_t vector_bytes() {
  return sizeof(T) * hn::MaxLanes(Tag<T>());
}

/// Samples before the first that a vector store can have for its own cache line.
template <typename T>
HWY_INLINE std::size_t samples_to_alignment(const T* out) {
  const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % vector_bytes<T>();
  return past == 0 ? 0 : (vector_bytes<T>() - past) / sizeof(T);
}

template <Stores kStores, typename T>
HWY_INLINE void store(hn::Vec<Tag<T>> v, T* out) {
  if constexpr (kStores == Stores::streaming) {
    hn::Stream(v, Tag<T>(), out);
  } else {
    hn::StoreU(v, Tag<T>(), out);
  }
}

template <Stores kStores, typename T>
HWY_INLINE std::size_t stereo_to_planes(const T* in, std::size_t i, std::size_t frames, T* left,
                                        T* right) {
  const Tag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  for (; i + kLanes <= frames; i += kLanes) {
    const auto low = hn::LoadU(d, in + 2 * i);
    const auto high = hn::LoadU(d, in + 2 * i + kLanes);
    store<kStores>(hn::ConcatEven(d, high, low), left + i);
    store<kStores>(hn::ConcatOdd(d, high, low), right + i);
  }
  return i;
}

/// Lanes of 64 bits in an order for which interleaving within blocks of 128 bits is that of the
/// lower half of the vector, and of its upper half.
template <class D>
HWY_INLINE hn::Vec<D> spread(D d, hn::Vec<D> v) {
  const hn::Repartition<std::uint32_t, D> du;
  constexpr std::size_t kLanes = hn::MaxLanes(du);
  if constexpr (kLanes <= 4) {
    return v;
  } else {
    alignas(64) static constexpr std::uint32_t kOrder16[] = {0, 1, 8,  9,  2, 3, 10, 11,
                                                             4, 5, 12, 13, 6, 7, 14, 15};
    alignas(64) static constexpr std::uint32_t kOrder8[] = {0, 1, 4, 5, 2, 3, 6, 7};
    const auto order = hn::SetTableIndices(du, kLanes == 16 ? kOrder16 : kOrder8);
    return hn::BitCast(d, hn::TableLookupLanes(hn::BitCast(du, v), order));
  }
}

template <Stores kStores, typename T>
HWY_INLINE std::size_t stereo_to_frames(const T* left, const T* right, std::size_t i,
                                        std::size_t frames, T* out) {
  const Tag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  for (; i + kLanes <= frames; i += kLanes) {
    const auto a = spread(d, hn::LoadU(d, left + i));
    const auto b = spread(d, hn::LoadU(d, right + i));
    store<kStores>(hn::InterleaveLower(d, a, b), out + 2 * i);
    store<kStores>(hn::InterleaveUpper(d, a, b), out + 2 * i + kLanes);
  }
  return i;
}

/// Stores the columns of four rows.
template <typename T, class V>
HWY_INLINE void transpose(V r0, V r1, V r2, V r3, T* out0, T* out1, T* out2, T* out3) {
  const hn::FixedTag<T, 4> d;
  const hn::Repartition<hwy::MakeUnsigned<hwy::MakeWide<T>>, decltype(d)> wide;
  const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, low01, low23)), d, out0);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23)), d, out1);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, high01, high23)), d, out2);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23)), d, out3);
}

/// Calls strip(first channel, begin, end) for four channels and the frames of a block at a time,
/// until whole fours of frames are done; gives their number.
template <typename T, class Strip>
HWY_INLINE std::size_t for_all_strips(std::size_t channels, std::size_t frames, Strip strip) {
  const std::size_t whole = frames / 4 * 4;
  const std::size_t block = std::max<std::size_t>(kBlockBytes / sizeof(T) / channels / 4 * 4, 4);
  for (std::size_t begin = 0; begin < whole; begin += block) {
    const std::size_t end = std::min(begin + block, whole);
    for (std::size_t c = 0; c < channels; c += 4) strip(std::min(c, channels - 4), begin, end);
  }
  return whole;
}

template <typename T>
HWY_INLINE std::size_t many_to_planes(const T* in, std::size_t frames, std::span<T* const> out) {
  const std::size_t channels = out.size();
  return for_all_strips<T>(
      channels, frames, [&](std::size_t c, std::size_t begin, std::size_t end) HWY_ATTR {
        const hn::FixedTag<T, 4> d;
        T* const plane[] = {out[c], out[c + 1], out[c + 2], out[c + 3]};
        const T* row = in + begin * channels + c;
        for (std::size_t i = begin; i < end; i += 4, row += 4 * channels) {
          transpose(hn::LoadU(d, row), hn::LoadU(d, row + channels),
                    hn::LoadU(d, row + 2 * channels), hn::LoadU(d, row + 3 * channels),
                    plane[0] + i, plane[1] + i, plane[2] + i, plane[3] + i);
        }
      });
}

template <typename T>
HWY_INLINE std::size_t many_to_frames(std::span<const T* const> in, std::size_t frames, T* out) {
  const std::size_t channels = in.size();
  return for_all_strips<T>(
      channels, frames, [&](std::size_t c, std::size_t begin, std::size_t end) HWY_ATTR {
        const hn::FixedTag<T, 4> d;
        const T* const plane[] = {in[c], in[c + 1], in[c + 2], in[c + 3]};
        T* row = out + begin * channels + c;
        for (std::size_t i = begin; i < end; i += 4, row += 4 * channels) {
          transpose(hn::LoadU(d, plane[0] + i), hn::LoadU(d, plane[1] + i),
                    hn::LoadU(d, plane[2] + i), hn::LoadU(d, plane[3] + i), row, row + channels,
                    row + 2 * channels, row + 3 * channels);
        }
      });
}

template <typename T>
void to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores stores) {
  const Tag<T> d;
  std::size_t done = 0;
  if (out.size() == 1) {
    std::copy_n(in, frames, out[0]);
    done = frames;
  } else if (out.size() == 2) {
    const std::size_t first = std::min(frames, samples_to_alignment(out[0]));
    move_to_planes(in, 0, first, out);
    if (stores == Stores::streaming && samples_to_alignment(out[1]) == first) {
      done = stereo_to_planes<Stores::streaming>(in, first, frames, out[0], out[1]);
      hwy::FlushStream();
    } else {
      done = stereo_to_planes<Stores::cached>(in, first, frames, out[0], out[1]);
    }
  } else if (out.size() == 3) {
    for (; done + hn::MaxLanes(d) <= frames; done += hn::MaxLanes(d)) {
      hn::Vec<Tag<T>> a = hn::Undefined(d);
      hn::Vec<Tag<T>> b = hn::Undefined(d);
      hn::Vec<Tag<T>> c = hn::Undefined(d);
      hn::LoadInterleaved3(d, in + 3 * done, a, b, c);
      hn::StoreU(a, d, out[0] + done);
      hn::StoreU(b, d, out[1] + done);
      hn::StoreU(c, d, out[2] + done);
    }
  } else {
    done = many_to_planes(in, frames, out);
  }
  move_to_planes(in, done, frames, out);
}

template <typename T>
void to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores stores) {
  const Tag<T> d;
  std::size_t done = 0;
  if (in.size() == 1) {
    std::copy_n(in[0], frames, out);
    done = frames;
  } else if (in.size() == 2) {
    const std::size_t past = samples_to_alignment(out);
    const std::size_t first = std::min(frames, past / 2);
    move_to_frames(in, 0, first, out);
    if (stores == Stores::streaming && past % 2 == 0) {
      done = stereo_to_frames<Stores::streaming>(in[0], in[1], first, frames, out);
      hwy::FlushStream();
    } else {
      done = stereo_to_frames<Stores::cached>(in[0], in[1], first, frames, out);
    }
  } else if (in.size() == 3) {
    for (; done + hn::MaxLanes(d) <= frames; done += hn::MaxLanes(d)) {
      hn::StoreInterleaved3(hn::LoadU(d, in[0] + done), hn::LoadU(d, in[1] + done),
                            hn::LoadU(d, in[2] + done), d, out + 3 * done);
    }
  } else {
    done = many_to_frames(in, frames, out);
  }
  move_to_frames(in, done, frames, out);
}

#endif

const InterleaveTable* interleave_table() {
  static constexpr InterleaveTable kTable = {to_planes<float>,        to_planes<std::int16_t>,
                                             to_planes<std::int32_t>, to_frames<float>,
                                             to_frames<std::int16_t>, to_frames<std::int32_t>};
  return &kTable;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(interleave_table);

template <typename Sample>
void frames_to_planes(const Sample* in, std::size_t frames, std::span<Sample* const> out,
                      Stores stores) noexcept {
  std::get<ToPlanes<Sample>> (*HWY_DYNAMIC_DISPATCH(interleave_table)())(in, frames, out, stores);
}

template <typename Sample>
void planes_to_frames(std::span<const Sample* const> in, std::size_t frames, Sample* out,
                      Stores stores) noexcept {
  std::get<ToFrames<Sample>> (*HWY_DYNAMIC_DISPATCH(interleave_table)())(in, frames, out, stores);
}

template void frames_to_planes(const float*, std::size_t, std::span<float* const>, Stores) noexcept;
template void frames_to_planes(const std::int16_t*, std::size_t, std::span<std::int16_t* const>,
                               Stores) noexcept;
template void frames_to_planes(const std::int32_t*, std::size_t, std::span<std::int32_t* const>,
                               Stores) noexcept;
template void planes_to_frames(std::span<const float* const>, std::size_t, float*, Stores) noexcept;
template void planes_to_frames(std::span<const std::int16_t* const>, std::size_t, std::int16_t*,
                               Stores) noexcept;
template void planes_to_frames(std::span<const std::int32_t* const>, std::size_t, std::int32_t*,
                               Stores) noexcept;

}  // namespace remotemedia::dsp
#endif

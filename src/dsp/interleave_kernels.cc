// Interleaved samples to planes and back, for samples of 16 and 32 bits.
//
// Design. Two channels: whole vectors, the even lanes of two against the odd ones, and back by an
// interleaving within blocks of 128 bits after a permutation that makes it one of the whole vector.
// Three: Highway's LoadInterleaved3. Four and more: tiles of as many channels as 128 bits hold, by
// as many frames as a vector does. Each block of 128 bits of a vector is a frame of the tile, so
// that rows become columns by shuffles within blocks. If the channels are no multiple of a tile's,
// the last tile overlaps the one before it and writes the same values again; if they are fewer, it
// holds some of the next frame, which are not stored or are written over. Tiles go through as many
// frames as stay in L1 before the next channels, so that each cache line is read from memory once.
// What is streamed, and planes that do not begin with a cache line, are written by a piece in L1.
// Cost: two channels are bound by the caches or the memory; a tile of 4 vectors takes 8 shuffles,
// one of 8 takes 24, and each block of it a load or a store.
// Accuracy: moves bits.

#include "dsp/interleave_kernels.h"

#include "remotemedia/base/check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

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

/// Half of L1: the input of a block of tiles, or what one piece writes. The other half is for the
/// other side.
constexpr std::size_t kBlockBytes = 16'384;

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

/// Two planes; for streaming stores they have to be aligned alike.
template <Stores kStores, typename T>
HWY_INLINE void stereo_to_planes(const T* in, std::size_t frames, std::span<T* const> out) {
  const Tag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  T* const left = out[0];
  T* const right = out[1];
  std::size_t i = std::min(frames, samples_to_alignment(left));
  move_to_planes(in, 0, i, out);
  for (; i + kLanes <= frames; i += kLanes) {
    prefetch_after<kStores>(in + 2 * i, 2 * vector_bytes<T>());
    const auto low = hn::LoadU(d, in + 2 * i);
    const auto high = hn::LoadU(d, in + 2 * i + kLanes);
    store<kStores>(hn::ConcatEven(d, high, low), left + i);
    store<kStores>(hn::ConcatOdd(d, high, low), right + i);
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
  move_to_planes(in, i, frames, out);
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

/// Of two planes; for streaming stores `out` has to be aligned to whole frames.
template <Stores kStores, typename T>
HWY_INLINE void stereo_to_frames(std::span<const T* const> in, std::size_t frames, T* out) {
  const Tag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  const T* const left = in[0];
  const T* const right = in[1];
  std::size_t i = std::min(frames, samples_to_alignment(out) / 2);
  move_to_frames(in, 0, i, out);
  for (; i + kLanes <= frames; i += kLanes) {
    prefetch_after<kStores>(left + i, vector_bytes<T>());
    prefetch_after<kStores>(right + i, vector_bytes<T>());
    const auto a = spread(d, hn::LoadU(d, left + i));
    const auto b = spread(d, hn::LoadU(d, right + i));
    store<kStores>(hn::InterleaveLower(d, a, b), out + 2 * i);
    store<kStores>(hn::InterleaveUpper(d, a, b), out + 2 * i + kLanes);
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
  move_to_frames(in, i, frames, out);
}

/// Channels of a tile, and its frames for each block of 128 bits of a vector.
template <typename T>
constexpr std::size_t kTile = 16 / sizeof(T);

/// Blocks of 128 bits that lie `stride` samples apart. The masks are for the load itself, which
/// leaves the unit of the shuffles alone.
template <class D>
HWY_INLINE hn::Vec<D> load_blocks(D d, const hn::TFromD<D>* from, std::size_t stride) {
  constexpr std::size_t kBlock = kTile<hn::TFromD<D>>;
  constexpr std::size_t kBlocks = hn::MaxLanes(d) / kBlock;
  auto v = hn::LoadDup128(d, from + (kBlocks - 1) * stride);
  if constexpr (kBlocks == 4) {
    v = hn::IfThenElse(hn::FirstN(d, 3 * kBlock), hn::LoadDup128(d, from + 2 * stride), v);
    v = hn::IfThenElse(hn::FirstN(d, 2 * kBlock), hn::LoadDup128(d, from + stride), v);
  }
  if constexpr (kBlocks > 1) v = hn::IfThenElse(hn::FirstN(d, kBlock), hn::LoadDup128(d, from), v);
  return v;
}

/// Stores the blocks of 128 bits of some vectors: block b of vector k at to + (kTile * b + k) *
/// stride, in this order, so that each may write over what the one before wrote beyond its
/// channels.
template <class D, class... Vectors>
HWY_INLINE void store_blocks(D d, hn::TFromD<D>* to, std::size_t stride, Vectors... v) {
  if constexpr (hn::MaxLanes(d) * sizeof(hn::TFromD<D>) == 16) {
    ((hn::StoreU(v, d, to), to += stride), ...);
  } else {
    const hn::Half<D> half;
    store_blocks(half, to, stride, hn::LowerHalf(half, v)...);
    store_blocks(half, to + hn::MaxLanes(half) * stride, stride, hn::UpperHalf(half, v)...);
  }
}

/// Rows become columns, within each block of 128 bits.
template <class D, class V>
HWY_INLINE void transpose(D d, V& r0, V& r1, V& r2, V& r3) {
  static_assert(kTile<hn::TFromD<D>> == 4);
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
  static_assert(kTile<hn::TFromD<D>> == 8);
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

/// A vector of frames of the first `count` of kTile channels; row 0 begins at `rows`.
template <class D, typename T, std::size_t... kIndex>
HWY_INLINE void tile_to_planes(D d, const T* rows, std::size_t channels, T* const* planes,
                               std::size_t count, std::size_t i, std::index_sequence<kIndex...>) {
  hn::Vec<D> v[] = {load_blocks(d, rows + kIndex * channels, kTile<T> * channels)...};
  transpose(d, v[kIndex]...);
  ((kIndex < count ? hn::StoreU(v[kIndex], d, planes[kIndex] + i) : void()), ...);
}

template <class D, typename T, std::size_t... kIndex>
HWY_INLINE void tile_to_frames(D d, const T* const* planes, std::size_t count, std::size_t i,
                               T* rows, std::size_t channels, std::index_sequence<kIndex...>) {
  hn::Vec<D> v[] = {hn::LoadU(d, planes[std::min(kIndex, count - 1)] + i)...};
  transpose(d, v[kIndex]...);
  store_blocks(d, rows, channels, v[kIndex]...);
}

/// Calls tile(tag, first channel, frame) for all tiles that lie within `frames` frames, of as many
/// channels as a tile has, or all if they are fewer; gives the number of frames that are done.
template <typename T, class Tile>
HWY_INLINE std::size_t for_all_tiles(std::size_t channels, std::size_t frames, Tile tile) {
  // What a tile has beyond the channels there are lies in the frame behind it.
  const std::size_t most =
      channels >= kTile<T> ? frames : frames - std::min<std::size_t>(frames, 1);
  const Tag<T> d;
  const hn::FixedTag<T, kTile<T>> d128;
  constexpr std::size_t kFrames = hn::MaxLanes(d);
  const std::size_t block =
      std::max(kBlockBytes / sizeof(T) / channels / kFrames * kFrames, kFrames);
  std::size_t done = 0;
  while (most - done >= kTile<T>) {
    const std::size_t end = done + std::min(block, (most - done) / kTile<T> * kTile<T>);
    for (std::size_t c = 0; c < channels; c += kTile<T>) {
      const std::size_t first = channels < kTile<T> ? 0 : std::min(c, channels - kTile<T>);
      std::size_t i = done;
      for (; i + kFrames <= end; i += kFrames) tile(d, first, i);
      for (; i < end; i += kTile<T>) tile(d128, first, i);
    }
    done = end;
  }
  return done;
}

template <typename T>
HWY_INLINE std::size_t many_to_planes(const T* in, std::size_t frames, std::span<T* const> out) {
  const std::size_t channels = out.size();
  const std::size_t count = std::min(channels, kTile<T>);
  return for_all_tiles<T>(channels, frames, [&](auto d, std::size_t c, std::size_t i) HWY_ATTR {
    tile_to_planes(d, in + i * channels + c, channels, out.data() + c, count, i,
                   std::make_index_sequence<kTile<T>>());
  });
}

template <typename T>
HWY_INLINE std::size_t many_to_frames(std::span<const T* const> in, std::size_t frames, T* out) {
  const std::size_t channels = in.size();
  const std::size_t count = std::min(channels, kTile<T>);
  return for_all_tiles<T>(channels, frames, [&](auto d, std::size_t c, std::size_t i) HWY_ATTR {
    tile_to_frames(d, in.data() + c, count, i, out + i * channels + c, channels,
                   std::make_index_sequence<kTile<T>>());
  });
}

/// Copies what lies in L1 by stores of whole cache lines, whatever the alignments. Asks for as many
/// bytes of the input from `next` on.
template <Stores kStores, typename T>
HWY_INLINE void copy_by_lines(const T* from, std::size_t count, T* to, const T* next) {
  const Tag<T> d;
  std::size_t i = std::min(count, samples_to_alignment(to));
  std::copy_n(from, i, to);
  for (; i + hn::MaxLanes(d) <= count; i += hn::MaxLanes(d)) {
    prefetch_after<kStores>(next + i, vector_bytes<T>(), 0);
    store<kStores>(hn::LoadU(d, from + i), to + i);
  }
  std::copy(from + i, from + count, to + i);
}

/// Bytes from which on it pays to write planes that lie askew by their cache lines: beyond L1, a
/// vector that two lines share takes several times as long to store.
constexpr std::size_t kWorthAligning = 49'152;

/// Memory for a piece of as many frames as L1 has room for beside the input.
template <typename T>
struct Piece {
  explicit Piece(std::size_t channels) : frames(kSamples / channels / kLine * kLine) {}
  static constexpr std::size_t kSamples = kBlockBytes / sizeof(T);
  static constexpr std::size_t kLine = 64 / sizeof(T);  // so that planes begin with a cache line
  std::size_t frames;
  alignas(64) T samples[kSamples];
};

template <typename T>
void to_planes_at_once(const T* in, std::size_t frames, std::span<T* const> out);
template <typename T>
void to_frames_cached(std::span<const T* const> in, std::size_t frames, T* out);

template <Stores kStores, typename T>
void to_planes_by_pieces(const T* in, std::size_t frames, std::span<T* const> out) {
  Piece<T> piece(out.size());
  std::array<T*, kMaxChannels> planes;
  for (std::size_t c = 0; c < out.size(); ++c) planes[c] = piece.samples + c * piece.frames;
  for (std::size_t done = 0; done < frames; done += piece.frames) {
    const std::size_t count = std::min(piece.frames, frames - done);
    to_planes_at_once<T>(in + done * out.size(), count, {planes.data(), out.size()});
    const T* const next = in + (done + piece.frames) * out.size();
    for (std::size_t c = 0; c < out.size(); ++c) {
      copy_by_lines<kStores>(planes[c], count, out[c] + done, next + c * count);
    }
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
}

template <typename T>
void to_frames_streaming(std::span<const T* const> in, std::size_t frames, T* out) {
  Piece<T> piece(in.size());
  std::array<const T*, kMaxChannels> planes;
  for (std::size_t done = 0; done < frames; done += piece.frames) {
    const std::size_t count = std::min(piece.frames, frames - done);
    for (std::size_t c = 0; c < in.size(); ++c) planes[c] = in[c] + done;
    to_frames_cached<T>({planes.data(), in.size()}, count, piece.samples);
    for (std::size_t c = 0; c < in.size(); ++c) {
      copy_by_lines<Stores::streaming>(piece.samples + c * count, count,
                                       out + done * in.size() + c * count,
                                       planes[c] + piece.frames);
    }
  }
  hwy::FlushStream();
}

template <typename T>
void to_planes_at_once(const T* in, std::size_t frames, std::span<T* const> out) {
  const Tag<T> d;
  std::size_t done = 0;
  if (out.size() == 1) {
    std::copy_n(in, frames, out[0]);
    return;
  }
  if (out.size() == 2) return stereo_to_planes<Stores::cached>(in, frames, out);
  if (out.size() == 3) {
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
void to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores stores) {
  const std::size_t first = samples_to_alignment(out[0]);
  const bool alike = std::ranges::all_of(
      out, [first](const T* plane) { return samples_to_alignment(plane) == first; });
  if (stores == Stores::cached || out.size() == 1) {
    const bool askew = out.size() > 2 && !(alike && first == 0);
    if (!askew || frames * out.size() * sizeof(T) < kWorthAligning) {
      return to_planes_at_once(in, frames, out);
    }
    return to_planes_by_pieces<Stores::cached>(in, frames, out);
  }
  if (out.size() > 2 || !alike) return to_planes_by_pieces<Stores::streaming>(in, frames, out);
  stereo_to_planes<Stores::streaming>(in, frames, out);
}

template <typename T>
void to_frames_cached(std::span<const T* const> in, std::size_t frames, T* out) {
  const Tag<T> d;
  std::size_t done = 0;
  if (in.size() == 1) {
    std::copy_n(in[0], frames, out);
    return;
  }
  if (in.size() == 2) return stereo_to_frames<Stores::cached>(in, frames, out);
  if (in.size() == 3) {
    for (; done + hn::MaxLanes(d) <= frames; done += hn::MaxLanes(d)) {
      hn::StoreInterleaved3(hn::LoadU(d, in[0] + done), hn::LoadU(d, in[1] + done),
                            hn::LoadU(d, in[2] + done), d, out + 3 * done);
    }
  } else {
    done = many_to_frames(in, frames, out);
  }
  move_to_frames(in, done, frames, out);
}

template <typename T>
void to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores stores) {
  if (stores == Stores::cached || in.size() == 1) return to_frames_cached(in, frames, out);
  const bool whole_frames = samples_to_alignment(out) % 2 == 0;
  if (in.size() > 2 || !whole_frames) return to_frames_streaming(in, frames, out);
  stereo_to_frames<Stores::streaming>(in, frames, out);
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

// Planes to interleaved samples, for samples of 16 and 32 bits.
//
// Design. Two channels: interleaving within blocks of 128 bits, after a permutation that makes it
// one of the whole vector; of two blocks, which are sorted afterwards in half the time. Three:
// Highway's StoreInterleaved3. Four: pairs of pairs. Six: see Sixes. Eight that are streamed: see
// Eights. Others: tiles of as many channels as 128 bits hold; the rows of a vector of frames become
// columns within blocks of 128 bits, each of which is then a part of a frame. If the channels are
// no multiple of a tile's, the last tile overlaps the one before it and writes the same values
// again; if they are fewer, what it writes beyond them is written over by the next frame. Tiles go
// through as many frames as stay in L1 before the next channels, so that each cache line is written
// to memory once. Three channels and tiles that are streamed go through a piece in L1.
//
// Cost: bound by the caches or the memory, up to six channels; a tile of 4 vectors takes 8
// shuffles, one of 8 takes 24, and each block of it a store.
//
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
#define HWY_TARGET_INCLUDE "dsp/interleave_kernel.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_INTERLEAVE_KERNEL_ONCE
#define REMOTEMEDIA_DSP_INTERLEAVE_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

template <typename T>
using ToFrames = void (*)(std::span<const T* const>, std::size_t, T*, Stores);
using InterleaveTable = std::tuple<ToFrames<float>, ToFrames<std::int16_t>, ToFrames<std::int32_t>>;

/// The definition, for frames [first, end).
template <typename T>
void move_to_frames(std::span<const T* const> in, std::size_t first, std::size_t end, T* out) {
  for (std::size_t i = first; i < end; ++i) {
    for (std::size_t c = 0; c < in.size(); ++c) out[i * in.size() + c] = in[c][i];
  }
}

}  // namespace
}  // namespace remotemedia::dsp
#endif

#include "dsp/sample_order-inl.h"  // again for each target

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

template <typename T>
void to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores /*stores*/) {
  move_to_frames(in, 0, frames, out);
}

#else

// The groups whose frames are whole vectors. load() makes them from those that begin at `i`.

template <typename T>
struct Twos {
  static constexpr std::size_t kPlanes = 2;
  HWY_INLINE void load(const T* const* planes, std::size_t i, Vector<T>* v) const {
    const Tag<T> d;
    const auto a = hn::LoadU(d, planes[0] + i);
    const auto b = hn::LoadU(d, planes[1] + i);
    if constexpr (kLanes<T> == 2 * kTile<T>) {
      v[0] = hn::InterleaveLower(d, a, b);
      v[1] = hn::InterleaveUpper(d, a, b);
      transpose_blocks(v[0], v[1]);
    } else {
      v[0] = hn::InterleaveLower(d, spread(d, a), spread(d, b));
      v[1] = hn::InterleaveUpper(d, spread(d, a), spread(d, b));
    }
  }
};

template <typename T>
struct Fours {
  static constexpr std::size_t kPlanes = 4;
  HWY_INLINE void load(const T* const* planes, std::size_t i, Vector<T>* v) const {
    const Tag<T> d;
    const Pairs<T> pairs;
    const auto in = [planes, i](std::size_t k)
                        HWY_ATTR { return spread(Tag<T>(), hn::LoadU(Tag<T>(), planes[k] + i)); };
    const auto low = spread(pairs, hn::BitCast(pairs, hn::InterleaveLower(d, in(0), in(1))));
    const auto high = spread(pairs, hn::BitCast(pairs, hn::InterleaveUpper(d, in(0), in(1))));
    const auto low2 = spread(pairs, hn::BitCast(pairs, hn::InterleaveLower(d, in(2), in(3))));
    const auto high2 = spread(pairs, hn::BitCast(pairs, hn::InterleaveUpper(d, in(2), in(3))));
    v[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low, low2));
    v[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low, low2));
    v[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high, high2));
    v[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high, high2));
  }
};

template <typename T>
struct SixPlanes {
  static constexpr std::size_t kPlanes = 6;
  HWY_INLINE SixPlanes() {}  // an implicit one would not be for this target
  HWY_INLINE void load(const T* const* planes, std::size_t i, Vector<T>* v) const {
    order.to_frames(planes, i, v);
  }
  Sixes<T> order;
};

/// 8 planes: a frame is one block of 128 bits, or two. Rows become columns within blocks, which
/// gives the blocks of frames; then blocks do, which puts them one after the other.
template <typename T>
struct Eights {
  static constexpr std::size_t kPlanes = 8;
  HWY_INLINE void load(const T* const* planes, std::size_t i, Vector<T>* v) const {
    load_all(planes, i, v, std::make_index_sequence<kPlanes>(),
             std::make_index_sequence<kTile<T>>(), std::make_index_sequence<kBlocks>(),
             std::make_index_sequence<kPlanes / kBlocks>());
  }

 private:
  static constexpr std::size_t kBlocks = kLanes<T> / kTile<T>;  // of a vector
  static constexpr std::size_t kTiles = kPlanes / kTile<T>;     // of a frame

  template <std::size_t... kPlane, std::size_t... kRow, std::size_t... kBlock,
            std::size_t... kColumn>
  HWY_INLINE static void load_all(const T* const* planes, std::size_t i, Vector<T>* v,
                                  std::index_sequence<kPlane...>, std::index_sequence<kRow...>,
                                  std::index_sequence<kBlock...> blocks,
                                  std::index_sequence<kColumn...>) {
    const Tag<T> d;
    Vector<T> rows[] = {hn::LoadU(d, planes[kPlane] + i)...};
    transpose(d, rows[kRow]...);
    if constexpr (kTiles == 2) transpose(d, rows[kTile<T> + kRow]...);
    // In the order of a frame's blocks: those of the first frames of all blocks, ...
    const Vector<T> sorted[] = {rows[kPlane % kTiles * kTile<T> + kPlane / kTiles]...};
    (take_column<kColumn>(sorted, v, blocks), ...);
  }
  template <std::size_t kColumn, std::size_t... kBlock>
  HWY_INLINE static void take_column(const Vector<T>* sorted, Vector<T>* v,
                                     std::index_sequence<kBlock...>) {
    Vector<T> column[] = {sorted[kColumn * kBlocks + kBlock]...};
    transpose_blocks(column[kBlock]...);
    ((v[kBlock * (kPlanes / kBlocks) + kColumn] = column[kBlock]), ...);
  }
};

/// For at least a vector of frames.
template <Stores kStores, class Group, class Writer, typename T, std::size_t... kIndex>
HWY_INLINE void write_frames(const T* const* in, std::size_t frames, T* out,
                             std::index_sequence<kIndex...>) {
  constexpr std::size_t kPlanes = Group::kPlanes;
  const Tag<T> d;
  const Group group;
  const std::size_t whole = frames / kLanes<T> * kLanes<T>;
  const auto store_directly = [&](std::size_t i) HWY_ATTR {
    Vector<T> v[kPlanes];
    group.load(in, i, v);
    (hn::StoreU(v[kIndex], d, out + i * kPlanes + kIndex * kLanes<T>), ...);
  };
  store_directly(0);
  Writer writer;
  T* const last = out + (kPlanes - 1) * kLanes<T>;
  writer.begin(last, hn::LoadU(d, last));
  for (std::size_t i = kLanes<T>; i < whole; i += kLanes<T>) {
    (ask_for<kStores>(in[kIndex] + i + kAskAhead<T>, kLanes<T>), ...);
    Vector<T> v[kPlanes];  // here, as it is in registers then
    group.load(in, i, v);
    (writer.put(v[kIndex], i * kPlanes + kIndex * kLanes<T> - (kPlanes - 1) * kLanes<T>), ...);
  }
  writer.end((whole - kLanes<T>)*kPlanes + kLanes<T>);
  store_directly(frames - kLanes<T>);
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
}

template <class Group, typename T>
void group_to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores stores) {
  constexpr auto kAll = std::make_index_sequence<Group::kPlanes>();
  if (frames < kLanes<T>) return move_to_frames(in, 0, frames, out);
  const bool aligned = !kFillsLine<T> || reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
  if (stores == Stores::streaming) {
    write_frames<Stores::streaming, Group, LineWriter<Stores::streaming, T>>(in.data(), frames, out,
                                                                             kAll);
  } else if (aligned) {
    write_frames<Stores::cached, Group, StraightWriter<T>>(in.data(), frames, out, kAll);
  } else if constexpr (kFillsLine<T>) {
    write_frames<Stores::cached, Group, LineWriter<Stores::cached, T>>(in.data(), frames, out,
                                                                       kAll);
  }
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
  constexpr std::size_t kFrames = kLanes<T>;
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
HWY_INLINE std::size_t many_to_frames(std::span<const T* const> in, std::size_t frames, T* out) {
  const std::size_t channels = in.size();
  const std::size_t count = std::min(channels, kTile<T>);
  return for_all_tiles<T>(channels, frames, [&](auto d, std::size_t c, std::size_t i) HWY_ATTR {
    tile_to_frames(d, in.data() + c, count, i, out + i * channels + c, channels,
                   std::make_index_sequence<kTile<T>>());
  });
}

template <typename T>
void to_frames_cached(std::span<const T* const> in, std::size_t frames, T* out) {
  const Tag<T> d;
  std::size_t done = 0;
  if (in.size() == 3) {
    for (; done + kLanes<T> <= frames; done += kLanes<T>) {
      hn::StoreInterleaved3(hn::LoadU(d, in[0] + done), hn::LoadU(d, in[1] + done),
                            hn::LoadU(d, in[2] + done), d, out + 3 * done);
    }
  } else {
    done = many_to_frames(in, frames, out);
  }
  move_to_frames(in, done, frames, out);
}

/// Memory for a piece of as many frames as L1 has room for beside the input.
template <typename T>
struct Piece {
  /// Planes begin with a cache line.
  explicit Piece(std::size_t channels) : frames(kSamples / channels / kLine<T> * kLine<T>) {}
  static constexpr std::size_t kSamples = kBlockBytes / sizeof(T);
  std::size_t frames;
  alignas(64) T samples[kSamples];
};

template <typename T>
void to_frames_streaming(std::span<const T* const> in, std::size_t frames, T* out) {
  const std::size_t channels = in.size();
  if (frames < kLanes<T>) return move_to_frames(in, 0, frames, out);
  const Tag<T> d;
  Piece<T> piece(channels);
  std::array<const T*, kMaxChannels> planes;
  LineWriter<Stores::streaming, T> writer;
  for (std::size_t done = 0; done < frames; done += piece.frames) {
    const std::size_t count = std::min(piece.frames, frames - done);
    for (std::size_t c = 0; c < channels; ++c) planes[c] = in[c] + done;
    to_frames_cached<T>({planes.data(), channels}, count, piece.samples);
    // A vector of the next piece, of one plane after the other, for each that is written.
    std::size_t c = 0;
    std::size_t asked = 0;
    std::size_t i = 0;
    if (done == 0) {
      writer.begin(out, hn::Load(d, piece.samples));
      i = kLanes<T>;
    }
    for (; i + kLanes<T> <= count * channels; i += kLanes<T>) {
      ask_for<Stores::streaming>(planes[c] + piece.frames + asked, kLanes<T>);
      asked += kLanes<T>;
      if (asked >= count) {
        asked = 0;
        ++c;
      }
      writer.put(hn::Load(d, piece.samples + i), done * channels + i);
    }
    if (done + count == frames) writer.end(done * channels + i);
    std::copy(piece.samples + i, piece.samples + count * channels, out + done * channels + i);
  }
  hwy::FlushStream();
}

template <typename T>
void to_frames(std::span<const T* const> in, std::size_t frames, T* out, Stores stores) {
  switch (in.size()) {
    case 1:
      std::copy_n(in[0], frames, out);
      return;
    case 2:
      return group_to_frames<Twos<T>>(in, frames, out, stores);
    case 4:
      return group_to_frames<Fours<T>>(in, frames, out, stores);
    case 6:
      return group_to_frames<SixPlanes<T>>(in, frames, out, stores);
    case 8:  // in the caches the tiles, which shuffle less, are faster
      if (stores == Stores::cached) break;
      return group_to_frames<Eights<T>>(in, frames, out, stores);
    default:
      break;
  }
  stores == Stores::streaming ? to_frames_streaming(in, frames, out)
                              : to_frames_cached(in, frames, out);
}

#endif

const InterleaveTable* interleave_table() {
  static constexpr InterleaveTable kTable = {to_frames<float>, to_frames<std::int16_t>,
                                             to_frames<std::int32_t>};
  return &kTable;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(interleave_table);

template <typename Sample>
void planes_to_frames(std::span<const Sample* const> in, std::size_t frames, Sample* out,
                      Stores stores) noexcept {
  std::get<ToFrames<Sample>> (*HWY_DYNAMIC_DISPATCH(interleave_table)())(in, frames, out, stores);
}

template void planes_to_frames(std::span<const float* const>, std::size_t, float*, Stores) noexcept;
template void planes_to_frames(std::span<const std::int16_t* const>, std::size_t, std::int16_t*,
                               Stores) noexcept;
template void planes_to_frames(std::span<const std::int32_t* const>, std::size_t, std::int32_t*,
                               Stores) noexcept;

}  // namespace remotemedia::dsp
#endif

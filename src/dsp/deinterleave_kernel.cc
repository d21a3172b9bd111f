// Interleaved samples to planes, for samples of 16 and 32 bits.
//
// Design. Groups of planes, a vector of each at a time. Two and four: the even lanes of all vectors
// against the odd ones, once or twice. Three: Highway's LoadInterleaved3. Six: see Sixes. Others:
// tiles of as many channels as 128 bits hold. Each block of 128 bits of a vector is a frame of the
// tile, so that rows become columns by shuffles within blocks. If the channels are no multiple of a
// tile's, the last tile overlaps the one before it; if they are fewer, it holds some of the next
// frame, which are not stored. Tiles go through as many frames as stay in L1 before the next
// channels, so that each cache line is read from memory once. Planes that do not begin with a cache
// line are written by whole lines all the same (LineWriter), where a vector is a line: shorter ones
// are written as they come, and of more than four planes through the caches, which was faster. The
// last vector overlaps the one before it.
//
// Cost: bound by the caches or the memory, up to six channels; a tile of 4 vectors takes 8
// shuffles, one of 8 takes 24, and each block of it a load; a plane that lies askew takes one
// shuffle more for each vector, of i16 up to two.
//
// Accuracy: moves bits.

#include "dsp/interleave_kernels.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

// SVE vectors have no size at compile time, which the tiles below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/deinterleave_kernel.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_DEINTERLEAVE_KERNEL_ONCE
#define REMOTEMEDIA_DSP_DEINTERLEAVE_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

template <typename T>
using ToPlanes = void (*)(const T*, std::size_t, std::span<T* const>, Stores);
using DeinterleaveTable =
    std::tuple<ToPlanes<float>, ToPlanes<std::int16_t>, ToPlanes<std::int32_t>>;

/// The definition, for frames [first, end).
template <typename T>
void move_to_planes(const T* in, std::size_t first, std::size_t end, std::span<T* const> out) {
  for (std::size_t i = first; i < end; ++i) {
    for (std::size_t c = 0; c < out.size(); ++c) out[c][i] = in[i * out.size() + c];
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
void to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores /*stores*/) {
  move_to_planes(in, 0, frames, out);
}

#else

// The groups. load() makes a vector of each plane from the frames that begin at `row`.

/// The even lanes of all vectors in their order, then the odd ones.
template <class D, std::size_t... kIndex>
HWY_INLINE void halve(D d, hn::Vec<D>* v, std::index_sequence<kIndex...>) {
  const hn::Vec<D> even[] = {hn::ConcatEven(d, v[2 * kIndex + 1], v[2 * kIndex])...};
  const hn::Vec<D> odd[] = {hn::ConcatOdd(d, v[2 * kIndex + 1], v[2 * kIndex])...};
  ((v[kIndex] = even[kIndex], v[kIndex + sizeof...(kIndex)] = odd[kIndex]), ...);
}

/// 2 or 4 planes.
template <typename T, std::size_t kCount>
struct Halves {
  static constexpr std::size_t kPlanes = kCount;
  HWY_INLINE void load(const T* row, std::size_t /*channels*/, Vector<T>* v) const {
    load_all(row, v, std::make_index_sequence<kCount>(), std::make_index_sequence<kCount / 2>());
  }

 private:
  template <std::size_t... kIndex, std::size_t... kHalf>
  HWY_INLINE static void load_all(const T* row, Vector<T>* v, std::index_sequence<kIndex...>,
                                  std::index_sequence<kHalf...> half) {
    const Tag<T> d;
    const Words words;
    hn::Vec<Words> w[] = {hn::BitCast(words, hn::LoadU(d, row + kIndex * kLanes<T>))...};
    // Samples of 16 bits as pairs, which are faster to move, as long as there are several.
    for (std::size_t planes = kCount * sizeof(T) / 4; planes > 1; planes /= 2)
      halve(words, w, half);
    if constexpr (sizeof(T) == 2) {
      Vector<T> last[] = {hn::BitCast(d, w[kIndex])...};
      halve(d, last, half);
      ((v[2 * kHalf] = last[kHalf], v[2 * kHalf + 1] = last[kHalf + kCount / 2]), ...);
    } else {
      ((v[kIndex] = hn::BitCast(d, w[kIndex])), ...);
    }
  }
};

template <typename T>
struct Threes {
  static constexpr std::size_t kPlanes = 3;
  HWY_INLINE void load(const T* row, std::size_t /*channels*/, Vector<T>* v) const {
    hn::LoadInterleaved3(Tag<T>(), row, v[0], v[1], v[2]);
  }
};

template <typename T>
struct SixPlanes {
  static constexpr std::size_t kPlanes = 6;
  HWY_INLINE SixPlanes() {}  // an implicit one would not be for this target
  HWY_INLINE void load(const T* row, std::size_t /*channels*/, Vector<T>* v) const {
    order.to_planes(row, v);
  }
  Sixes<T> order;
};

template <typename T>
struct Tiles {
  static constexpr std::size_t kPlanes = kTile<T>;
  HWY_INLINE void load(const T* row, std::size_t channels, Vector<T>* v) const {
    load_rows(row, channels, v, std::make_index_sequence<kPlanes>());
  }
  template <std::size_t... kIndex>
  HWY_INLINE static void load_rows(const T* row, std::size_t channels, Vector<T>* v,
                                   std::index_sequence<kIndex...>) {
    const Tag<T> d;
    ((v[kIndex] = load_blocks(d, row + kIndex * channels, kPlanes * channels)), ...);
    transpose(d, v[kIndex]...);
  }
};

/// Some neighbouring channels.
template <typename T>
struct Part {
  const T* in;           ///< the first one's first sample
  std::size_t channels;  ///< of a frame
  T* const* planes;
  std::size_t first;  ///< of its channels
  std::size_t skip;   ///< of its planes, which the part before it writes
  std::size_t count;  ///< with those

  HWY_INLINE bool writes(std::size_t plane) const { return plane >= skip && plane < count; }
};

/// kCount vectors of each plane, from frame `i` on; those of a plane one after the other.
template <std::size_t kCount, class Group, class Writer, typename T, std::size_t... kIndex>
HWY_INLINE void write_vectors(const Group& group, const Part<T>& part, Writer* writers,
                              std::size_t i, std::index_sequence<kIndex...> /*all*/) {
  Vector<T> v[kCount][Group::kPlanes];
  for (std::size_t k = 0; k < kCount; ++k) {
    group.load(part.in + (i + k * kLanes<T>)*part.channels, part.channels, v[k]);
  }
  const auto put = [&](std::size_t plane) HWY_ATTR {
    for (std::size_t k = 0; k < kCount; ++k) writers[plane].put(v[k][plane], i + k * kLanes<T>);
  };
  ((part.writes(kIndex) ? put(kIndex) : void()), ...);
}

/// Vectors that are written one after the other: a line that is streamed in parts stays open until
/// it is whole, and a processor has room for a few such lines only.
template <Stores kStores, typename T>
inline constexpr std::size_t kAtOnce = kStores == Stores::streaming ? kLine<T> / kLanes<T> : 1;

/// The frames [begin, end) of a part, a whole number of vectors. Asks for `asked` samples with each
/// vector, from `ask` on.
template <Stores kStores, class Group, class Writer, typename T, std::size_t... kIndex>
HWY_INLINE void write_part(const Group& group, const Part<T>& part, Writer* writers,
                           std::size_t begin, std::size_t end, const T* ask, std::size_t asked,
                           std::index_sequence<kIndex...> all) {
  constexpr std::size_t kCount = kAtOnce<kStores, T>;
  Writer w[] = {writers[kIndex]...};
  std::size_t i = begin;
  for (; i + kCount * kLanes<T> <= end; i += kCount * kLanes<T>) {
    ask_for<kStores>(ask, kCount * asked);
    ask += kCount * asked;
    write_vectors<kCount>(group, part, w, i, all);
  }
  if constexpr (kCount > 1) {
    for (; i < end; i += kLanes<T>) write_vectors<1>(group, part, w, i, all);
  }
  ((writers[kIndex] = w[kIndex]), ...);
}

/// Of one vector of frames.
template <class Group, typename T, class Write, std::size_t... kIndex>
HWY_INLINE void write_once(const Group& group, const Part<T>& part, std::size_t i, Write write,
                           std::index_sequence<kIndex...>) {
  Vector<T> v[Group::kPlanes];
  group.load(part.in + i * part.channels, part.channels, v);
  ((part.writes(kIndex) ? write(kIndex, v[kIndex]) : void()), ...);
}

/// All planes, for at least a vector of frames.
template <Stores kStores, class Group, template <typename> class Writer, typename T>
void write_planes(const T* in, std::size_t frames, std::span<T* const> out) {
  constexpr std::size_t kPlanes = Group::kPlanes;
  constexpr auto kAll = std::make_index_sequence<kPlanes>();
  const Group group;
  const std::size_t channels = out.size();
  const bool one_part = channels <= kPlanes;
  const std::size_t row_bytes = kLanes<T> * channels * sizeof(T);  // a vector of each
  const std::size_t whole = frames / kLanes<T> * kLanes<T>;
  constexpr std::size_t kUnit = kAtOnce<kStores, T> * kLanes<T>;
  const std::size_t rows = kBlockBytes / row_bytes * kLanes<T> / kUnit;
  const std::size_t block = one_part ? whole : std::max<std::size_t>(rows, 1) * kUnit;
  Writer<T> writers[kMaxChannels];
  const auto for_each_part = [&](auto work) HWY_ATTR {
    for (std::size_t p = 0; p < channels; p += kPlanes) {
      const std::size_t count = std::min(channels, kPlanes);
      const std::size_t first = std::min(p, channels - count);
      work(Part<T>{in + first, channels, out.data() + first, first, p - first, count});
    }
  };
  for_each_part([&](const Part<T>& part) HWY_ATTR {
    const auto begin = [&](std::size_t k, Vector<T> v)
                           HWY_ATTR { writers[part.first + k].begin(part.planes[k], v); };
    write_once(group, part, 0, begin, kAll);
  });
  // The first block ends a line, where the planes begin with one.
  std::size_t end = std::min(kUnit, whole);
  for (std::size_t done = kLanes<T>; done < whole; done = end, end = std::min(end + block, whole)) {
    // Two pages ahead, or a block, of which each part asks for its share.
    const T* const ask =
        in + done * channels + (one_part ? 2 * kAskAhead<T> : kBlockBytes / sizeof(T));
    for_each_part([&](const Part<T>& part) HWY_ATTR {
      write_part<kStores>(group, part, writers + part.first, done, end,
                          ask + (part.first + part.skip) * (end - done), kLanes<T> * kPlanes, kAll);
    });
  }
  for (std::size_t c = 0; c < channels; ++c) writers[c].end(whole);
  for_each_part([&](const Part<T>& part) HWY_ATTR {
    const std::size_t last = frames - kLanes<T>;
    const auto store = [&](std::size_t k, Vector<T> v)
                           HWY_ATTR { hn::StoreU(v, Tag<T>(), part.planes[k] + last); };
    write_once(group, part, last, store, kAll);
  });
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
}

template <typename T>
using StreamingWriter = LineWriter<Stores::streaming, T>;
template <typename T>
using CachedLineWriter = LineWriter<Stores::cached, T>;

/// Frames from which on it pays to write planes that lie askew by their lines.
template <typename T>
constexpr std::size_t kWorthAligning = 16 * kLanes<T>;

template <class Group, typename T>
void group_to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores stores) {
  // What a tile has beyond the channels there are lies in the frame behind it.
  const std::size_t usable =
      Group::kPlanes <= out.size() ? frames : frames - std::min<std::size_t>(frames, 1);
  if (usable < kLanes<T>) return move_to_planes(in, 0, frames, out);
  const bool aligned = !kFillsLine<T> || std::ranges::all_of(out, [](const T* plane) {
    return reinterpret_cast<std::uintptr_t>(plane) % 64 == 0;
  });
  const bool may_stream = kFillsLine<T> || out.size() <= 4;
  if (stores == Stores::streaming && may_stream) {
    write_planes<Stores::streaming, Group, StreamingWriter>(in, usable, out);
  } else if (aligned || frames < kWorthAligning<T>) {
    write_planes<Stores::cached, Group, StraightWriter>(in, usable, out);
  } else if constexpr (kFillsLine<T>) {
    write_planes<Stores::cached, Group, CachedLineWriter>(in, usable, out);
  }
  move_to_planes(in, usable, frames, out);
}

template <typename T>
void to_planes(const T* in, std::size_t frames, std::span<T* const> out, Stores stores) {
  switch (out.size()) {
    case 1:
      std::copy_n(in, frames, out[0]);
      return;
    case 2:
      return group_to_planes<Halves<T, 2>>(in, frames, out, stores);
    case 3:
      return group_to_planes<Threes<T>>(in, frames, out, stores);
    case 4:
      return group_to_planes<Halves<T, 4>>(in, frames, out, stores);
    case 6:
      return group_to_planes<SixPlanes<T>>(in, frames, out, stores);
    default:
      return group_to_planes<Tiles<T>>(in, frames, out, stores);
  }
}

#endif

const DeinterleaveTable* deinterleave_table() {
  static constexpr DeinterleaveTable kTable = {to_planes<float>, to_planes<std::int16_t>,
                                               to_planes<std::int32_t>};
  return &kTable;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(deinterleave_table);

template <typename Sample>
void frames_to_planes(const Sample* in, std::size_t frames, std::span<Sample* const> out,
                      Stores stores) noexcept {
  std::get<ToPlanes<Sample>> (*HWY_DYNAMIC_DISPATCH(deinterleave_table)())(in, frames, out, stores);
}

template void frames_to_planes(const float*, std::size_t, std::span<float* const>, Stores) noexcept;
template void frames_to_planes(const std::int16_t*, std::size_t, std::span<std::int16_t* const>,
                               Stores) noexcept;
template void frames_to_planes(const std::int32_t*, std::size_t, std::span<std::int32_t* const>,
                               Stores) noexcept;

}  // namespace remotemedia::dsp
#endif

// What the kernels that move samples between frames and planes share, once per target: tiles, the
// order of six channels, and writing whole vectors to a run of memory that begins anywhere.

#if defined(REMOTEMEDIA_DSP_SAMPLE_ORDER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef REMOTEMEDIA_DSP_SAMPLE_ORDER_INL_H
#undef REMOTEMEDIA_DSP_SAMPLE_ORDER_INL_H
#else
#define REMOTEMEDIA_DSP_SAMPLE_ORDER_INL_H
#endif

#include "dsp/streaming-inl.h"
#include "dsp/transpose-inl.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

template <typename T>
using Tag = hn::ScalableTag<T>;
template <typename T>
using Vector = hn::Vec<Tag<T>>;
using Words = hn::ScalableTag<std::uint32_t>;
/// Two neighbouring samples as one number.
template <typename T>
using Pairs = hn::ScalableTag<std::conditional_t<sizeof(T) == 2, std::uint32_t, std::uint64_t>>;

template <typename T>
inline constexpr std::size_t kLanes = hn::MaxLanes(Tag<T>());

/// Half of L1: the frames that go through several tiles, or what one piece holds. The other half is
/// for the other side.
inline constexpr std::size_t kBlockBytes = 16'384;

/// Channels of a tile, and its frames for each block of 128 bits of a vector.
template <typename T>
inline constexpr std::size_t kTile = 16 / sizeof(T);

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

/// Permutes lanes of 32 bits.
class Order {
 public:
  Order() = default;
  /// Lane k is taken from lane from(k).
  template <class From>
  HWY_INLINE explicit Order(From from) {
    alignas(64) std::uint32_t table[hn::MaxLanes(Words())];
    for (std::uint32_t k = 0; k < hn::MaxLanes(Words()); ++k) table[k] = from(k);
    indices_ = hn::SetTableIndices(Words(), table);
  }
  template <class V>
  HWY_INLINE V operator()(V v) const {
    const hn::DFromV<V> d;
    return hn::BitCast(d, hn::TableLookupLanes(hn::BitCast(Words(), v), indices_));
  }

 private:
  decltype(hn::SetTableIndices(Words(), static_cast<const std::uint32_t*>(nullptr))) indices_;
};

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

/// Six channels are three pairs. Three blocks of 128 bits hold a few frames, in which pair p of
/// frame f is number 3 f + p: two choices between lanes, which are cheap, bring each pair into a
/// vector of its own, and a table sorts it; and the other way round. For vectors of one block, or
/// of two, which then are of distant frames.
template <typename T>
class SixesInBlocks {
  using Wide = hn::ScalableTag<std::uint64_t>;
  using Bytes = hn::ScalableTag<std::uint8_t>;
  static constexpr std::size_t kFrames = kTile<T> / 2;  // of three blocks
  static constexpr std::size_t kHalf = 3 * kTile<T>;    // samples of three blocks

  /// For each byte of a block, where it comes from.
  struct alignas(16) Places {
    std::uint8_t bytes[16];
  };

 public:
  HWY_INLINE SixesInBlocks() {
    static constexpr Places kSort[] = {places(0, true), places(1, true), places(2, true)};
    static constexpr Places kMix[] = {places(0, false), places(1, false), places(2, false)};
    for (std::size_t pair = 0; pair < 3; ++pair) {
      sort_[pair] = hn::LoadDup128(Bytes(), kSort[pair].bytes);
      mix_[pair] = hn::LoadDup128(Bytes(), kMix[pair].bytes);
    }
  }

  /// Six vectors of frames from `row` on to one of each channel.
  HWY_INLINE void to_planes(const T* row, Vector<T>* v) const {
    hn::Vec<Wide> first[3];
    hn::Vec<Wide> second[3];
    read_pairs(row, first);
    read_pairs(row + kHalf, second);
    const auto put = [&](std::size_t pair) HWY_ATTR {
      v[2 * pair] = hn::BitCast(Tag<T>(), hn::InterleaveLower(Wide(), first[pair], second[pair]));
      v[2 * pair + 1] =
          hn::BitCast(Tag<T>(), hn::InterleaveUpper(Wide(), first[pair], second[pair]));
    };
    put(0), put(1), put(2);
  }

  HWY_INLINE void to_frames(const T* const* planes, std::size_t i, Vector<T>* v) const {
    hn::Vec<Wide> first[3];
    hn::Vec<Wide> second[3];
    const auto take = [&](std::size_t pair) HWY_ATTR {
      const auto left = hn::BitCast(Wide(), hn::LoadU(Tag<T>(), planes[2 * pair] + i));
      const auto right = hn::BitCast(Wide(), hn::LoadU(Tag<T>(), planes[2 * pair + 1] + i));
      first[pair] = hn::InterleaveLower(Wide(), left, right);
      second[pair] = hn::InterleaveUpper(Wide(), left, right);
    };
    take(0), take(1), take(2);
    Vector<T> low[3];
    Vector<T> high[3];
    write_pairs(first, low);
    write_pairs(second, high);
    if constexpr (kLanes<T> == 2 * kTile<T>) {
      transpose_blocks(low[0], low[1]);
      transpose_blocks(low[2], high[0]);
      transpose_blocks(high[1], high[2]);
      v[0] = low[0], v[1] = low[2], v[2] = high[1];
      v[3] = low[1], v[4] = high[0], v[5] = high[2];
    } else {
      v[0] = low[0], v[1] = low[1], v[2] = low[2];
      v[3] = high[0], v[4] = high[1], v[5] = high[2];
    }
  }

 private:
  /// Of the pairs that begin in the lower half of vector k and go on in the upper half of the next.
  static constexpr std::size_t pair_of(std::size_t k) { return sizeof(T) == 2 ? k : (3 - k) % 3; }

  /// From frames as they lie in the vector of a pair to those of its left channel, then those of
  /// its right one; or back.
  static constexpr Places places(std::size_t pair, bool sort) {
    Places result{};
    for (std::size_t i = 0; i < 16; ++i) {
      const std::size_t sample = i / sizeof(T);
      const std::size_t mixed = (3 * (sample % kFrames) + pair) % kFrames * 2 + sample / kFrames;
      const std::size_t to = (sort ? sample : mixed) * sizeof(T) + i % sizeof(T);
      const std::size_t from = (sort ? mixed : sample) * sizeof(T) + i % sizeof(T);
      result.bytes[to] = static_cast<std::uint8_t>(from);
    }
    return result;
  }

  HWY_INLINE static hn::Vec<Wide> order(hn::Vec<Wide> v, hn::Vec<Bytes> by) {
    return hn::BitCast(Wide(), hn::TableLookupBytes(hn::BitCast(Bytes(), v), by));
  }

  HWY_INLINE void read_pairs(const T* from, hn::Vec<Wide>* pairs) const {
    const auto in = [from](std::size_t k) HWY_ATTR {
      return hn::BitCast(Words(), load_blocks(Tag<T>(), from + k * kTile<T>, 2 * kHalf));
    };
    hn::Vec<Words> w[] = {in(0), in(1), in(2)};
    if constexpr (sizeof(T) == 2) {
      const auto first = w[0];
      w[0] = hn::OddEven(w[2], first);
      const auto second = w[1];
      w[1] = hn::OddEven(first, second);
      w[2] = hn::OddEven(second, w[2]);
    }
    const hn::Vec<Wide> x[] = {hn::BitCast(Wide(), w[0]), hn::BitCast(Wide(), w[1]),
                               hn::BitCast(Wide(), w[2])};
    const auto put = [&](std::size_t k) HWY_ATTR {
      pairs[pair_of(k)] = order(hn::OddEven(x[(k + 1) % 3], x[k]), sort_[pair_of(k)]);
    };
    put(0), put(1), put(2);
  }

  HWY_INLINE void write_pairs(const hn::Vec<Wide>* pairs, Vector<T>* blocks) const {
    const auto in = [&](std::size_t k)
                        HWY_ATTR { return order(pairs[pair_of(k)], mix_[pair_of(k)]); };
    const hn::Vec<Wide> x[] = {in(0), in(1), in(2)};
    const auto chosen = [&](std::size_t k) HWY_ATTR {
      return hn::BitCast(Words(), hn::OddEven(x[(k + 2) % 3], x[k]));
    };
    const hn::Vec<Words> w[] = {chosen(0), chosen(1), chosen(2)};
    const auto put = [&](std::size_t k) HWY_ATTR {
      blocks[k] = hn::BitCast(Tag<T>(), sizeof(T) == 2 ? hn::OddEven(w[(k + 1) % 3], w[k]) : w[k]);
    };
    put(0), put(1), put(2);
  }

  hn::Vec<Bytes> sort_[3];
  hn::Vec<Bytes> mix_[3];
};

/// Likewise across longer vectors. Three divides the lanes of no vector: every third pair of three
/// vectors comes from each lane once.
template <typename T>
class SixesAcross {
  using D = Pairs<T>;
  static constexpr std::uint32_t kPairs = hn::MaxLanes(D());

 public:
  HWY_INLINE SixesAcross() {
    const D d;
    alignas(64) hn::TFromD<D> rest[kPairs];
    for (std::uint32_t l = 0; l < kPairs; ++l) rest[l] = l % 3;
    for (std::uint32_t r = 0; r < 3; ++r) thirds_[r] = hn::Eq(hn::Load(d, rest), hn::Set(d, r));
  }

  /// Six vectors of frames from `row` on to one of each channel.
  HWY_INLINE void to_planes(const T* row, Vector<T>* v) const {
    const auto in = [row](std::size_t k) HWY_ATTR {
      return hn::BitCast(D(), hn::LoadU(Tag<T>(), row + k * kLanes<T>));
    };
    const hn::Vec<D> low[] = {in(0), in(1), in(2)};
    const hn::Vec<D> high[] = {in(3), in(4), in(5)};
    pair_to_planes<0>(low, high, v);
    pair_to_planes<1>(low, high, v);
    pair_to_planes<2>(low, high, v);
  }

  HWY_INLINE void to_frames(const T* const* planes, std::size_t i, Vector<T>* v) const {
    hn::Vec<D> low[3];
    hn::Vec<D> high[3];
    planes_to_pair<0>(planes, i, low, high);
    planes_to_pair<1>(planes, i, low, high);
    planes_to_pair<2>(planes, i, low, high);
    const Tag<T> d;
    v[0] = hn::BitCast(d, choose<0>(low[0], low[1], low[2]));
    v[1] = hn::BitCast(d, choose<kPairs>(low[0], low[1], low[2]));
    v[2] = hn::BitCast(d, choose<2 * kPairs>(low[0], low[1], low[2]));
    v[3] = hn::BitCast(d, choose<0>(high[0], high[1], high[2]));
    v[4] = hn::BitCast(d, choose<kPairs>(high[0], high[1], high[2]));
    v[5] = hn::BitCast(d, choose<2 * kPairs>(high[0], high[1], high[2]));
  }

 private:
  /// Lane l is that of a, b or c, if (kFirst + l) % 3 is 0, 1 or 2.
  template <std::uint32_t kFirst>
  HWY_INLINE hn::Vec<D> choose(hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c) const {
    const auto ab = hn::IfThenElse(thirds_[(3 + 1 - kFirst % 3) % 3], b, a);
    return hn::IfThenElse(thirds_[(3 + 2 - kFirst % 3) % 3], c, ab);
  }

  /// Pair p of frame f is number 3 f + p, and lies in a lane of that number modulo kPairs, where 3
  /// has an inverse.
  static constexpr std::uint32_t lane_of(std::uint32_t frame, std::uint32_t pair) {
    return (3 * frame + pair) % kPairs;
  }
  static constexpr std::uint32_t frame_in(std::uint32_t lane, std::uint32_t pair) {
    constexpr std::uint32_t kThird = (kPairs % 3 == 1 ? 2 * kPairs + 1 : kPairs + 1) / 3;
    return kThird * (lane + kPairs - pair) % kPairs;
  }

  template <std::uint32_t kPair>
  HWY_INLINE void pair_to_planes(const hn::Vec<D>* low, const hn::Vec<D>* high,
                                 Vector<T>* v) const {
    // Vector k holds pair p in the lanes l with (k * kPairs + l) % 3 == p.
    constexpr bool kBackwards = kPairs % 3 == 1;
    constexpr std::size_t kLeft = 2 * std::size_t{kPair};
    const auto chosen = [&](const hn::Vec<D>* in) HWY_ATTR {
      return hn::BitCast(Tag<T>(), kBackwards ? choose<3 - kPair>(in[0], in[2], in[1])
                                              : choose<3 - kPair>(in[0], in[1], in[2]));
    };
    const Tag<T> d;
    if constexpr (sizeof(T) == 2) {
      const Order sort([](std::uint32_t k) { return lane_of(k, kPair); });
      const auto first = sort(chosen(low));
      const auto second = sort(chosen(high));
      v[kLeft] = hn::ConcatEven(d, second, first);
      v[kLeft + 1] = hn::ConcatOdd(d, second, first);
    } else {
      const Order left_right(
          [](std::uint32_t k) { return 2 * lane_of(k % kPairs, kPair) + k / kPairs; });
      const Order right_left(
          [](std::uint32_t k) { return 2 * lane_of(k % kPairs, kPair) + 1 - k / kPairs; });
      const auto first = left_right(chosen(low));
      const auto second = right_left(chosen(high));
      v[kLeft] = hn::ConcatUpperLower(d, second, first);
      v[kLeft + 1] = hn::ConcatLowerUpper(d, second, first);
    }
  }

  template <std::uint32_t kPair>
  HWY_INLINE static void planes_to_pair(const T* const* planes, std::size_t i, hn::Vec<D>* low,
                                        hn::Vec<D>* high) {
    const Tag<T> d;
    constexpr std::size_t kLeft = 2 * std::size_t{kPair};
    const auto left = hn::LoadU(d, planes[kLeft] + i);
    const auto right = hn::LoadU(d, planes[kLeft + 1] + i);
    if constexpr (sizeof(T) == 2) {
      const Order scatter([](std::uint32_t k) { return frame_in(k, kPair); });
      const auto a = spread(d, left);
      const auto b = spread(d, right);
      low[kPair] = scatter(hn::BitCast(D(), hn::InterleaveLower(d, a, b)));
      high[kPair] = scatter(hn::BitCast(D(), hn::InterleaveUpper(d, a, b)));
    } else {
      // In an order for which interleaving within blocks of 128 bits scatters.
      const Order scatter([](std::uint32_t k) {
        return frame_in(k / 4 * 2 + k % 2, kPair) + (k % 4 < 2 ? 0 : kPairs);
      });
      const auto a = scatter(left);
      const auto b = scatter(right);
      low[kPair] = hn::BitCast(D(), hn::InterleaveLower(d, a, b));
      high[kPair] = hn::BitCast(D(), hn::InterleaveUpper(d, a, b));
    }
  }

  hn::Mask<D> thirds_[3];
};

template <typename T>
using Sixes = std::conditional_t<kLanes<T> <= 2 * kTile<T>, SixesInBlocks<T>, SixesAcross<T>>;

/// Writes vectors to a run of memory, one after the other: begin(), put(), ..., end(). Positions
/// are in samples, from the begin of the run on.
template <typename T>
class StraightWriter {
 public:
  HWY_INLINE void begin(T* to, Vector<T> first) {
    to_ = to;
    hn::StoreU(first, Tag<T>(), to);
  }
  HWY_INLINE void put(Vector<T> v, std::size_t i) { hn::StoreU(v, Tag<T>(), to_ + i); }
  void end(std::size_t /*i*/) const {}

 private:
  T* to_;
};

/// Whether a vector is a whole cache line.
template <typename T>
inline constexpr bool kFillsLine = kLanes<T> == kLine<T>;

/// Likewise by stores that never meet two cache lines, wherever the run begins: a vector is rotated
/// by as many lanes as it begins behind an aligned place, so that one choice between two gives what
/// lies there. Beyond L1, a store to two lines takes several times as long; of shorter vectors, of
/// which not all meet two, that is less than the rotations.
template <Stores kStores, typename T>
class LineWriter {
 public:
  HWY_INLINE LineWriter() {}  // an implicit one would not be for this target
  HWY_INLINE void begin(T* to, Vector<T> first) {
    const Tag<T> d;
    past_ = reinterpret_cast<std::uintptr_t>(to) / sizeof(T) % kLanes<T>;
    line_ = to - past_;
    halves_ = sizeof(T) == 2 && past_ % 2 == 1;
    const auto words = static_cast<std::uint32_t>(past_ * sizeof(T) / 4);
    const auto by = [](std::uint32_t count) {
      return [count](std::uint32_t k) { return (k + kWords - count) % kWords; };
    };
    rotate_ = Order(by(words));
    rotate_more_ = Order(by((words + 1) % kWords));
    before_ = hn::FirstN(d, past_);
    last_ = rotated(first);
    hn::StoreU(first, d, to);
  }
  HWY_INLINE void put(Vector<T> v, std::size_t i) {
    const Tag<T> d;
    const Vector<T> now = rotated(v);
    const Vector<T> line = hn::IfThenElse(before_, last_, now);
    store<kStores>(line, d, line_ + i);
    last_ = now;
  }
  /// What the last vector has beyond its line.
  HWY_INLINE void end(std::size_t i) const {
    alignas(64) T rest[kLanes<T>];
    hn::Store(last_, Tag<T>(), rest);
    std::copy_n(rest, past_, line_ + i);
  }

 private:
  static constexpr std::uint32_t kWords = hn::MaxLanes(Words());

  HWY_INLINE Vector<T> rotated(Vector<T> v) const {
    if constexpr (sizeof(T) == 2) {
      if (halves_) {
        const Tag<T> d;
        const auto low = hn::ShiftRight<16>(hn::BitCast(Words(), rotate_more_(v)));
        const auto high = hn::ShiftLeft<16>(hn::BitCast(Words(), rotate_(v)));
        return hn::BitCast(d, hn::Or(low, high));
      }
    }
    return rotate_(v);
  }

  T* line_;
  std::size_t past_;  ///< lanes before the begin
  bool halves_;       ///< of words, one more to rotate by
  Order rotate_;
  Order rotate_more_;
  hn::Mask<Tag<T>> before_;
  Vector<T> last_;
};

#endif

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

#include "bench/traffic.h"

#include <cstdint>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/traffic.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_BENCH_TRAFFIC_ONCE
#define REMOTEMEDIA_BENCH_TRAFFIC_ONCE
namespace remotemedia::bench {
namespace {

constexpr std::size_t kLine = 64;

/// How many of the larger side there are to one of the smaller.
std::size_t whole_ratio(std::size_t larger, std::size_t smaller) {
  return (larger + smaller / 2) / smaller;
}

}  // namespace
}  // namespace remotemedia::bench
#endif

#include "dsp/streaming-inl.h"  // again for each target

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

using bench::kLine;

using Tag = hn::CappedTag<std::uint8_t, kLine>;

constexpr std::size_t kLanes = hn::MaxLanes(Tag());

template <Stores kStores, std::size_t... kRead, std::size_t... kWritten>
HWY_INLINE void move_lines(const std::uint8_t* in, std::size_t steps, std::uint8_t* out,
                           std::index_sequence<kRead...>, std::index_sequence<kWritten...>) {
  const Tag tag;
  for (; steps > 0; --steps, in += sizeof...(kRead) * kLine, out += sizeof...(kWritten) * kLine) {
    ask_for<kStores>(in + kAskAhead<std::uint8_t>, sizeof...(kRead) * kLine);
    for (std::size_t lane = 0; lane < kLine; lane += kLanes) {
      auto all = hn::Zero(tag);
      ((all = hn::Xor(all, hn::LoadU(tag, in + kRead * kLine + lane))), ...);
      (store<kStores>(all, tag, out + kWritten * kLine + lane), ...);
    }
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
}

template <std::size_t kReads, std::size_t kWrites>
void move_lines(bench::Traffic traffic, const std::uint8_t* in, std::uint8_t* out) {
  constexpr auto kRead = std::make_index_sequence<kReads>();
  constexpr auto kWritten = std::make_index_sequence<kWrites>();
  const std::size_t steps = traffic.in_bytes / (kReads * kLine);
  if (stores_for(traffic.out_bytes) == Stores::streaming) {
    move_lines<Stores::streaming>(in, steps, out, kRead, kWritten);
  } else {
    move_lines<Stores::cached>(in, steps, out, kRead, kWritten);
  }
}

void move_all(bench::Traffic traffic, const std::uint8_t* in, std::uint8_t* out) {
  if (traffic.out_bytes > traffic.in_bytes) {
    switch (bench::whole_ratio(traffic.out_bytes, traffic.in_bytes)) {
      case 2:
        return move_lines<1, 2>(traffic, in, out);
      default:
        return move_lines<1, 4>(traffic, in, out);
    }
  }
  switch (bench::whole_ratio(traffic.in_bytes, traffic.out_bytes)) {
    case 1:
      return move_lines<1, 1>(traffic, in, out);
    case 2:
      return move_lines<2, 1>(traffic, in, out);
    case 4:
      return move_lines<4, 1>(traffic, in, out);
    case 6:
      return move_lines<6, 1>(traffic, in, out);
    default:
      return move_lines<8, 1>(traffic, in, out);
  }
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {
HWY_EXPORT(move_all);
}  // namespace remotemedia::dsp

namespace remotemedia::bench {

void move(Traffic traffic, const std::byte* in, std::byte* out) {
  using namespace dsp;
  HWY_DYNAMIC_DISPATCH(move_all)
  (traffic, reinterpret_cast<const std::uint8_t*>(in), reinterpret_cast<std::uint8_t*>(out));
}

}  // namespace remotemedia::bench
#endif

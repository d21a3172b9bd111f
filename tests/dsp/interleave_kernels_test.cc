#include "dsp/interleave_kernels.h"

#include "dsp/every_target.h"

#include <gtest/gtest.h>

#include <vector>

namespace remotemedia::dsp {
namespace {

template <typename T>
std::vector<T> numbered(std::size_t count) {
  constexpr std::size_t kNumbers = 32'003;  // a prime, and all of them fit into 16 bits
  std::vector<T> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<T>(i % kNumbers + 1);
  return x;
}

/// To planes that begin `shift` samples after a cache line, each `skew` more than the one before
/// and with a guard behind it, and back.
template <typename T>
void expect_round_trip(std::size_t channels, std::size_t frames, std::size_t shift, Stores stores,
                       std::size_t skew = 0) {
  SCOPED_TRACE(testing::Message() << channels << " channels, " << frames << " frames, " << shift);
  const T guard = -1;
  const std::vector<T> in = numbered<T>(channels * frames);
  const std::size_t stride = (frames + shift + 32) / 32 * 32 + skew;
  test::AlignedVector<T> memory(channels * stride + shift + 32, guard);
  std::vector<T*> out;
  std::vector<const T*> planes;
  for (std::size_t c = 0; c < channels; ++c) {
    out.push_back(memory.data() + c * stride + shift);
    planes.push_back(out.back());
  }
  frames_to_planes<T>(in.data(), frames, out, stores);
  std::size_t untouched = 0;
  for (std::size_t i = 0; i < memory.size(); ++i) untouched += memory[i] == guard ? 1 : 0;
  ASSERT_EQ(untouched, memory.size() - channels * frames);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < frames; ++i) ASSERT_EQ(out[c][i], in[i * channels + c]) << c << i;
  }
  test::AlignedVector<T> back(channels * frames + shift + 32, guard);
  planes_to_frames<T>(planes, frames, back.data() + shift, stores);
  for (std::size_t i = 0; i < back.size(); ++i) {
    const bool inside = i >= shift && i < shift + in.size();
    ASSERT_EQ(back[i], inside ? in[i - shift] : guard) << i;
  }
}

template <typename T>
void expect_all() {
  for (std::size_t channels = 1; channels <= 32; ++channels) {
    for (const std::size_t frames : {0U, 1U, 3U, 4U, 7U, 64U, 131U}) {
      expect_round_trip<T>(channels, frames, 0, Stores::cached);
      expect_round_trip<T>(channels, frames, 1, Stores::streaming);
    }
  }
  for (std::size_t frames = 0; frames <= 140; ++frames) {
    for (const Stores stores : {Stores::cached, Stores::streaming}) {
      expect_round_trip<T>(2, frames, frames % 19, stores);
      expect_round_trip<T>(2, frames, frames % 4 * 2, stores);
      expect_round_trip<T>(3, frames, frames % 19, stores);
    }
  }
  // Several blocks of tiles, and several pieces.
  expect_round_trip<T>(5, 5'003, 0, Stores::cached);
  for (const std::size_t channels : {2U, 3U, 4U, 5U, 6U, 8U, 32U}) {
    for (const Stores stores : {Stores::cached, Stores::streaming}) {
      expect_round_trip<T>(channels, 9'001, 3, stores, 5);
    }
  }
}

class InterleaveKernels : public test::EveryTarget {};

TEST_P(InterleaveKernels, MoveEverySampleToItsPlaceAndBack) {
  expect_all<float>();
  expect_all<std::int16_t>();
  expect_all<std::int32_t>();
}

RUN_ON_EVERY_TARGET(InterleaveKernels);

}  // namespace
}  // namespace remotemedia::dsp

#include "dsp/signals.h"
#include "dsp/silero_models.h"
#include "remotemedia/dsp/energy_vad.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/dsp/silero_vad.h"
#include "remotemedia/dsp/speech_segmenter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace {

std::atomic<int> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);  // read by the same thread only
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Not inline: GCC would then see free() beside an operator new that it has not inlined, and warn.
[[gnu::noinline]] void release(void* memory) noexcept { std::free(memory); }

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { release(memory); }

namespace remotemedia::dsp {
namespace {

TEST(Allocation, IsSeenByTheCounter) {
  const int before = allocations.load(std::memory_order_relaxed);
  const std::vector<int> memory(10);
  EXPECT_GT(allocations.load(std::memory_order_relaxed), before);
}

TEST(Allocation, DoesNotHappenWhileAResamplerRuns) {
  for (const int target_rate : {8'000, 44'100, 16'001}) {
    for (const auto& [quality, mode] : {std::pair(Quality::high, ResamplingMode::live),
                                        std::pair(Quality::high, ResamplingMode::offline),
                                        std::pair(Quality::very_high, ResamplingMode::live)}) {
      Resampler resampler({.rate = 44'100,
                           .target_rate = target_rate,
                           .channels = 2,
                           .quality = quality,
                           .mode = mode});
      const std::vector<float> x = test::noise(5'000, 30);
      std::vector<float> left(6'000);
      std::vector<float> right(6'000);
      const float* in[] = {x.data(), x.data()};
      float* out[] = {left.data(), right.data()};
      const int before = allocations.load(std::memory_order_relaxed);
      for (const std::size_t frames : {1U, 441U, 5'000U}) resampler.process(in, frames, out);
      resampler.flush(out);
      resampler.reset();
      EXPECT_EQ(allocations.load(std::memory_order_relaxed), before);
    }
  }
}

TEST(Allocation, DoesNotHappenWhileAnEnergyVadRuns) {
  EnergyVad vad({});
  const std::vector<float> x = test::noise(5'000, 31);
  std::vector<std::uint8_t> decisions(20);
  std::vector<float> levels(20);
  const int before = allocations.load(std::memory_order_relaxed);
  vad.process(x, decisions);
  vad.levels(x, levels);
  EXPECT_EQ(allocations.load(std::memory_order_relaxed), before);
}

TEST(Allocation, DoesNotHappenWhileASileroVadRuns) {
  const test::RandomSilero silero;
  SileroVad vad(silero.model);
  SileroVad other(silero.model, {.rate = 8'000});
  SpeechSegmenter segmenter({});
  const std::vector<float> x = test::noise(9'000, 32);
  std::vector<float> room(40);
  const int before = allocations.load(std::memory_order_relaxed);
  for (const std::size_t samples : {1U, 441U, 9'000U}) {
    const std::size_t windows = vad.process(std::span(x).first(samples), room);
    for (std::size_t i = 0; i < windows; ++i) segmenter.push(room[i]);
  }
  segmenter.finish();
  SileroVad::Chunk chunks[] = {{&vad, x, std::span(room).first(20)},
                               {&other, std::span(x).first(4'000), std::span(room).last(20)}};
  SileroVad::process_many(chunks);
  vad.flush(room);
  EXPECT_EQ(allocations.load(std::memory_order_relaxed), before);
}

}  // namespace
}  // namespace remotemedia::dsp

#include "media/files.h"
#include "remotemedia/media/audio_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

// Of this program's one thread.
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

void* counted(std::size_t size, std::size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, std::max<std::size_t>(size, 1)) != 0) {
    throw std::bad_alloc();
  }
  live_bytes += malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return memory;
}

void release(void* memory) noexcept {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  release(memory);
}

namespace remotemedia::media {
namespace {

/// Most memory in use while `action` runs, over what was in use before.
template <typename Action>
std::size_t peak_of(Action action) {
  const std::size_t before = live_bytes;
  peak_bytes = before;
  action();
  return peak_bytes - before;
}

TEST(Memory, OfAReaderDoesNotDependOnTheLengthOfTheFile) {
  const test::TemporaryFolder folder;
  const auto read = [&](std::uint32_t seconds) {
    const test::Pcm16 pcm = {.frames = 0, .promised_bytes = std::uint64_t{seconds} * 32'000};
    const auto path = folder.with("x.wav", test::wav(pcm));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + pcm.promised_bytes);
    return peak_of([&] {
      AudioReader reader(path);
      std::size_t frames = 0;
      while (const std::size_t got = reader.read(1'600).frames()) frames += got;
      EXPECT_EQ(frames, std::size_t{seconds} * 16'000);
    });
  };
  const std::size_t short_peak = read(1);
  EXPECT_GT(short_peak, 1'600 * sizeof(float));
  EXPECT_LT(short_peak, 200'000U);
  EXPECT_LT(read(1'000), short_peak + 10'000);
}

TEST(Memory, OfAWriterDoesNotDependOnTheLengthOfTheFile) {
  const test::TemporaryFolder folder;
  const AudioBuffer block = test::tones(16'000, 1, 1'600);
  const auto write = [&](int blocks) {
    return peak_of([&] {
      AudioWriter writer(folder / "x.wav", 16'000, 1, SampleFormat::f32);
      for (int i = 0; i < blocks; ++i) writer.write(block);
      writer.close();
    });
  };
  const std::size_t short_peak = write(10);
  EXPECT_GT(short_peak, 1'600 * sizeof(float));
  EXPECT_LT(short_peak, 200'000U);
  EXPECT_LT(write(1'000), short_peak + 10'000);
}

TEST(Memory, IsNotTakenOnTheWordOfAHeader) {
  const test::TemporaryFolder folder;
  const test::Pcm16 pcm = {.frames = 100, .promised_bytes = 0x70000000U};
  const auto path = folder.with("x.wav", test::wav(pcm));
  EXPECT_LT(peak_of([&] { EXPECT_ANY_THROW(read_audio(path)); }), 64'000'000U);
}

}  // namespace
}  // namespace remotemedia::media

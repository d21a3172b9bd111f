// Any file either gives an error of ours or as many frames as it says.

#include "fuzz/expect.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/media/audio_file.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace remotemedia::fuzz {
namespace {

// A few bytes of flac can stand for hours of silence; this bounds the work on one input.
constexpr std::uint64_t kMostSamples = 1U << 22U;
constexpr std::size_t kBlock = 1'000;

/// A file without a name.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size)
      : descriptor_(::memfd_create("audio", MFD_CLOEXEC)) {
    const bool written = ::write(descriptor_, data, size) == static_cast<ssize_t>(size);
    expect(written, "the fuzzer can write its input");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::filesystem::path path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

 private:
  int descriptor_;
};

void check(const std::filesystem::path& path) {
  media::AudioReader reader(path);
  const media::AudioFileInfo& info = reader.info();
  expect(info.rate >= kMinRate && info.rate <= kMaxRate, "the rate is in range");
  expect(info.channels >= 1 && info.channels <= kMaxChannels, "the channels are in range");
  std::uint64_t frames = 0;
  while (frames * static_cast<std::uint64_t>(info.channels) < kMostSamples) {
    const AudioBuffer block = reader.read(kBlock);
    expect(block.frames() <= kBlock && block.channels() == info.channels &&
               block.rate() == info.rate && block.format() == SampleFormat::f32,
           "a block is what the file's head says");
    if (block.empty()) {
      expect(reader.read(kBlock).empty(), "after the end nothing comes");
      const bool estimated = info.container == "mp3" || info.frames == 0;
      expect(estimated || frames == info.frames, "a file is as long as it says, or damaged");
      return;
    }
    frames += block.frames();
  }
}

}  // namespace
}  // namespace remotemedia::fuzz

// On a damaged head libsndfile forgets a few kilobytes that its codecs had taken. Leaks of ours are
// still found.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libsndfile\nleak:libvorbis\nleak:libogg\nleak:libFLAC\nleak:libopus\nleak:"
         "libmpg123\n";
}

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  remotemedia::set_log_level(remotemedia::LogLevel::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const remotemedia::fuzz::MemoryFile file(data, size);
  try {
    remotemedia::fuzz::check(file.path());
  } catch (const remotemedia::Error&) {
    // Refused, as most inputs are.
  }
  return 0;
}

#pragma once

#include <cstdint>
#include <filesystem>

namespace remotemedia::media {

/// What a file's own header says about how much audio follows.
struct FileLayout {
  std::uint64_t offset = 0;  ///< where the audio data begin
  std::uint64_t bytes = 0;   ///< how many there should be; 0 if the header leaves it open
  /// Where a wav written to a pipe has a size of 0 that libsndfile would believe; 0 for other
  /// files.
  std::uint64_t zero_size_at = 0;
  bool big_endian = false;  ///< byte order of that size
  /// Ogg only: the last page is not marked as the last one.
  bool end_mark_missing = false;
};

/// Of wav (RIFF, RIFX, RF64), aiff, au, w64, mp3 with a Xing or Info header, and of the last page
/// of ogg. libsndfile reads a file that ends too early as a shorter one, so the promise is read
/// here.
FileLayout file_layout(const std::filesystem::path& path);

}  // namespace remotemedia::media

#pragma once

#include <cstdint>
#include <filesystem>

namespace remotemedia::media {

/// What a file says about how much audio follows.
struct FileLayout {
  std::uint64_t offset = 0;  ///< where the audio data begin
  std::uint64_t bytes = 0;   ///< how many there should be; 0 if the header leaves it open
  /// Where a wav that was written to a pipe has a size that stands for "until the end", which
  /// libsndfile would believe; 0 for other files.
  std::uint64_t open_size_at = 0;
  bool big_endian = false;  ///< byte order of that size
  /// Ogg only: the last page is not marked as the last one.
  bool end_mark_missing = false;
  bool may_be_mpeg = false;  ///< .mp3, or nothing known here
  /// MPEG audio only: where the tags at the end of the file begin; 0 if there are none.
  std::uint64_t tags_at = 0;
};

/// Of wav (RIFF, RIFX, RF64), aiff, au, w64, mp3 with a Xing or Info header, and of the last page
/// of ogg. libsndfile reads a file that ends too early as a shorter one, so the promise is read
/// here.
FileLayout file_layout(const std::filesystem::path& path);

}  // namespace remotemedia::media

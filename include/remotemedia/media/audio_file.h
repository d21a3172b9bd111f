#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia::media {

struct AudioFileInfo {
  int rate = 0;
  int channels = 0;
  std::uint64_t frames = 0;  ///< 0 if the container does not say
  std::string container;     ///< "wav", "flac", "ogg", "mp3", ...
  std::string codec;         ///< "pcm_16", "vorbis", "opus", ...
};

/// Reads an audio file in blocks, as planar float32. wav, flac, ogg (vorbis, opus), mp3, aiff, au,
/// w64.
class AudioReader {
 public:
  /// I/O error if the file is missing, unreadable, no audio, or outside the limits of base/check.h.
  explicit AudioReader(const std::filesystem::path& path);
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;

  [[nodiscard]] const AudioFileInfo& info() const;
  /// The next `frames` frames, fewer at the end, 0 frames after it. I/O error if the data are
  /// damaged or end before the frames that the header promises (truncated file), naming the frame
  /// reached.
  AudioBuffer read(std::size_t frames);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes an audio file under a temporary name beside `path` and gives it its name in close().
/// Without close() nothing is left behind. The kind comes from the suffix: .wav, .flac, .ogg
/// (vorbis), .opus, .mp3.
class AudioWriter {
 public:
  /// wav keeps the sample format (i16, i32 as PCM, f32 as float); flac stores f32 and i32 as 24
  /// bits; ogg, opus and mp3 are lossy. I/O error if the suffix is unknown, the folder is not
  /// writable, or the kind cannot hold the rate or the channels (opus: 8, 12, 16, 24 or 48 kHz; ogg
  /// with 6 and opus with 6 to 8 channels would keep only the bass of the last).
  AudioWriter(const std::filesystem::path& path, int rate, int channels, SampleFormat format);
  ~AudioWriter();
  AudioWriter(AudioWriter&&) noexcept;
  AudioWriter& operator=(AudioWriter&&) noexcept;

  /// Rate, channels and format must be those of the constructor.
  void write(const AudioBuffer& audio);
  [[nodiscard]] std::uint64_t frames_written() const;
  /// Completes the file and renames it to its final name.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// I/O error if AudioWriter could not write there whatever the audio: unknown suffix, folder
/// missing or not writable. Found out before any work is done; leaves nothing behind.
void check_output_path(const std::filesystem::path& path);

/// Suffixes that AudioWriter knows, with the dot, sorted.
const std::vector<std::string>& writable_suffixes();

/// Kinds of file that AudioReader reads with the libsndfile found here, sorted; "ogg" stands for
/// vorbis, opus has its own name.
std::vector<std::string> readable_kinds();
/// Name and version of the library that codes the files, e.g. "libsndfile-1.2.0".
std::string sound_library();

/// A whole file. The length is bounded by memory only.
AudioBuffer read_audio(const std::filesystem::path& path);
void write_audio(const std::filesystem::path& path, const AudioBuffer& audio);

}  // namespace remotemedia::media

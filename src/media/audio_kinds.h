#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <filesystem>
#include <string>
#include <vector>

namespace remotemedia::media {

/// What is passed to libsndfile for a kind of file and the audio's own format.
enum class Encoding {
  same,     ///< the samples as they are
  int24,    ///< 24 bits, in the upper bits of an int32
  clamped,  ///< float32, finite and within [-1, 1], for lossy encoders
};

/// One kind of file that AudioWriter writes.
struct AudioKind {
  std::string suffix;
  int container;  ///< libsndfile's number
  int max_channels;
  bool can_be_empty;       ///< whether libsndfile makes a valid file of no frames
  std::vector<int> rates;  ///< that it can hold; empty: all of ours
  /// Channel counts whose last channel the encoder takes for one of low frequencies only.
  std::vector<int> bass_counts;

  /// libsndfile's number of container and codec.
  [[nodiscard]] int format_for(SampleFormat format) const;
  [[nodiscard]] Encoding encoding_for(SampleFormat format) const;
};

/// All kinds, sorted by suffix.
const std::vector<AudioKind>& audio_kinds();
/// The kind for a path's suffix; I/O error if it is unknown or cannot hold the rate or the
/// channels.
const AudioKind& require_audio_kind(const std::filesystem::path& path, int rate, int channels);

}  // namespace remotemedia::media

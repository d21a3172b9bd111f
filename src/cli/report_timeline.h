#pragma once

#include "cli/report_envelope.h"
#include "cli/report_spectrogram.h"
#include "remotemedia/base/audio_buffer.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace remotemedia::cli::report {

/// What the page shows of one stream of audio over time: an envelope for each of up to two
/// channels, or for the mix of more, and the spectrogram of the mix.
class Timeline {
 public:
  /// Blocks of another rate or channel count than the first one are left out.
  void add(const AudioBuffer& block);

  [[nodiscard]] bool empty() const { return frames_ == 0; }
  [[nodiscard]] double duration_s() const {
    return rate_ > 0 ? static_cast<double>(frames_) / rate_ : 0.0;
  }
  [[nodiscard]] int rate() const { return rate_; }
  [[nodiscard]] int channels() const { return channels_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  /// Largest absolute sample of all channels, full scale 1.
  [[nodiscard]] float peak() const { return peak_; }
  /// One per channel for mono and stereo, else one of the mix.
  [[nodiscard]] const std::vector<Envelope>& lanes() const { return lanes_; }
  [[nodiscard]] const std::optional<Spectrogram>& spectrogram() const { return spectrogram_; }

 private:
  void start(const AudioBuffer& block);
  void add_piece(const AudioBuffer& piece);

  int rate_ = 0;
  int channels_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t blocks_ = 0;
  float peak_ = 0.0F;
  std::vector<Envelope> lanes_;
  std::optional<Spectrogram> spectrogram_;
  std::vector<float> channel_;  ///< scratch
  std::vector<float> mix_;      ///< scratch
};

/// A channel at full scale 1; what is no number is 0.
void read_channel(const AudioBuffer& audio, int channel, std::vector<float>& out);
/// Largest absolute sample.
float peak_of(std::span<const float> samples);

}  // namespace remotemedia::cli::report

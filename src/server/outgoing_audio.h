#pragma once

#include "remotemedia/base/audio_buffer.h"
#include "remotemedia/dsp/resampler.h"

#include <optional>
#include <span>
#include <vector>

namespace remotemedia::server {

/// Brings what a graph gives to the form in which it is sent: mono, f32, at one rate. A change of
/// rate or channels flushes and goes on.
class OutgoingAudio {
 public:
  explicit OutgoingAudio(int rate) : rate_(rate) {}

  /// Valid until the next call, and as long as `audio` if that has the form already. `ends` gives
  /// what the resampler holds back, too.
  std::span<const float> convert(const AudioBuffer& audio, bool ends);
  /// Forgets what is held back.
  void reset() { resampler_.reset(); }

 private:
  void resample(const AudioBuffer& audio);
  void finish();

  int rate_;
  std::optional<dsp::Resampler> resampler_;
  std::vector<float> samples_;
};

}  // namespace remotemedia::server

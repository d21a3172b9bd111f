#include "server/outgoing_audio.h"

#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/format.h"

#include <algorithm>

namespace remotemedia::server {

std::span<const float> OutgoingAudio::convert(const AudioBuffer& audio, bool ends) {
  const bool is_ready =
      audio.rate() == rate_ && audio.channels() == 1 && audio.format() == SampleFormat::f32;
  if (is_ready && !resampler_) return audio.channel<float>(0);
  samples_.clear();
  if (audio.rate() == rate_) {
    finish();
    const AudioBuffer mono = dsp::to_mono(audio);
    const auto samples = mono.channel<float>(0);
    samples_.insert(samples_.end(), samples.begin(), samples.end());
  } else {
    resample(audio);
  }
  if (ends) finish();
  return samples_;
}

void OutgoingAudio::resample(const AudioBuffer& audio) {
  if (resampler_ && resampler_->config().rate != audio.rate()) finish();
  if (!resampler_) {
    // What Opus leaves of it is well below this quality.
    resampler_.emplace(dsp::Resampler::Config{
        .rate = audio.rate(), .target_rate = rate_, .quality = dsp::Quality::medium});
  }
  const AudioBuffer mono = dsp::to_mono(audio);
  const float* in = mono.channel<float>(0).data();
  const std::size_t before = samples_.size();
  samples_.resize(before + resampler_->max_output_frames(mono.frames()));
  float* out = samples_.data() + before;
  samples_.resize(before + resampler_->process(std::span(&in, 1), mono.frames(), {&out, 1}));
}

void OutgoingAudio::finish() {
  if (!resampler_) return;
  const std::size_t before = samples_.size();
  samples_.resize(before + resampler_->max_flush_frames());
  float* out = samples_.data() + before;
  samples_.resize(before + resampler_->flush({&out, 1}));
  resampler_.reset();
}

}  // namespace remotemedia::server

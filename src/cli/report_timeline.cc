#include "cli/report_timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace remotemedia::cli::report {
namespace {

template <typename Sample>
void read_as(const AudioBuffer& audio, int channel, std::span<float> out) {
  constexpr float kScale = std::is_integral_v<Sample>
                               ? -1.0F / static_cast<float>(std::numeric_limits<Sample>::min())
                               : 1.0F;
  const std::span<const Sample> samples = audio.channel<Sample>(channel);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(samples[i]) * kScale;
  }
}

}  // namespace

void read_channel(const AudioBuffer& audio, int channel, std::vector<float>& out) {
  out.resize(audio.frames());
  switch (audio.format()) {
    case SampleFormat::f32:
      read_as<float>(audio, channel, out);
      for (float& sample : out) sample = std::isfinite(sample) ? sample : 0.0F;
      break;
    case SampleFormat::i16:
      read_as<std::int16_t>(audio, channel, out);
      break;
    case SampleFormat::i32:
      read_as<std::int32_t>(audio, channel, out);
      break;
  }
}

float peak_of(std::span<const float> samples) {
  float peak = 0.0F;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  return peak;
}

void Timeline::start(const AudioBuffer& block) {
  rate_ = block.rate();
  channels_ = block.channels();
  lanes_.resize(channels_ == 2 ? 2 : 1);
  spectrogram_.emplace(rate_);
}

void Timeline::add(const AudioBuffer& block) {
  if (rate_ == 0 && block.rate() > 0 && block.channels() > 0) start(block);
  if (block.rate() != rate_ || block.channels() != channels_) return;
  ++blocks_;
  constexpr std::size_t kPiece = 4096;  // stays in the first cache
  for (std::size_t offset = 0; offset < block.frames(); offset += kPiece) {
    add_piece(block.slice(offset, kPiece));
  }
}

void Timeline::add_piece(const AudioBuffer& piece) {
  mix_.assign(piece.frames(), 0.0F);
  for (int channel = 0; channel < channels_; ++channel) {
    read_channel(piece, channel, channel_);
    peak_ = std::max(peak_, peak_of(channel_));
    if (channels_ == 2) lanes_[static_cast<std::size_t>(channel)].add(channel_);
    for (std::size_t i = 0; i < mix_.size(); ++i) {
      mix_[i] += channel_[i] / static_cast<float>(channels_);
    }
  }
  if (channels_ != 2) lanes_.front().add(mix_);
  spectrogram_->add(mix_);
  frames_ += piece.frames();
}

}  // namespace remotemedia::cli::report

#include "nodes/stream_resampler.h"

#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"

#include <array>
#include <span>
#include <utility>

namespace remotemedia::nodes {
namespace {

constexpr auto kMost = static_cast<std::size_t>(kMaxChannels);

/// Pointers to the channels of a buffer, on the stack.
struct InputPlanes {
  explicit InputPlanes(const AudioBuffer& audio)
      : count(static_cast<std::size_t>(audio.channels())) {
    for (std::size_t c = 0; c < count; ++c)
      planes[c] = audio.channel<float>(static_cast<int>(c)).data();
  }
  [[nodiscard]] std::span<const float* const> span() const { return {planes.data(), count}; }
  std::array<const float*, kMost> planes{};
  std::size_t count;
};

struct OutputPlanes {
  explicit OutputPlanes(AudioBuffer& audio) : count(static_cast<std::size_t>(audio.channels())) {
    for (std::size_t c = 0; c < count; ++c) {
      planes[c] = audio.mutable_channel<float>(static_cast<int>(c)).data();
    }
  }
  [[nodiscard]] std::span<float* const> span() const { return {planes.data(), count}; }
  std::array<float*, kMost> planes{};
  std::size_t count;
};

}  // namespace

void StreamResampler::start(const AudioBuffer& audio) {
  resampler_.emplace(dsp::Resampler::Config{.rate = audio.rate(),
                                            .target_rate = config_.target_rate,
                                            .channels = audio.channels(),
                                            .quality = config_.quality,
                                            .mono = config_.mono});
}

void StreamResampler::process(const Packet& packet, Emitter& out) {
  const AudioBuffer audio = dsp::convert_format(require_audio(packet), SampleFormat::f32).audio;
  if (resampler_ && (resampler_->config().rate != audio.rate() ||
                     resampler_->config().channels != audio.channels())) {
    flush(out);
  }
  if (!resampler_) start(audio);
  ++received_packets_;
  envelope_ = packet.with({});
  one_dimensional_ = audio.one_dimensional;
  if (audio.rate() == config_.target_rate && resampler_->output_channels() == audio.channels()) {
    emit(audio, out);
    return;
  }
  AudioBuffer result =
      AudioBuffer::allocate(SampleFormat::f32, resampler_->output_channels(),
                            resampler_->max_output_frames(audio.frames()), config_.target_rate);
  const OutputPlanes planes(result);
  result.truncate(resampler_->process(InputPlanes(audio).span(), audio.frames(), planes.span()));
  if (!result.empty()) emit(std::move(result), out);
}

void StreamResampler::flush(Emitter& out) {
  if (!resampler_) return;
  AudioBuffer rest = AudioBuffer::allocate(SampleFormat::f32, resampler_->output_channels(),
                                           resampler_->max_flush_frames(), config_.target_rate);
  const OutputPlanes planes(rest);
  rest.truncate(resampler_->flush(planes.span()));
  // An empty clip gives an empty clip, not nothing.
  if (!rest.empty() || (received_packets_ > 0 && emitted_packets_ == 0)) emit(std::move(rest), out);
  resampler_.reset();
}

void StreamResampler::emit(AudioBuffer audio, Emitter& out) {
  Packet packet = envelope_;
  packet.timestamp = frame_time(emitted_frames_, config_.target_rate);
  emitted_frames_ += audio.frames();
  ++emitted_packets_;
  if (finish_) audio = finish_(audio);
  audio.one_dimensional = one_dimensional_ && audio.channels() == 1;
  packet.payload = std::move(audio);
  out.emit(std::move(packet));
}

}  // namespace remotemedia::nodes

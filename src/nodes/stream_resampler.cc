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
  void advance(std::size_t frames) {
    for (std::size_t c = 0; c < count; ++c) planes[c] += frames;
  }
  std::array<float*, kMost> planes{};
  std::size_t count;
};

}  // namespace

void StreamResampler::start(const AudioBuffer& audio) {
  resampler_.emplace(dsp::Resampler::Config{.rate = audio.rate(),
                                            .target_rate = config_.target_rate,
                                            .channels = audio.channels(),
                                            .quality = config_.quality,
                                            .mono = config_.mono,
                                            .mode = config_.mode});
}

void StreamResampler::process(Packet packet, Emitter& out) {
  const AudioBuffer audio = dsp::convert_format(require_audio(packet), SampleFormat::f32).audio;
  if (resampler_ && (resampler_->config().rate != audio.rate() ||
                     resampler_->config().channels != audio.channels())) {
    emit_rest(out);
    resampler_.reset();
  }
  if (!resampler_) start(audio);
  const bool ends_clip = packet.ends_clip;
  const bool unchanged =
      audio.rate() == config_.target_rate && resampler_->output_channels() == audio.channels();
  one_dimensional_ = audio.one_dimensional;
  received_ = true;
  if (unchanged && !metadata_waits_ && (!audio.empty() || ends_clip)) {
    emit(std::move(packet), audio, out);
  } else {
    AudioBuffer result = unchanged ? audio : resampled(audio, ends_clip);
    keep(std::move(packet));
    if (!result.empty() || ends_clip) emit(std::move(result), out);
  }
  if (ends_clip) start_clip();
}

/// Until there is audio to leave with.
void StreamResampler::keep(Packet packet) {
  waiting_.add(packet.metadata);
  metadata_waits_ = true;
  last_metadata_ = std::exchange(packet.metadata, {});
  packet.payload = {};
  envelope_ = std::move(packet);
}

void StreamResampler::flush(Emitter& out) {
  if (resampler_) emit_rest(out);
  start_clip();
}

AudioBuffer StreamResampler::resampled(const AudioBuffer& audio, bool to_the_end) {
  // What waits for the right half of its filter at the end of the clip comes as if that had
  // arrived.
  const std::size_t awaited = to_the_end ? resampler_->latency_frames() : 0;
  AudioBuffer result = AudioBuffer::allocate_unset(
      SampleFormat::f32, resampler_->output_channels(),
      resampler_->max_output_frames(audio.frames() + awaited), config_.target_rate);
  OutputPlanes planes(result);
  std::size_t written =
      resampler_->process(InputPlanes(audio).span(), audio.frames(), planes.span());
  if (to_the_end) {
    planes.advance(written);
    written += resampler_->flush(planes.span());
  }
  result.truncate(written);
  return result;
}

void StreamResampler::emit_rest(Emitter& out) {
  AudioBuffer rest =
      AudioBuffer::allocate_unset(SampleFormat::f32, resampler_->output_channels(),
                                  resampler_->max_flush_frames(), config_.target_rate);
  resampler_->flush(OutputPlanes(rest).span());
  // An empty clip gives an empty clip, not nothing.
  if (!rest.empty() || (received_ && !emitted_)) emit(std::move(rest), out);
}

void StreamResampler::emit(AudioBuffer audio, Emitter& out) {
  Packet packet = envelope_;
  packet.metadata = metadata_waits_ ? waiting_.take() : waiting_.continued(last_metadata_);
  metadata_waits_ = false;
  emit(std::move(packet), std::move(audio), out);
}

void StreamResampler::emit(Packet packet, AudioBuffer audio, Emitter& out) {
  packet.timestamp = frame_time(emitted_frames_, config_.target_rate);
  emitted_frames_ += audio.frames();
  emitted_ = true;
  if (finish_) audio = finish_(audio);
  audio.one_dimensional = one_dimensional_ && audio.channels() == 1;
  packet.payload = std::move(audio);
  out.emit(std::move(packet));
}

void StreamResampler::start_clip() {
  received_ = false;
  emitted_ = false;
  emitted_frames_ = 0;
}

}  // namespace remotemedia::nodes

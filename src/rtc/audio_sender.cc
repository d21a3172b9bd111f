#include "rtc/audio_sender.h"

#include "remotemedia/base/check.h"
#include "rtc/crypto.h"
#include "rtc/opus_rate.h"
#include "rtc/power.h"

#include <algorithm>
#include <cmath>
#include <opus.h>
#include <utility>

namespace remotemedia::rtc {
namespace {

constexpr Time kMaxSendStall = std::chrono::milliseconds(60);
// A packet goes out so long after its first samples came: a source that is in step with time but
// for this is never short of a frame.
constexpr Time kLead = std::chrono::milliseconds(5);
// Less than a frame waits for the rest of it in steps of kLead, for one frame's time.
constexpr int kPartWaits = AudioSender::kFrame / kLead;
// A session that gives back what it hears needs no more; the queue grows where speech is made.
constexpr std::size_t kFramesAtFirst = 8;
constexpr double kLossMemory = 0.8;  // a report; they come every second
// What is below this, in dB below full scale, is not sent after a fifth of a second. Opus has a
// rule of its own (DTX), which takes steady tones for noise.
constexpr std::uint8_t kSilenceLevel = 75;
constexpr int kSentSilence = 10;
constexpr std::int64_t kTimestampsPerFrame = 960;
constexpr int kLeastBitrate = 6'000;

std::uint8_t level_of(std::span<const float> samples) {
  const double power = power_of(samples);
  if (power < 1e-12) return 127;
  return static_cast<std::uint8_t>(std::clamp(std::lround(-10 * std::log10(power)), 0L, 127L));
}

float in_range(float sample) {
  return std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
}

void check_settings(const AudioSender::Settings& settings) {
  check_opus_rate("AudioSender: rate", settings.rate);
  if (settings.bitrate < kLeastBitrate || settings.bitrate > 128'000) {
    refuse("AudioSender: bitrate", settings.bitrate, "6000..128000 bit/s");
  }
  if (settings.complexity < 0 || settings.complexity > 10) {
    refuse("AudioSender: complexity", settings.complexity, "0..10");
  }
  if (settings.capacity < 2 * AudioSender::kFrame || settings.capacity > std::chrono::seconds(60)) {
    refuse("AudioSender: capacity", remotemedia::seconds(settings.capacity), "0.04..60 s");
  }
}

}  // namespace

void AudioSender::Free::operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }

AudioSender::AudioSender(const Settings& settings)
    : settings_(settings), first_timestamp_(random_u32()) {
  check_settings(settings);
  int error = 0;
  encoder_.reset(opus_encoder_create(settings.rate, 1, OPUS_APPLICATION_VOIP, &error));
  if (error != OPUS_OK) refuse("an Opus encoder", opus_strerror(error), "one that works");
  opus_encoder_ctl(encoder_.get(), OPUS_SET_COMPLEXITY(settings.complexity));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(1));
  set_most_bitrate(0);
  most_ = static_cast<std::size_t>(settings.capacity.count() / 1'000 * settings.rate / 1'000'000);
  ring_.resize(kFramesAtFirst * frame_size());
}

AudioSender::~AudioSender() = default;

std::size_t AudioSender::push(std::span<const float> samples, Time now) {
  const std::size_t count = std::min(samples.size(), most_ - count_);
  if (count_ + count > ring_.size()) grow(count_ + count);
  const std::size_t at = (first_ + count_) % ring_.size();
  const std::size_t to_end = std::min(count, ring_.size() - at);
  std::ranges::transform(samples.first(to_end), ring_.begin() + static_cast<std::ptrdiff_t>(at),
                         in_range);
  std::ranges::transform(samples.subspan(to_end, count - to_end), ring_.begin(), in_range);
  count_ += count;
  if (next_tick_ == Time::max() && count_ > 0) {
    if (!epoch_) epoch_ = now;
    next_tick_ = now + kLead;
  }
  return count;
}

void AudioSender::grow(std::size_t count) {
  std::vector<float> larger(std::min(std::max(count, 2 * ring_.size()), most_));
  for (std::size_t i = 0; i < count_; ++i) larger[i] = ring_[(first_ + i) % ring_.size()];
  ring_ = std::move(larger);
  first_ = 0;
}

void AudioSender::cancel() {
  count_ = 0;
  part_waits_ = 0;
}

/// Moves a frame out of the queue; what is left of a last one is filled up.
void AudioSender::take_frame() {
  const std::size_t size = frame_size();
  const std::size_t taken = std::min(size, count_);
  const std::size_t to_end = std::min(taken, ring_.size() - first_);
  const auto rest =
      std::copy_n(ring_.begin() + static_cast<std::ptrdiff_t>(first_), to_end, frame_.begin());
  std::copy_n(ring_.begin(), taken - to_end, rest);
  first_ = (first_ + taken) % ring_.size();
  count_ -= taken;
  std::fill(frame_.begin() + static_cast<std::ptrdiff_t>(taken),
            frame_.begin() + static_cast<std::ptrdiff_t>(size), 0.0F);
}

std::optional<AudioSender::Packet> AudioSender::next_packet(Time now) {
  while (now >= next_tick_) {
    // Who comes late by much leaves a gap in time instead of sending all at once.
    while (now - next_tick_ > kMaxSendStall) next_tick_ += kFrame;
    const Time at = next_tick_;
    if (count_ == 0) {
      next_tick_ = Time::max();
      marker_ = true;
      part_waits_ = 0;
      return std::nullopt;
    }
    if (count_ < frame_size() && part_waits_ < kPartWaits) {
      ++part_waits_;
      next_tick_ += kLead;
      marker_ = true;
      continue;
    }
    part_waits_ = 0;
    next_tick_ += kFrame;
    take_frame();
    if (auto packet = encode(at)) return packet;
  }
  return std::nullopt;
}

std::optional<AudioSender::Packet> AudioSender::encode(Time at) {
  const std::span<const float> frame = std::span(frame_).first(frame_size());
  const std::uint8_t level = level_of(frame);
  silent_frames_ = level < kSilenceLevel ? 0 : silent_frames_ + 1;
  if (silent_frames_ > kSentSilence) {
    silent_frames_ = kSentSilence;
    marker_ = true;
    return std::nullopt;
  }
  const int size = opus_encode_float(encoder_.get(), frame.data(), static_cast<int>(frame.size()),
                                     payload_.data(), static_cast<opus_int32>(payload_.size()));
  if (size <= 0) return std::nullopt;
  const Packet packet{Bytes(payload_).first(static_cast<std::size_t>(size)), timestamp_at(at),
                      marker_, level};
  marker_ = false;
  return packet;
}

AudioSender::Packet AudioSender::stamp(Bytes opus, std::uint8_t level, Time at) {
  if (!epoch_) epoch_ = at;
  return {opus, timestamp_at(at), std::exchange(marker_, false), level};
}

void AudioSender::set_loss(double share) {
  loss_ = std::max(share, kLossMemory * loss_);
  const int percent = std::clamp(static_cast<int>(std::lround(loss_ * 100)), 0, 40);
  if (percent == loss_percent_) return;
  loss_percent_ = percent;
  opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(percent));
  choose_coder();
}

void AudioSender::set_most_bitrate(int bitrate) {
  bitrate_ = settings_.bitrate;
  if (bitrate > 0) bitrate_ = std::clamp(bitrate, kLeastBitrate, bitrate_);
  opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(bitrate_));
  choose_coder();
}

/// Opus transforms voice from 64 kbit/s on by itself, but for telephony, where it prefers to
/// predict for the sake of FEC. Calling the signal music is the public way to choose.
void AudioSender::choose_coder() {
  const bool transform = loss_percent_ == 0 && bitrate_ >= kTransformBitrate;
  opus_encoder_ctl(encoder_.get(),
                   OPUS_SET_SIGNAL(transform ? OPUS_SIGNAL_MUSIC : OPUS_SIGNAL_VOICE));
}

std::uint32_t AudioSender::timestamp_at(Time now) const {
  if (!epoch_) return first_timestamp_;
  const std::int64_t passed = (now - *epoch_).count() * kTimestampsPerFrame / kFrame.count();
  return first_timestamp_ + static_cast<std::uint32_t>(passed);
}

}  // namespace remotemedia::rtc

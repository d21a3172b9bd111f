#include "rtc/audio_receiver.h"

#include "remotemedia/base/check.h"
#include "rtc/opus_rate.h"
#include "rtc/power.h"
#include "rtc/rtp.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <opus.h>
#include <utility>

namespace remotemedia::rtc {
namespace {

constexpr std::int64_t kClock = 48'000;
constexpr std::int64_t kTickNs = 1'000'000'000;
// A stream that jumps by more has begun anew.
constexpr std::int64_t kMaxSequenceJump = 3'000;
constexpr std::int64_t kMaxTimestampJump = std::int64_t{3'600} * kClock;
constexpr std::size_t kDtxPayload = 2;
constexpr float kQuietPower = 1e-5F;  // -50 dB
// What the wait may exceed its target by, before two frames become one.
constexpr Time kQuietSlack = std::chrono::milliseconds(30);
constexpr Time kLoudSlack = std::chrono::milliseconds(80);
constexpr int kLoudPause = 10;  // frames between two that are joined in speech
constexpr Time kMaxStall = std::chrono::milliseconds(200);
constexpr int kShortestFrame = 400;  // of Opus, per second: 2.5 ms

Time time_of(std::int64_t timestamp) { return Time(timestamp * kTickNs / kClock); }

}  // namespace

void AudioReceiver::Free::operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }

AudioReceiver::AudioReceiver(int rate) : rate_(rate) {
  check_opus_rate("AudioReceiver: rate", rate);
  int error = 0;
  decoder_.reset(opus_decoder_create(rate, 1, &error));
  if (error != OPUS_OK) refuse("an Opus decoder", opus_strerror(error), "one that works");
}

AudioReceiver::~AudioReceiver() = default;

void AudioReceiver::restart() {
  begun_ = false;
  buffer_.clear();
  delay_ = {};
  decoded_at_ = decoded_end_ = 0;
  opus_decoder_ctl(decoder_.get(), OPUS_RESET_STATE);
}

void AudioReceiver::begin(std::uint16_t sequence, std::uint32_t timestamp, Time now) {
  begun_ = true;
  last_sequence_ = next_sequence_ = sequence;
  last_timestamp_ = position_ = timestamp;
  held_ = 0;
  concealed_ = {};
  silent_ = true;
  sender_silent_ = true;
  gap_ = {};
  if (next_tick_ == Time::max()) next_tick_ = now + DelayEstimator::kAtFirst;
}

std::optional<Drop> AudioReceiver::add(std::uint16_t sequence, std::uint32_t timestamp,
                                       Bytes payload, Time now) {
  if (payload.empty()) return Drop::audio_malformed;
  const int samples = opus_packet_get_nb_samples(
      payload.data(), static_cast<opus_int32>(payload.size()), static_cast<opus_int32>(kClock));
  if (samples <= 0) return Drop::audio_malformed;
  if (!begun_) begin(sequence, timestamp, now);
  const std::int64_t number = extend(last_sequence_, sequence);
  const std::int64_t time = extend(last_timestamp_, timestamp);
  if (std::abs(number - last_sequence_) > kMaxSequenceJump ||
      std::abs(time - last_timestamp_) > kMaxTimestampJump) {
    restart();
    return add(sequence, timestamp, payload, now);
  }
  if (number >= next_sequence_) {
    const auto drop = buffer_.insert(number, time, payload);
    if (drop == Drop::audio_duplicate) ++counts_.duplicates;
    if (drop) return drop;
  }
  delay_.add(now, time_of(time));
  if (number > last_sequence_) {
    last_sequence_ = number;
    last_timestamp_ = time;
  }
  if (number < next_sequence_) {
    ++counts_.late;
    return Drop::audio_late;
  }
  ++counts_.packets;
  return std::nullopt;
}

Time AudioReceiver::delay_at(Time at) const {
  const auto waiting = static_cast<std::int64_t>(decoded_end_ - decoded_at_) * ticks_per_sample();
  // In the sender's silence nothing waits.
  const std::int64_t next = position_ + (silent_ ? held_ : 0) - waiting;
  return at - delay_.baseline() - time_of(next);
}

bool AudioReceiver::is_due(const JitterBuffer::Packet& packet, Time at) const {
  return at >= delay_.baseline() + time_of(packet.timestamp) + delay_.target();
}

Time AudioReceiver::next_timeout() const {
  return in_pairs_ && next_tick_ != Time::max() ? next_tick_ + kFrame : next_tick_;
}

std::optional<ReceivedAudio> AudioReceiver::next_frame(Time now, Frame& memory) {
  if (now < next_tick_) return std::nullopt;
  // Who comes late by much does not get all frames at once.
  if (now - next_tick_ > kMaxStall) next_tick_ = now - kMaxStall;
  const Time at = next_tick_;
  next_tick_ += kFrame;
  kinds_ = {};
  const std::span<float> frame = std::span(memory).first(frame_size());
  if (!adapt(frame, at)) produce(frame, at);
  quiet_ = power_of(frame) < kQuietPower;
  const auto most = std::ranges::max_element(kinds_) - kinds_.begin();
  return ReceivedAudio{frame, rate_, kFrame * frames_++, static_cast<AudioKind>(most)};
}

/// Makes the wait longer or shorter by a frame, if it is far from its target. True if it wrote the
/// frame.
bool AudioReceiver::adapt(std::span<float> frame, Time at) {
  ++loud_ticks_since_skip_;
  if (!begun_ || silent_ || buffer_.empty()) return false;
  const Time excess = delay_at(at) - delay_.target();
  if (quiet_ && excess <= -kFrame) {
    std::ranges::fill(frame, 0.0F);
    kinds_[static_cast<std::size_t>(AudioKind::silence)] = frame.size();
    ++counts_.inserted_frames;
    counts_.silence_ms += 20;
    gap_ += kFrame;
    return true;
  }
  const bool pause_is_over = loud_ticks_since_skip_ > kLoudPause;
  if (excess < (quiet_ ? kQuietSlack : kLoudSlack) || (!quiet_ && !pause_is_over)) return false;
  Frame joined;
  const std::span<float> second = std::span(joined).first(frame.size());
  produce(frame, at);
  produce(second, at);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    const float weight = static_cast<float>(i) / static_cast<float>(frame.size());
    frame[i] += weight * (second[i] - frame[i]);
  }
  loud_ticks_since_skip_ = 0;
  ++counts_.skipped_frames;
  return true;
}

void AudioReceiver::produce(std::span<float> frame, Time at) {
  while (!frame.empty()) {
    if (decoded_at_ == decoded_end_) fill(at);
    const std::size_t count = std::min(frame.size(), decoded_end_ - decoded_at_);
    std::copy_n(decoded_.begin() + static_cast<std::ptrdiff_t>(decoded_at_), count, frame.begin());
    decoded_at_ += count;
    kinds_[static_cast<std::size_t>(decoded_kind_)] += count;
    frame = frame.subspan(count);
    at += frame_time(count, rate_);
  }
}

/// Makes the samples that come next: at least one.
void AudioReceiver::fill(Time at) {
  if (!begun_ || buffer_.empty()) return conceal_or_be_silent();
  const JitterBuffer::Packet& next = buffer_.front();
  const std::int64_t gap = next.timestamp - position_ - held_;
  if (next.sequence > next_sequence_ && (gap > 0 || silent_)) return fill_gap(next, at);
  // After silence a packet waits as long as the first; after speech it follows at once.
  if ((gap > 0 || silent_) && !is_due(next, at)) return be_silent(frame_size() / 8);
  decode(next);
}

/// Packets before `next` are missing and their time has come.
void AudioReceiver::fill_gap(const JitterBuffer::Packet& next, Time at) {
  const std::int64_t carried =
      opus_packet_get_samples_per_frame(next.payload.data(), static_cast<opus_int32>(kClock));
  if (concealed_ >= kMaxConcealment || silent_) {
    if (is_due(next, at)) return decode(next);
    if (!is_due(next, at + time_of(carried))) return be_silent(frame_size() / 8);
    held_ = next.timestamp - position_ - carried;  // nothing is left between the copy and `next`
    return recover(next, carried);
  }
  const std::int64_t gap = next.timestamp - position_ - held_;
  if (gap > carried) return conceal_or_be_silent();
  recover(next, gap);
}

void AudioReceiver::keep(int samples, AudioKind kind) {
  decoded_at_ = 0;
  decoded_end_ = static_cast<std::size_t>(samples);
  decoded_kind_ = kind;
  silent_ = kind == AudioKind::silence;
  if (silent_) {
    gap_ += frame_time(decoded_end_, rate_);
  } else {
    counts_.longest_gap = std::max(counts_.longest_gap, std::exchange(gap_, Time{}));
  }
}

/// The sender's own silence is no gap: what remains is as long as the packets of `ticks` that are
/// missing before this one, or as all that its timestamps do not account for.
void AudioReceiver::leave_out_pause(std::int64_t sequence, std::int64_t timestamp,
                                    std::int64_t ticks) {
  const Time lost = time_of((sequence - next_sequence_) * ticks);
  const Time pause = time_of(timestamp - position_) - lost;
  const Time unexplained = sender_silent_ ? Time{} : gap_ - pause;
  gap_ = std::min(gap_, std::max(lost, unexplained));
}

void AudioReceiver::decode(const JitterBuffer::Packet& packet) {
  const int samples = opus_decode_float(decoder_.get(), packet.payload.data(),
                                        static_cast<opus_int32>(packet.payload.size()),
                                        decoded_.data(), static_cast<int>(decoded_.size()), 0);
  const std::int64_t ticks = std::max(samples, 0) * ticks_per_sample();
  leave_out_pause(packet.sequence, packet.timestamp, ticks);
  counts_.lost += static_cast<std::uint64_t>(packet.sequence - next_sequence_);
  next_sequence_ = packet.sequence + 1;
  sender_silent_ = packet.payload.size() <= kDtxPayload;
  position_ = packet.timestamp + ticks;
  buffer_.pop();
  held_ = 0;
  if (samples <= 0) return conceal_or_be_silent();
  concealed_ = {};
  keep(samples, AudioKind::decoded);
}

/// The last of the lost packets from the copy in `next`.
void AudioReceiver::recover(const JitterBuffer::Packet& next, std::int64_t ticks) {
  const int unit = rate_ / kShortestFrame;
  const int wanted = std::max(static_cast<int>(ticks / ticks_per_sample()) / unit, 1) * unit;
  const int samples =
      opus_decode_float(decoder_.get(), next.payload.data(),
                        static_cast<opus_int32>(next.payload.size()), decoded_.data(), wanted, 1);
  held_ += ticks;
  if (samples <= 0) return be_silent(static_cast<std::size_t>(wanted));
  ++counts_.recovered;
  leave_out_pause(next.sequence - 1, next.timestamp - ticks, ticks);
  keep(samples, AudioKind::recovered);
}

void AudioReceiver::conceal_or_be_silent() {
  if (!begun_ || sender_silent_ || silent_ || concealed_ >= kMaxConcealment) {
    return be_silent(frame_size());
  }
  const int samples = opus_decode_float(decoder_.get(), nullptr, 0, decoded_.data(),
                                        static_cast<int>(frame_size()), 0);
  if (samples <= 0) return be_silent(frame_size());
  concealed_ += kFrame;
  held_ += samples * ticks_per_sample();
  counts_.concealed_ms += 20;
  keep(samples, AudioKind::concealed);
}

void AudioReceiver::be_silent(std::size_t samples) {
  std::fill_n(decoded_.begin(), samples, 0.0F);
  held_ += static_cast<std::int64_t>(samples) * ticks_per_sample();
  silence_samples_ += samples;
  keep(static_cast<int>(samples), AudioKind::silence);
}

AudioReceiverStatistics AudioReceiver::statistics() const {
  AudioReceiverStatistics result = counts_;
  result.silence_ms += silence_samples_ * 1'000 / static_cast<std::uint64_t>(rate_);
  result.target_delay = delay_.target();
  if (begun_ && next_tick_ != Time::max()) result.delay = std::max(delay_at(next_tick_), Time{});
  return result;
}

}  // namespace remotemedia::rtc

#pragma once

#include "remotemedia/rtc/audio.h"
#include "rtc/delay_estimator.h"
#include "rtc/jitter_buffer.h"

#include <array>
#include <memory>
#include <optional>
#include <span>

struct OpusDecoder;

namespace remotemedia::rtc {

/// Opus packets of one stream in, 20 ms of mono audio every 20 ms out, from the first packet on.
///
/// A packet plays when it has waited as long as DelayEstimator says. What is missing by then comes
/// from the next packet (FEC) or from the past (PLC, at most kMaxConcealment in a row), and then is
/// silence. A packet that is merely late still plays: all behind it waits longer, and the wait is
/// made up for by joining two frames, in near silence soon and in speech only when it grew long.
/// Gaps of the sender's timestamps without missing numbers are its silence (DTX).
class AudioReceiver {
 public:
  static constexpr Time kFrame = std::chrono::milliseconds(20);
  static constexpr Time kMaxConcealment = std::chrono::milliseconds(100);
  using Frame = std::array<float, 960>;  // at 48 kHz

  /// `rate` is that of the output: 8, 12, 16, 24 or 48 kHz.
  explicit AudioReceiver(int rate);
  ~AudioReceiver();

  /// Takes a packet (copying it). Says why if it will not be heard.
  std::optional<Drop> add(std::uint16_t sequence, std::uint32_t timestamp, Bytes payload, Time now);

  /// Makes the frame that is due at `now` or before, in `memory`; nothing if none is. Call until
  /// nothing comes.
  std::optional<ReceivedAudio> next_frame(Time now, Frame& memory);
  /// When the next frame is due, or the second from here (set_in_pairs); Time::max() before the
  /// first packet.
  [[nodiscard]] Time next_timeout() const;
  /// Whether two frames are made at a time: the first of them waits for the time of the second.
  void set_in_pairs(bool in_pairs) { in_pairs_ = in_pairs; }
  [[nodiscard]] bool in_pairs() const { return in_pairs_; }

  /// Begins a new stream: its numbers have nothing to do with those before. Counts go on.
  void restart();
  [[nodiscard]] AudioReceiverStatistics statistics() const;

 private:
  static constexpr std::size_t kMaxPacketSamples = 5'760;  // 120 ms at 48 kHz

  struct Free {
    void operator()(OpusDecoder* decoder) const;
  };

  void begin(std::uint16_t sequence, std::uint32_t timestamp, Time now);
  void produce(std::span<float> frame, Time at);
  void fill(Time at);
  void fill_gap(const JitterBuffer::Packet& next, Time at);
  void decode(const JitterBuffer::Packet& packet);
  void recover(const JitterBuffer::Packet& next, std::int64_t ticks);
  void leave_out_pause(std::int64_t sequence, std::int64_t timestamp, std::int64_t ticks);
  void conceal_or_be_silent();
  void be_silent(std::size_t samples);
  void keep(int samples, AudioKind kind);
  bool adapt(std::span<float> frame, Time at);
  [[nodiscard]] Time delay_at(Time at) const;
  [[nodiscard]] bool is_due(const JitterBuffer::Packet& packet, Time at) const;
  [[nodiscard]] std::size_t frame_size() const { return static_cast<std::size_t>(rate_ / 50); }
  [[nodiscard]] std::int64_t ticks_per_sample() const { return 48'000 / rate_; }

  int rate_;
  std::unique_ptr<OpusDecoder, Free> decoder_;
  JitterBuffer buffer_;
  DelayEstimator delay_;
  AudioReceiverStatistics counts_;
  Time next_tick_ = Time::max();
  bool in_pairs_ = false;
  bool begun_ = false;
  std::int64_t last_sequence_ = 0;  // as it came, extended
  std::int64_t last_timestamp_ = 0;
  std::int64_t next_sequence_ = 0;  // to be played
  std::int64_t position_ = 0;       // timestamp of the next decoded sample
  std::int64_t held_ = 0;           // ticks given out since, while `position_` stood
  Time concealed_{};                // in a row
  bool silent_ = true;              // the last samples were silence
  bool sender_silent_ = true;       // the last packet said so, or there was none
  Time gap_{};                      // silence given out in a row
  bool quiet_ = true;               // the last frame was near silence
  int loud_ticks_since_skip_ = 0;
  std::int64_t frames_ = 0;
  std::uint64_t silence_samples_ = 0;
  std::array<float, kMaxPacketSamples> decoded_{};
  std::size_t decoded_at_ = 0;
  std::size_t decoded_end_ = 0;
  AudioKind decoded_kind_ = AudioKind::silence;
  std::array<std::size_t, 4> kinds_{};  // samples of the frame by AudioKind
};

}  // namespace remotemedia::rtc

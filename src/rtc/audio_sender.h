#pragma once

#include "remotemedia/base/time.h"
#include "rtc/bytes.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct OpusEncoder;

namespace remotemedia::rtc {

/// Mono audio in as it comes, one Opus packet every 20 ms out, the first 5 ms after its samples.
/// Without audio nothing is sent, and the timestamps go on. A source that comes late moves the
/// packets behind it.
class AudioSender {
 public:
  static constexpr Time kFrame = std::chrono::milliseconds(20);
  static constexpr std::size_t kMaxPayload = 1'000;
  static constexpr int kTransformBitrate = 64'000;

  struct Settings {
    int rate = 16'000;                         ///< 8, 12, 16, 24 or 48 kHz
    int bitrate = kTransformBitrate;           ///< bit/s, 6000..128000
    int complexity = 5;                        ///< 0..10
    Time capacity = std::chrono::seconds(10);  ///< of the queue, 40 ms..60 s
  };

  struct Packet {
    Bytes payload;  ///< valid until the next call
    std::uint32_t timestamp = 0;
    bool marker = false;       ///< the first after a pause
    std::uint8_t level = 127;  ///< minus dB below full scale, 0..127
  };

  explicit AudioSender(const Settings& settings);
  ~AudioSender();

  /// Queues samples at the settings' rate. Returns how many there was room for.
  std::size_t push(std::span<const float> samples, Time now);
  /// Forgets what is queued: nothing of it is sent after the call.
  void cancel();
  [[nodiscard]] Time queued() const { return frame_time(count_, settings_.rate); }

  /// The packet that is due at `now`, if one is. Call until nothing comes.
  std::optional<Packet> next_packet(Time now);
  [[nodiscard]] Time next_timeout() const { return next_tick_; }
  /// A packet of audio that is encoded already, to be sent instead of samples.
  Packet stamp(Bytes opus, std::uint8_t level, Time at);
  /// What the receiver reports, 0..1. While packets are lost the encoder predicts, as FEC is a part
  /// of that, and puts more or less into FEC. Some ten reports are remembered. As long as nothing
  /// is lost, from `kTransformBitrate` on, it transforms: that sounds as well and takes a third of
  /// the time.
  void set_loss(double share);
  /// The most that the receiver wants, bit/s; 0: as the settings say.
  void set_most_bitrate(int bitrate);
  /// RTP timestamp at a time: of SR.
  [[nodiscard]] std::uint32_t timestamp_at(Time now) const;

 private:
  struct Free {
    void operator()(OpusEncoder* encoder) const;
  };

  void grow(std::size_t count);
  void take_frame();
  void choose_coder();
  std::optional<Packet> encode(Time at);
  [[nodiscard]] std::size_t frame_size() const {
    return static_cast<std::size_t>(settings_.rate / 50);
  }

  Settings settings_;
  std::unique_ptr<OpusEncoder, Free> encoder_;
  std::vector<float> ring_;  // as long as was needed so far
  std::size_t most_ = 0;     // that it may hold
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::array<float, 960> frame_{};
  std::array<std::uint8_t, kMaxPayload> payload_{};
  std::optional<Time> epoch_;  // of the timestamps
  Time next_tick_ = Time::max();
  int part_waits_ = 0;  // in a row, as less than a frame was there
  bool marker_ = true;
  int silent_frames_ = 0;  // in a row
  double loss_ = 0;
  int loss_percent_ = 0;
  int bitrate_ = 0;  // that is used
  std::uint32_t first_timestamp_;
};

}  // namespace remotemedia::rtc

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace remotemedia::dsp {

/// Where speech starts or ends, in samples of the stream.
struct SpeechEvent {
  enum class Kind : std::uint8_t { start, end };
  Kind kind = Kind::start;
  std::uint64_t sample = 0;
  friend bool operator==(const SpeechEvent&, const SpeechEvent&) = default;
};

/// Speech segments from the probabilities of consecutive windows, as they come; the segments are
/// those of get_speech_timestamps of the silero-vad package, which sees all windows at once.
///
/// Speech begins with a window at or above `threshold`. It ends with the first window below
/// threshold - 0.15 (at least 0.01) after which none is at or above `threshold` for
/// min_silence_duration_ms. Speech of not more than min_speech_duration_ms is dropped. Then
/// speech_pad_ms is added on both sides; where less than twice that lies between two segments, each
/// gets half.
///
/// An event is given as soon as it is certain: a start when the speech is longer than
/// min_speech_duration_ms, an end when the silence has lasted min_silence_duration_ms and the
/// padding of no later segment can reach it. Events come in order, start and end in turn, none in
/// the future. No allocation.
class SpeechSegmenter {
 public:
  struct Config {
    int rate = 16'000;
    std::size_t window_length = 512;   ///< samples
    double threshold = 0.5;            ///< 0..1
    int min_speech_duration_ms = 250;  ///< 0..10000
    int min_silence_duration_ms = 100;
    int speech_pad_ms = 30;
  };
  explicit SpeechSegmenter(const Config& config);  ///< configuration error if out of range

  /// The next window; `samples` of it are audio, fewer than window_length in the last one. The
  /// events are valid until the next call.
  std::span<const SpeechEvent> push(float probability, std::size_t samples);
  std::span<const SpeechEvent> push(float probability) { return push(probability, window_length_); }
  /// The stream ends where the last window did. What follows is a new stream.
  std::span<const SpeechEvent> finish();

  /// Whether the last window is speech: at or above the threshold, or the one before was speech and
  /// it is not below the lower threshold. Known at once; a segment may not come of it.
  [[nodiscard]] bool is_speech() const { return triggered_ && !silence_; }
  /// What of [0, settled) is speech is decided. An event that is still to come lies later, unless
  /// it is the end of a segment and the start of the next one, where both share their padding.
  [[nodiscard]] std::uint64_t settled() const { return settled_; }
  /// Samples of the windows so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  void give(SpeechEvent::Kind kind, std::uint64_t sample) { events_[count_++] = {kind, sample}; }
  [[nodiscard]] bool long_enough() const { return position_ - start_ > min_speech_; }
  void close();
  void give_start();
  void give_certain();
  [[nodiscard]] std::uint64_t decided_until() const;
  [[nodiscard]] std::span<const SpeechEvent> given() const {
    return std::span(events_).first(count_);
  }

  std::size_t window_length_;
  float threshold_;
  float lower_threshold_;
  std::uint64_t min_speech_;
  std::uint64_t min_silence_;
  std::uint64_t pad_;

  std::array<SpeechEvent, 4> events_{};
  std::size_t count_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t settled_ = 0;
  bool triggered_ = false;                ///< within speech, or a pause that may be its end
  bool confirmed_ = false;                ///< its start has been given
  std::uint64_t start_ = 0;               ///< of it, without padding
  std::optional<std::uint64_t> silence_;  ///< where a pause began
  std::optional<std::uint64_t> ended_;    ///< end of the last segment, if not given yet
};

}  // namespace remotemedia::dsp

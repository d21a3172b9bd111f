#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace remotemedia::dsp {

/// Energy voice activity detector with an adaptive noise floor, on mono float32.
///
/// A frame of int(rate * frame_duration_ms / 1000) samples is speech if its RMS is strictly above
/// max(threshold, noise floor * ratio), where the floor is the one that the frames before it left.
/// RMS is the square root of the mean square, which is summed in double (16 partial sums by index %
/// 16, added as a tree of halves) and rounded to float32. The ratio is 3, 6, 9 or 12 dB for
/// aggressiveness 0, 1, 2 or 3: higher values call fewer frames speech. The floor starts at
/// threshold / ratio; after each frame it falls to the frame's RMS if that is lower, else it rises
/// towards it by at most 2 dB per second (times 10^(0.1 * frame_length / rate) per frame); it never
/// is below 1e-5 (-100 dBFS), from where it could not rise again. Frames that are not complete wait
/// for the next chunk, so chunking does not change a decision. State: one partial frame. Latency:
/// one frame.
///
/// A level is the same comparison as a number, for a threshold of one's own: dB of the frame's RMS
/// (1e-5 at least) above max(threshold, floor * ratio), which falls by at most 50 dB per second, so
/// that it stays up through the gaps within a word. A frame that is speech has a level above 0.
class EnergyVad {
 public:
  struct Config {
    int rate = 16'000;
    int frame_duration_ms = 30;  ///< 5..100
    double threshold = 0.02;     ///< RMS, 0..1
    int aggressiveness = 1;      ///< 0..3
  };
  explicit EnergyVad(const Config& config);  ///< configuration error if a value is out of range

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::size_t frame_length() const { return frame_length_; }
  /// Frames that so many more samples complete.
  [[nodiscard]] std::size_t max_frames(std::size_t samples) const {
    return (filled_ + samples) / frame_length_;
  }
  /// Writes one decision (1 = speech) per completed frame to `decisions`, which has room for
  /// max_frames(x.size()); returns their number. NaN counts as 0, infinities as +-1.
  std::size_t process(std::span<const float> x, std::span<std::uint8_t> decisions);
  /// The same for levels, as `process` with as much room; a stream may take either, chunk by chunk.
  std::size_t levels(std::span<const float> x, std::span<float> levels);
  void reset();

 private:
  /// give(index, is it speech) for each frame that `x` completes; `level_db_` is that frame's then.
  template <typename Give>
  std::size_t each_frame(std::span<const float> x, Give give);
  bool judge(std::span<const float> frame);

  Config config_;
  std::size_t frame_length_;
  double ratio_;
  double rise_per_frame_;
  double fall_per_frame_db_;
  double floor_;
  double level_db_;
  std::vector<float> partial_;  // a frame of which `filled_` samples have come
  std::size_t filled_ = 0;
};

/// Speech segments of a stream from its frame decisions.
struct Segment {
  std::uint64_t begin = 0;  ///< frame of the stream, inclusive
  std::uint64_t end = 0;    ///< exclusive
  friend bool operator==(const Segment&, const Segment&) = default;
};

}  // namespace remotemedia::dsp

#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace remotemedia::dsp {

enum class Quality { low, medium, high, very_high };

/// "low", "medium", "high" or "very_high".
const char* to_string(Quality quality);
/// Inverse of to_string, any case; nullopt if unknown.
std::optional<Quality> parse_quality(std::string_view name);

/// How long results may wait. Both have the same frequency response.
enum class ResamplingMode {
  live,     ///< no longer than the filters need
  offline,  ///< 0.11 s at 16 kHz; the sharp filter takes less than half of the time
};

/// "live" or "offline".
const char* to_string(ResamplingMode mode);
/// Inverse of to_string, any case; nullopt if unknown.
std::optional<ResamplingMode> parse_resampling_mode(std::string_view name);

/// ceil(frames * target_rate / rate) in integers.
std::size_t resampled_frames(std::size_t frames, int rate, int target_rate);

/// Changes the sample rate of planar audio, as a stream. Output frame n lies exactly at input time
/// n * rate / target_rate: the filter's delay is compensated, results come when their right half
/// has arrived, flush() completes them. Any chunking gives the same bits, and so do AVX2 and
/// AVX-512. With `mono` the channels are averaged before filtering. process() does not allocate
/// after construction.
///
/// Memory: filters of at most a few hundred KB per ratio and quality, shared by all streams; up
/// to 95 KB per channel, of which a stream of short chunks touches a third. Cost, accuracy and
/// latency: docs/audio.md.
class Resampler {
 public:
  struct Config {
    int rate = 48'000;
    int target_rate = 16'000;
    int channels = 1;
    Quality quality = Quality::high;
    bool mono = false;
    /// Where the rates differ by less than 3 : 2, and at very_high, offline is as live.
    ResamplingMode mode = ResamplingMode::live;
  };
  explicit Resampler(const Config& config);  ///< configuration error if a value is out of range
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  [[nodiscard]] const Config& config() const;
  [[nodiscard]] int output_channels() const;
  /// Input frames that must follow a frame before its output appears; a constant.
  [[nodiscard]] std::size_t latency_frames() const;
  /// Frames that the next process() of `frames` frames gives.
  [[nodiscard]] std::size_t max_output_frames(std::size_t frames) const;
  /// Frames that flush() would give now.
  [[nodiscard]] std::size_t max_flush_frames() const;

  /// `in` has config().channels pointers to `frames` frames, `out` output_channels() pointers with
  /// room for max_output_frames(frames). Returns the frames written. NaN counts as 0, infinities as
  /// +-1.
  std::size_t process(std::span<const float* const> in, std::size_t frames,
                      std::span<float* const> out);
  std::size_t process(std::span<const std::int16_t* const> in, std::size_t frames,
                      std::span<float* const> out);
  /// The rest: in total resampled_frames(all input frames) have then been written. What process()
  /// gets after it is a new stream.
  std::size_t flush(std::span<float* const> out);
  /// Back to the state after construction, without giving the rest.
  void reset();
  /// Samples that were NaN or infinite and have been replaced.
  [[nodiscard]] std::uint64_t cleaned_samples() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole clip at once: process, then flush, with the same bits. f32 in, f32 out; i16 and i32 are
/// converted on the way in. An equal rate gives a copy (mixed if `mono`).
AudioBuffer resample(const AudioBuffer& audio, int target_rate, Quality quality, bool mono = false,
                     ResamplingMode mode = ResamplingMode::live);
/// The same into `out`: a pointer per channel of the result, 1 if `mono`, each with room for
/// resampled_frames(audio.frames(), audio.rate(), target_rate).
void resample(const AudioBuffer& audio, int target_rate, Quality quality, bool mono,
              ResamplingMode mode, std::span<float* const> out);

/// Whether a Resampler of these rates, both within their range, would find its filters made
/// already: the first one takes milliseconds to make them. Does not wait for one that does.
bool has_filters(int rate, int target_rate, Quality quality,
                 ResamplingMode mode = ResamplingMode::live);

}  // namespace remotemedia::dsp

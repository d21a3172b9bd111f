#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace remotemedia::dsp {

// Memory of samples must be aligned to their type: stores of whole cache lines rely on it.

/// Inverse of to_string(SampleFormat), any case; nullopt if unknown.
std::optional<SampleFormat> parse_sample_format(std::string_view name);

/// Sample format conversions, element by element; `in` and `out` have the same length and do not
/// overlap. Integer to float divides by 2^15 or 2^31; float to integer multiplies by it, rounds to
/// nearest (ties to even) and clamps. i16 to i32 is x65536; i32 to i16 is /65536, rounded (ties to
/// even) and clamped. Each rounds once: f64 to i16 does not go through f32. In float to integer NaN
/// becomes 0 and infinities clamp; those functions return how many samples were NaN or infinite.
/// Narrowing f64 to f32 only rounds; there NaN and infinities pass.
void i16_to_i32(std::span<const std::int16_t> in, std::span<std::int32_t> out) noexcept;
void i16_to_f32(std::span<const std::int16_t> in, std::span<float> out) noexcept;
void i16_to_f64(std::span<const std::int16_t> in, std::span<double> out) noexcept;
void i32_to_i16(std::span<const std::int32_t> in, std::span<std::int16_t> out) noexcept;
void i32_to_f32(std::span<const std::int32_t> in, std::span<float> out) noexcept;
void i32_to_f64(std::span<const std::int32_t> in, std::span<double> out) noexcept;
std::uint64_t f32_to_i16(std::span<const float> in, std::span<std::int16_t> out) noexcept;
std::uint64_t f32_to_i32(std::span<const float> in, std::span<std::int32_t> out) noexcept;
void f32_to_f64(std::span<const float> in, std::span<double> out) noexcept;
std::uint64_t f64_to_i16(std::span<const double> in, std::span<std::int16_t> out) noexcept;
std::uint64_t f64_to_i32(std::span<const double> in, std::span<std::int32_t> out) noexcept;
void f64_to_f32(std::span<const double> in, std::span<float> out) noexcept;

/// Interleaved (frames, channels) to planar and back; `in` and `out` do not overlap.
template <typename Sample>
void deinterleave(std::span<const Sample> in, std::span<Sample* const> out,
                  std::size_t frames) noexcept;
template <typename Sample>
void interleave(std::span<const Sample* const> in, std::size_t frames,
                std::span<Sample> out) noexcept;

/// Triangular (TPDF) dither of +-1 LSB, added in f32 before rounding to i16. The noise depends on
/// the seed, the channel and the sample's position in the stream only.
class Dither {
 public:
  explicit Dither(std::uint64_t seed = 1) noexcept : seed_(seed) {}
  /// As f32_to_i16 with dither; `first_frame` is the position of in[0], `channel` its channel.
  std::uint64_t f32_to_i16(std::span<const float> in, std::span<std::int16_t> out,
                           std::uint64_t first_frame, int channel) const noexcept;

 private:
  std::uint64_t seed_;
};

struct Converted {
  AudioBuffer audio;
  std::uint64_t cleaned_samples = 0;  ///< NaN and infinities replaced
};
/// A whole buffer. The same format returns the same memory.
Converted convert_format(const AudioBuffer& audio, SampleFormat target);

}  // namespace remotemedia::dsp

#include "remotemedia/dsp/format.h"

#include "dsp/same_name.h"
#include "dsp/sanitize.h"

#include <algorithm>
#include <cmath>

namespace remotemedia::dsp {
namespace {

constexpr float kScale16 = 32768.0F;
constexpr double kScale32 = 2147483648.0;

/// Nearest integer, ties to even, of a value whose nearest integer fits Integer. Adding 1.5 * 2^52
/// leaves no bit for a fraction, so the addition itself rounds; unlike std::lrint it vectorizes.
template <typename Integer>
Integer round_to_even(double value) {
  constexpr double kNoFraction = 6755399441055744.0;
  return static_cast<Integer>((value + kNoFraction) - kNoFraction);
}

template <typename Integer>
Integer round_and_clamp(double value) {
  constexpr double kMin = std::numeric_limits<Integer>::min();
  constexpr double kMax = std::numeric_limits<Integer>::max();
  return round_to_even<Integer>(std::clamp(value, kMin, kMax));
}

/// NaN as 0; infinities stay, as clamping follows.
float without_nan(float value) { return std::isnan(value) ? 0.0F : value; }

template <typename Integer>
std::uint64_t from_f32(std::span<const float> in, std::span<Integer> out, double scale) {
  std::uint64_t replaced = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    replaced += is_finite(in[i]) ? 0 : 1;
    out[i] = round_and_clamp<Integer>(static_cast<double>(without_nan(in[i])) * scale);
  }
  return replaced;
}

/// Finalizer of SplitMix64 (Steele, Lea and Flood, 2014): all bits of the result depend on all of
/// `x`.
std::uint64_t mix_bits(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

/// Runs `convert(from_span, to_span)` for each channel.
template <typename From, typename To, typename Convert>
std::uint64_t convert_channels(const AudioBuffer& in, AudioBuffer& out, Convert convert) {
  std::uint64_t cleaned = 0;
  for (int c = 0; c < in.channels(); ++c) {
    const std::span<const From> from = in.channel<From>(c);
    const std::span<To> to = out.mutable_channel<To>(c);
    if constexpr (std::is_void_v<decltype(convert(from, to))>) {
      convert(from, to);
    } else {
      cleaned += convert(from, to);
    }
  }
  return cleaned;
}

}  // namespace

std::optional<SampleFormat> parse_sample_format(std::string_view name) {
  for (const SampleFormat format : {SampleFormat::f32, SampleFormat::i16, SampleFormat::i32}) {
    if (same_name(name, to_string(format))) return format;
  }
  return std::nullopt;
}

void i16_to_f32(std::span<const std::int16_t> in, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = static_cast<float>(in[i]) * (1.0F / kScale16);
  }
}

void i32_to_f32(std::span<const std::int32_t> in, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = static_cast<float>(in[i]) * static_cast<float>(1.0 / kScale32);
  }
}

std::uint64_t f32_to_i16(std::span<const float> in, std::span<std::int16_t> out) noexcept {
  return from_f32(in, out, static_cast<double>(kScale16));
}

std::uint64_t f32_to_i32(std::span<const float> in, std::span<std::int32_t> out) noexcept {
  return from_f32(in, out, kScale32);
}

void i16_to_i32(std::span<const std::int16_t> in, std::span<std::int32_t> out) noexcept {
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i] * 65536;
}

void i32_to_i16(std::span<const std::int32_t> in, std::span<std::int16_t> out) noexcept {
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = round_and_clamp<std::int16_t>(static_cast<double>(in[i]) / 65536.0);
  }
}

void f64_to_f32(std::span<const double> in, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = static_cast<float>(in[i]);
}

template <typename Sample>
void deinterleave(std::span<const Sample> in, std::span<Sample* const> out,
                  std::size_t frames) noexcept {
  const std::size_t channels = out.size();
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < frames; ++i) out[c][i] = in[i * channels + c];
  }
}

template <typename Sample>
void interleave(std::span<const Sample* const> in, std::size_t frames,
                std::span<Sample> out) noexcept {
  const std::size_t channels = in.size();
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < frames; ++i) out[i * channels + c] = in[c][i];
  }
}

template void deinterleave(std::span<const float>, std::span<float* const>, std::size_t) noexcept;
template void deinterleave(std::span<const std::int16_t>, std::span<std::int16_t* const>,
                           std::size_t) noexcept;
template void deinterleave(std::span<const std::int32_t>, std::span<std::int32_t* const>,
                           std::size_t) noexcept;
template void interleave(std::span<const float* const>, std::size_t, std::span<float>) noexcept;
template void interleave(std::span<const std::int16_t* const>, std::size_t,
                         std::span<std::int16_t>) noexcept;
template void interleave(std::span<const std::int32_t* const>, std::size_t,
                         std::span<std::int32_t>) noexcept;

std::uint64_t Dither::f32_to_i16(std::span<const float> in, std::span<std::int16_t> out,
                                 std::uint64_t first_frame, int channel) const noexcept {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;  // SplitMix64's odd step
  const std::uint64_t stream =
      mix_bits(mix_bits(seed_ * kGolden) + static_cast<std::uint64_t>(channel + 1) * kGolden);
  std::uint64_t replaced = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::uint64_t bits = mix_bits(stream + (first_frame + i + 1) * kGolden);
    // The difference of two uniform numbers is triangular, and its mean is exactly 0.
    const auto high = static_cast<std::int64_t>(bits >> 32U);
    const auto low = static_cast<std::int64_t>(bits & 0xFFFFFFFFU);
    const double noise = static_cast<double>(high - low) / 4294967296.0;
    replaced += is_finite(in[i]) ? 0 : 1;
    const double value = static_cast<double>(without_nan(in[i])) * static_cast<double>(kScale16);
    out[i] = round_and_clamp<std::int16_t>(value + noise);
  }
  return replaced;
}

Converted convert_format(const AudioBuffer& audio, SampleFormat target) {
  using I16 = std::int16_t;
  using I32 = std::int32_t;
  const SampleFormat source = audio.format();
  if (source == target) return {audio};
  AudioBuffer out = AudioBuffer::allocate(target, audio.channels(), audio.frames(), audio.rate());
  out.one_dimensional = audio.one_dimensional;
  std::uint64_t cleaned = 0;
  if (target == SampleFormat::f32) {
    source == SampleFormat::i16 ? convert_channels<I16, float>(audio, out, i16_to_f32)
                                : convert_channels<I32, float>(audio, out, i32_to_f32);
  } else if (target == SampleFormat::i16) {
    cleaned = source == SampleFormat::f32 ? convert_channels<float, I16>(audio, out, f32_to_i16)
                                          : convert_channels<I32, I16>(audio, out, i32_to_i16);
  } else {
    cleaned = source == SampleFormat::f32 ? convert_channels<float, I32>(audio, out, f32_to_i32)
                                          : convert_channels<I16, I32>(audio, out, i16_to_i32);
  }
  return {std::move(out), cleaned};
}

}  // namespace remotemedia::dsp

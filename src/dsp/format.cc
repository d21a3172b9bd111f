#include "remotemedia/dsp/format.h"

#include "dsp/dither_kernel.h"
#include "dsp/format_kernels.h"
#include "dsp/interleave_kernels.h"
#include "dsp/same_name.h"

#include <algorithm>

namespace remotemedia::dsp {
namespace {

template <typename From, typename To>
std::uint64_t convert(std::span<const From> in, std::span<To> out) {
  return convert_samples(in.data(), in.size(), out.data(), stores_for(out.size_bytes()));
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;  // SplitMix64's odd step

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

void i16_to_i32(std::span<const std::int16_t> in, std::span<std::int32_t> out) noexcept {
  convert(in, out);
}

void i16_to_f32(std::span<const std::int16_t> in, std::span<float> out) noexcept {
  convert(in, out);
}

void i16_to_f64(std::span<const std::int16_t> in, std::span<double> out) noexcept {
  convert(in, out);
}

void i32_to_i16(std::span<const std::int32_t> in, std::span<std::int16_t> out) noexcept {
  convert(in, out);
}

void i32_to_f32(std::span<const std::int32_t> in, std::span<float> out) noexcept {
  convert(in, out);
}

void i32_to_f64(std::span<const std::int32_t> in, std::span<double> out) noexcept {
  convert(in, out);
}

std::uint64_t f32_to_i16(std::span<const float> in, std::span<std::int16_t> out) noexcept {
  return convert(in, out);
}

std::uint64_t f32_to_i32(std::span<const float> in, std::span<std::int32_t> out) noexcept {
  return convert(in, out);
}

void f32_to_f64(std::span<const float> in, std::span<double> out) noexcept { convert(in, out); }

std::uint64_t f64_to_i16(std::span<const double> in, std::span<std::int16_t> out) noexcept {
  return convert(in, out);
}

std::uint64_t f64_to_i32(std::span<const double> in, std::span<std::int32_t> out) noexcept {
  return convert(in, out);
}

void f64_to_f32(std::span<const double> in, std::span<float> out) noexcept { convert(in, out); }

template <typename Sample>
void deinterleave(std::span<const Sample> in, std::span<Sample* const> out,
                  std::size_t frames) noexcept {
  frames_to_planes(in.data(), frames, out, stores_for(in.size_bytes()));
}

template <typename Sample>
void interleave(std::span<const Sample* const> in, std::size_t frames,
                std::span<Sample> out) noexcept {
  planes_to_frames(in, frames, out.data(), stores_for(out.size_bytes()));
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
  const std::uint64_t stream =
      mix_bits(mix_bits(seed_ * kGolden) + static_cast<std::uint64_t>(channel + 1) * kGolden);
  const Stores stores = stores_for(out.size_bytes());
  std::uint64_t replaced = 0;
  std::size_t done = 0;
  while (done < in.size()) {
    // The kernel counts 2^32 frames, a day of audio; each day has its own key.
    const std::uint64_t frame = first_frame + done;
    const std::uint64_t key = mix_bits(stream + (frame >> 32U) * kGolden);
    const std::uint64_t rest_of_day = (std::uint64_t{1} << 32U) - (frame & 0xFFFFFFFFU);
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(in.size() - done, rest_of_day));
    replaced += dither_to_i16(in.data() + done, count, out.data() + done,
                              {.start = static_cast<std::uint32_t>(key),
                               .step = static_cast<std::uint32_t>(key >> 32U) | 1U},
                              static_cast<std::uint32_t>(frame), stores);
    done += count;
  }
  return replaced;
}

Converted convert_format(const AudioBuffer& audio, SampleFormat target) {
  using I16 = std::int16_t;
  using I32 = std::int32_t;
  const SampleFormat source = audio.format();
  if (source == target) return {audio};
  AudioBuffer out =
      AudioBuffer::allocate_unset(target, audio.channels(), audio.frames(), audio.rate());
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

// A whole clip through a Resampler.

#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"
#include "remotemedia/dsp/resampler.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace remotemedia::dsp {
namespace {

/// All of `source` through a stream, to `out`.
template <typename Sample>
void resample_clip(Resampler& resampler, const AudioBuffer& source, std::span<float* const> out) {
  std::array<const Sample*, kMaxChannels> in;
  const auto count = static_cast<std::size_t>(source.channels());
  for (std::size_t c = 0; c < count; ++c) {
    in[c] = source.channel<Sample>(static_cast<int>(c)).data();
  }
  const std::size_t written =
      resampler.process(std::span<const Sample* const>(in.data(), count), source.frames(), out);
  std::array<float*, kMaxChannels> rest;
  std::ranges::transform(out, rest.begin(), [&](float* channel) { return channel + written; });
  resampler.flush(std::span(rest).first(out.size()));
}

}  // namespace

void resample(const AudioBuffer& audio, int target_rate, Quality quality, bool mono,
              ResamplingMode mode, std::span<float* const> out) {
  Resampler resampler({.rate = audio.rate(),
                       .target_rate = target_rate,
                       .channels = audio.channels(),
                       .quality = quality,
                       .mono = mono,
                       .mode = mode});
  if (audio.format() == SampleFormat::i16) {
    resample_clip<std::int16_t>(resampler, audio, out);
  } else {
    resample_clip<float>(resampler, convert_format(audio, SampleFormat::f32).audio, out);
  }
}

AudioBuffer resample(const AudioBuffer& audio, int target_rate, Quality quality, bool mono,
                     ResamplingMode mode) {
  AudioBuffer result = AudioBuffer::allocate_unset(
      SampleFormat::f32, mono ? 1 : audio.channels(),
      resampled_frames(audio.frames(), audio.rate(), target_rate), target_rate);
  result.one_dimensional = audio.one_dimensional;
  std::array<float*, kMaxChannels> out;
  for (int c = 0; c < result.channels(); ++c) {
    out[static_cast<std::size_t>(c)] = result.mutable_channel<float>(c).data();
  }
  resample(audio, target_rate, quality, mono, mode,
           std::span(out).first(static_cast<std::size_t>(result.channels())));
  return result;
}

}  // namespace remotemedia::dsp

#include "remotemedia/dsp/channels.h"

#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"

#include <cstring>
#include <string>
#include <vector>

namespace remotemedia::dsp {
namespace {

/// Channel `from` of `in` as channel `to` of `out`; same format and length.
void copy_channel(const AudioBuffer& in, int from, AudioBuffer& out, int to) {
  const auto copy = [&]<typename Sample>(Sample /*type*/) {
    const std::span<const Sample> source = in.channel<Sample>(from);
    std::copy(source.begin(), source.end(), out.mutable_channel<Sample>(to).begin());
  };
  switch (in.format()) {
    case SampleFormat::f32:
      return copy(float{});
    case SampleFormat::i16:
      return copy(std::int16_t{});
    case SampleFormat::i32:
      return copy(std::int32_t{});
  }
}

}  // namespace

void mix_to_mono(std::span<const float* const> in, std::size_t frames, float* out) noexcept {
  const auto channels = static_cast<double>(in.size());
  for (std::size_t i = 0; i < frames; ++i) {
    double sum = 0.0;
    for (const float* channel : in) sum += static_cast<double>(channel[i]);
    out[i] = static_cast<float>(sum / channels);
  }
}

AudioBuffer to_mono(const AudioBuffer& audio) {
  AudioBuffer source = convert_format(audio, SampleFormat::f32).audio;
  if (source.channels() == 1) return source;
  AudioBuffer mono = AudioBuffer::allocate(SampleFormat::f32, 1, source.frames(), source.rate());
  std::vector<const float*> channels;
  for (int c = 0; c < source.channels(); ++c) channels.push_back(source.channel<float>(c).data());
  mix_to_mono(channels, source.frames(), mono.mutable_channel<float>(0).data());
  return mono;
}

AudioBuffer change_channels(const AudioBuffer& audio, int channels) {
  check_channels("channels", channels);
  if (channels == audio.channels()) return audio;
  if (channels == 1) return to_mono(audio);
  if (channels > audio.channels() && audio.channels() != 1) {
    refuse("channels", channels,
           "1.." + std::to_string(audio.channels()) + " for audio with " +
               std::to_string(audio.channels()) + " channels",
           "only mono can be copied to more channels");
  }
  AudioBuffer result =
      AudioBuffer::allocate(audio.format(), channels, audio.frames(), audio.rate());
  for (int c = 0; c < channels; ++c) copy_channel(audio, audio.channels() == 1 ? 0 : c, result, c);
  return result;
}

}  // namespace remotemedia::dsp

#include "remotemedia/dsp/channels.h"

#include "dsp/mix_kernel.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

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

/// Converts and mixes a piece at a time, so that the floats of all channels stay in L1.
template <typename Integer, typename Convert>
void mix_integers(const AudioBuffer& audio, Convert to_f32, float* out) {
  constexpr std::size_t kSamples = 4096;
  const auto count = static_cast<std::size_t>(audio.channels());
  const std::size_t piece = kSamples / count / 16 * 16;  // whole cache lines a channel
  alignas(64) float floats[kSamples];
  std::array<const float*, kMaxChannels> planes{};
  for (std::size_t c = 0; c < count; ++c) planes[c] = floats + c * piece;
  const std::span channels(planes.data(), count);
  for (std::size_t done = 0; done < audio.frames(); done += piece) {
    const std::size_t frames = std::min(piece, audio.frames() - done);
    for (std::size_t c = 0; c < count; ++c) {
      const auto in = audio.channel<Integer>(static_cast<int>(c)).subspan(done, frames);
      to_f32(in, std::span(floats + c * piece, frames));
    }
    mix_channels(channels, frames, out + done, Stores::cached);
  }
}

}  // namespace

void mix_to_mono(std::span<const float* const> in, std::size_t frames, float* out) noexcept {
  const bool in_place = std::find(in.begin(), in.end(), out) != in.end();
  mix_channels(in, frames, out, in_place ? Stores::cached : stores_for(frames * sizeof(float)));
}

void mix_to_mono(const AudioBuffer& audio, float* out) {
  if (audio.format() == SampleFormat::i16) {
    mix_integers<std::int16_t>(audio, i16_to_f32, out);
  } else if (audio.format() == SampleFormat::i32) {
    mix_integers<std::int32_t>(audio, i32_to_f32, out);
  } else {
    const auto count = static_cast<std::size_t>(audio.channels());
    std::array<const float*, kMaxChannels> planes{};
    for (std::size_t c = 0; c < count; ++c) {
      planes[c] = audio.channel<float>(static_cast<int>(c)).data();
    }
    mix_to_mono(std::span(planes.data(), count), audio.frames(), out);
  }
}

AudioBuffer to_mono(const AudioBuffer& audio) {
  if (audio.channels() == 1) return convert_format(audio, SampleFormat::f32).audio;
  AudioBuffer mono =
      AudioBuffer::allocate_unset(SampleFormat::f32, 1, audio.frames(), audio.rate());
  mix_to_mono(audio, mono.mutable_channel<float>(0).data());
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
      AudioBuffer::allocate_unset(audio.format(), channels, audio.frames(), audio.rate());
  for (int c = 0; c < channels; ++c) copy_channel(audio, audio.channels() == 1 ? 0 : c, result, c);
  return result;
}

}  // namespace remotemedia::dsp

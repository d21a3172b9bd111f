#include "bindings/float64.h"

#include "bindings/numpy_array.h"
#include "bindings/python_access.h"
#include "remotemedia/dsp/format.h"

#include <span>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

void convert_channel(const AudioBuffer& audio, int channel, std::span<double> out) {
  switch (audio.format()) {
    case SampleFormat::i16:
      return dsp::i16_to_f64(audio.channel<std::int16_t>(channel), out);
    case SampleFormat::i32:
      return dsp::i32_to_f64(audio.channel<std::int32_t>(channel), out);
    case SampleFormat::f32:
      return dsp::f32_to_f64(audio.channel<float>(channel), out);
  }
}

}  // namespace

std::optional<Float64Audio> as_float64(nb::handle x) {
  if (!is_array(x)) return std::nullopt;
  const ArrayLayout layout = layout_of(x);
  if (layout.type != ElementType::f64 || !layout.is_contiguous || !layout.has_audio_shape()) {
    return std::nullopt;
  }
  return Float64Audio{
      .samples = {static_cast<const double*>(layout.data), layout.channels() * layout.frames()},
      .channels = static_cast<int>(layout.channels()),
      .one_dimensional = layout.dimensions() == 1};
}

nb::object to_float64(const AudioBuffer& audio) {
  const auto channels = static_cast<std::size_t>(audio.channels());
  const bool flat = audio.one_dimensional && channels == 1;
  const std::size_t shape[] = {channels, audio.frames()};
  nb::object result =
      make_array(ElementType::f64, std::span(shape).subspan(flat ? 1 : 0), nullptr, {});
  const std::span<double> samples(static_cast<double*>(layout_of(result).data),
                                  channels * audio.frames());
  const GilRelease release;
  for (std::size_t c = 0; c < channels; ++c) {
    convert_channel(audio, static_cast<int>(c),
                    samples.subspan(c * audio.frames(), audio.frames()));
  }
  return result;
}

}  // namespace remotemedia::bindings

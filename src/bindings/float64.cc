#include "bindings/float64.h"

#include "bindings/late_import.h"
#include "bindings/python_access.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"

#include <nanobind/ndarray.h>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport numpy_empty("numpy", "empty");

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
  nb::ndarray<const double, nb::c_contig, nb::device::cpu> array;
  if (!nb::try_cast(x, array, false)) return std::nullopt;
  const bool flat = array.ndim() == 1;
  if (!flat && (array.ndim() != 2 || array.shape(0) < 1 || array.shape(0) > kMaxChannels)) {
    return std::nullopt;
  }
  return Float64Audio{.samples = {array.data(), array.size()},
                      .channels = flat ? 1 : static_cast<int>(array.shape(0)),
                      .one_dimensional = flat};
}

nb::object to_float64(const AudioBuffer& audio) {
  const auto channels = static_cast<std::size_t>(audio.channels());
  const bool flat = audio.one_dimensional && channels == 1;
  nb::object result = flat ? numpy_empty(nb::make_tuple(audio.frames()))
                           : numpy_empty(nb::make_tuple(channels, audio.frames()));
  const auto array = nb::cast<nb::ndarray<double, nb::c_contig, nb::device::cpu>>(result);
  const std::span<double> samples(array.data(), channels * audio.frames());
  const GilRelease release;
  for (std::size_t c = 0; c < channels; ++c) {
    convert_channel(audio, static_cast<int>(c),
                    samples.subspan(c * audio.frames(), audio.frames()));
  }
  return result;
}

}  // namespace remotemedia::bindings

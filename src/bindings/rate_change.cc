#include "bindings/rate_change.h"

#include "bindings/arrays.h"
#include "bindings/late_import.h"
#include "bindings/numpy_array.h"
#include "bindings/unlocked.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/resampler.h"

#include <nanobind/stl/string_view.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport python_check_rate_change("remotemedia._arrays", "check_rate_change");

struct RateChange {
  int rate;
  int target_rate;
  dsp::Quality quality;
  bool mono;
  dsp::ResamplingMode mode;
};

/// An int of Python's own type that is a rate.
std::optional<int> plain_rate(nb::handle value) {
  if (!PyLong_CheckExact(value.ptr())) return std::nullopt;
  int overflow = 0;
  const long number = PyLong_AsLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0 || number < kMinRate || number > kMaxRate) return std::nullopt;
  return static_cast<int>(number);
}

std::optional<dsp::Quality> plain_quality(nb::handle name) {
  const std::optional<std::string_view> text = plain_text(name);
  return text ? dsp::parse_quality(*text) : std::nullopt;
}

std::optional<dsp::ResamplingMode> plain_mode(nb::handle name) {
  const std::optional<std::string_view> text = plain_text(name);
  return text ? dsp::parse_resampling_mode(*text) : std::nullopt;
}

RateChange checked_rate_change(nb::handle rate, nb::handle target_rate, nb::handle quality,
                               nb::handle mono, nb::handle mode) {
  const std::optional<int> from = plain_rate(rate);
  const std::optional<int> to = plain_rate(target_rate);
  const std::optional<dsp::Quality> wanted = plain_quality(quality);
  const std::optional<dsp::ResamplingMode> wanted_mode = plain_mode(mode);
  if (from && to && wanted && wanted_mode && PyBool_Check(mono.ptr())) {
    return {.rate = *from,
            .target_rate = *to,
            .quality = *wanted,
            .mono = mono.is(Py_True),
            .mode = *wanted_mode};
  }
  const auto checked =
      nb::cast<nb::tuple>(python_check_rate_change(rate, target_rate, quality, mono, mode));
  return {.rate = nb::cast<int>(checked[0]),
          .target_rate = nb::cast<int>(checked[1]),
          .quality = *dsp::parse_quality(nb::cast<std::string_view>(checked[2])),
          .mono = nb::cast<bool>(checked[3]),
          .mode = *dsp::parse_resampling_mode(nb::cast<std::string_view>(checked[4]))};
}

}  // namespace

nb::object resample(nb::handle x, nb::handle rate, nb::handle target_rate, nb::handle quality,
                    nb::handle mono, nb::handle mode) {
  const RateChange wanted = checked_rate_change(rate, target_rate, quality, mono, mode);
  const TakenAudio taken = take_audio(x, wanted.rate);
  const AudioBuffer& audio = taken.audio;
  const std::size_t channels = wanted.mono ? 1 : static_cast<std::size_t>(audio.channels());
  const std::size_t frames = dsp::resampled_frames(audio.frames(), wanted.rate, wanted.target_rate);
  const NewArray result = new_array(ElementType::f32, channels, frames, audio.one_dimensional);
  std::array<float*, kMaxChannels> out;
  for (std::size_t c = 0; c < channels; ++c) {
    out[c] = static_cast<float*>(result.data) + c * frames;
  }
  const auto run = [&] {
    dsp::resample(audio, wanted.target_rate, wanted.quality, wanted.mono, wanted.mode,
                  std::span(out).first(channels));
  };
  if (dsp::has_filters(wanted.rate, wanted.target_rate, wanted.quality, wanted.mode)) {
    unlocked(audio.frames() * static_cast<std::size_t>(audio.channels()), run);
  } else {
    unlocked(run);
  }
  return result.array;
}

}  // namespace remotemedia::bindings

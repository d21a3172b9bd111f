// The audio kernels as remotemedia.audio calls them. Arrays are borrowed and results own their
// native buffer; the GIL is free while a kernel works on more than a few samples.

#include "bindings/arrays.h"
#include "bindings/float64.h"
#include "bindings/module.h"
#include "bindings/numpy_array.h"
#include "bindings/python_access.h"
#include "bindings/turn.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/log.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/energy_vad.h"
#include "remotemedia/dsp/format.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/media/audio_file.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string_view.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr int kUnknownRate = 0;  // of arrays whose kernel does not ask for it

/// Runs native work with the GIL released.
template <typename Work>
auto unlocked(Work work) {
  const GilRelease release;
  return work();
}

/// The same for work on `samples`, but a few are done before another thread has come to run, and
/// then this one would have to wait for it.
template <typename Work>
auto unlocked(std::size_t samples, Work work) {
  constexpr std::size_t kFew = 1'024;
  std::optional<GilRelease> release;
  if (samples > kFew) release.emplace();
  return work();
}

std::size_t samples_of(const AudioBuffer& audio) {
  return audio.frames() * static_cast<std::size_t>(audio.channels());
}

dsp::Quality to_quality(std::string_view name) {
  if (const auto quality = dsp::parse_quality(name)) return *quality;
  refuse("quality", "'" + std::string(name) + "'", "'low', 'medium', 'high', 'very_high'");
}

SampleFormat to_format(std::string_view name) {
  if (const auto format = dsp::parse_sample_format(name)) return *format;
  refuse("target", "'" + std::string(name) + "'", "'f32', 'i16', 'i32', 'f64'");
}

nb::tuple read_audio(const std::filesystem::path& path) {
  const AudioBuffer audio = unlocked([&] { return media::read_audio(path); });
  return nb::make_tuple(to_numpy(audio), audio.rate());
}

void write_audio(const std::filesystem::path& path, nb::handle audio, int rate) {
  check_rate("rate", rate);
  const AudioBuffer samples = borrow_array(audio, rate);
  unlocked([&] { media::write_audio(path, samples); });
}

nb::object resample(nb::handle x, int rate, int target_rate, std::string_view quality, bool mono) {
  check_rate("rate", rate);
  const AudioBuffer audio = borrow_array(x, rate, "x");
  const dsp::Quality wanted = to_quality(quality);
  return to_numpy(unlocked([&] { return dsp::resample(audio, target_rate, wanted, mono); }));
}

dsp::Converted dithered(const AudioBuffer& audio, std::uint64_t first_frame) {
  dsp::Converted floats = dsp::convert_format(audio, SampleFormat::f32);
  AudioBuffer result = AudioBuffer::allocate_unset(SampleFormat::i16, audio.channels(),
                                                   audio.frames(), audio.rate());
  result.one_dimensional = audio.one_dimensional;
  const dsp::Dither dither;
  for (int c = 0; c < audio.channels(); ++c) {
    floats.cleaned_samples += dither.f32_to_i16(
        floats.audio.channel<float>(c), result.mutable_channel<std::int16_t>(c), first_frame, c);
  }
  return {std::move(result), floats.cleaned_samples};
}

dsp::Converted converted(const Float64Audio& audio, SampleFormat format) {
  AudioBuffer result =
      AudioBuffer::allocate_unset(format, audio.channels, audio.frames(), kUnknownRate);
  result.one_dimensional = audio.one_dimensional;
  std::uint64_t cleaned = 0;
  for (int c = 0; c < audio.channels; ++c) {
    if (format == SampleFormat::i16) {
      cleaned += dsp::f64_to_i16(audio.channel(c), result.mutable_channel<std::int16_t>(c));
    } else if (format == SampleFormat::i32) {
      cleaned += dsp::f64_to_i32(audio.channel(c), result.mutable_channel<std::int32_t>(c));
    } else {
      dsp::f64_to_f32(audio.channel(c), result.mutable_channel<float>(c));
    }
  }
  return {std::move(result), cleaned};
}

nb::object with_warning(const dsp::Converted& result) {
  if (result.cleaned_samples > 0) {
    log(LogLevel::warning, "convert_format: " + std::to_string(result.cleaned_samples) +
                               " samples were NaN or infinite");
  }
  return to_numpy(result.audio);
}

nb::object convert_format(nb::handle x, std::string_view target, bool dither,
                          std::uint64_t first_frame) {
  const bool to_doubles = target == "f64";
  if (const std::optional<Float64Audio> doubles = as_float64(x)) {
    if (to_doubles) return nb::borrow(x);
    const SampleFormat format = to_format(target);
    return with_warning(unlocked(doubles->samples.size(), [&] {
      if (!dither || format != SampleFormat::i16) return converted(*doubles, format);
      return dithered(converted(*doubles, SampleFormat::f32).audio, first_frame);
    }));
  }
  const AudioBuffer audio = borrow_array(x, kUnknownRate, "x");
  if (to_doubles) return to_float64(audio);
  const SampleFormat format = to_format(target);
  const bool add_noise = dither && format == SampleFormat::i16 && audio.format() != format;
  return with_warning(unlocked(samples_of(audio), [&] {
    return add_noise ? dithered(audio, first_frame) : dsp::convert_format(audio, format);
  }));
}

nb::object to_mono(nb::handle x) {
  const AudioBuffer audio = borrow_array(x, kUnknownRate, "x");
  return to_numpy(unlocked(samples_of(audio), [&] { return dsp::to_mono(audio); }));
}

/// A rate change as a stream: audio in, as many dimensions out.
class StreamResampler {
 public:
  StreamResampler(int rate, int target_rate, int channels, std::string_view quality, bool mono)
      : resampler_(unlocked([&] {
          return dsp::Resampler({.rate = rate,
                                 .target_rate = target_rate,
                                 .channels = channels,
                                 .quality = to_quality(quality),
                                 .mono = mono});
        })),
        one_dimensional_(channels == 1) {}

  [[nodiscard]] std::size_t latency_frames() const { return resampler_.latency_frames(); }
  [[nodiscard]] std::uint64_t cleaned_samples() const { return resampler_.cleaned_samples(); }

  nb::object process(nb::handle x) {
    const AudioBuffer audio = borrow_array(x, resampler_.config().rate, "x");
    check_channel_count(audio.channels());
    const Turn turn(busy_, "the Resampler");
    one_dimensional_ = audio.one_dimensional;
    return to_numpy(unlocked(samples_of(audio), [&] { return run(audio); }));
  }

  nb::object flush() {
    const Turn turn(busy_, "the Resampler");
    AudioBuffer rest = unlocked([&] {
      AudioBuffer out = room(resampler_.max_flush_frames());
      out.truncate(resampler_.flush(channels_of(out)));
      return out;
    });
    one_dimensional_ = resampler_.config().channels == 1;
    return to_numpy(rest);
  }

  void reset() {
    const Turn turn(busy_, "the Resampler");
    resampler_.reset();
    one_dimensional_ = resampler_.config().channels == 1;
  }

 private:
  void check_channel_count(int channels) const {
    const int expected = resampler_.config().channels;
    if (channels == expected) return;
    refuse_type(
        "audio has " + std::to_string(channels) + " channels, expected " + std::to_string(expected),
        "make a Resampler(channels=...) for them");
  }

  [[nodiscard]] AudioBuffer room(std::size_t frames) const {
    AudioBuffer out = AudioBuffer::allocate(SampleFormat::f32, resampler_.output_channels(), frames,
                                            resampler_.config().target_rate);
    out.one_dimensional = one_dimensional_;
    return out;
  }

  static std::vector<float*> channels_of(AudioBuffer& audio) {
    std::vector<float*> channels;
    channels.reserve(static_cast<std::size_t>(audio.channels()));
    for (int c = 0; c < audio.channels(); ++c) {
      channels.push_back(audio.mutable_channel<float>(c).data());
    }
    return channels;
  }

  AudioBuffer run(const AudioBuffer& audio) {
    const AudioBuffer floats = dsp::convert_format(audio, SampleFormat::f32).audio;
    std::vector<const float*> in;
    in.reserve(static_cast<std::size_t>(floats.channels()));
    for (int c = 0; c < floats.channels(); ++c) in.push_back(floats.channel<float>(c).data());
    AudioBuffer out = room(resampler_.max_output_frames(floats.frames()));
    out.truncate(resampler_.process(in, floats.frames(), channels_of(out)));
    return out;
  }

  dsp::Resampler resampler_;
  bool one_dimensional_;
  bool busy_ = false;
};

/// Takes over a vector as a one-dimensional array.
template <typename Value>
nb::object to_array(ElementType type, std::unique_ptr<std::vector<Value>> owned) {
  std::vector<Value>& values = *owned;
  const nb::capsule owner(
      owned.get(), [](void* kept) noexcept { delete static_cast<std::vector<Value>*>(kept); });
  static_cast<void>(owned.release());  // the capsule's now
  const std::size_t shape[] = {values.size()};
  return make_array(type, shape, values.data(), owner);
}

/// Frame decisions or levels of a stream; channels are averaged.
class StreamVad {
 public:
  StreamVad(int rate, int frame_duration_ms, double threshold, int aggressiveness)
      : vad_({.rate = rate,
              .frame_duration_ms = frame_duration_ms,
              .threshold = threshold,
              .aggressiveness = aggressiveness}) {}

  [[nodiscard]] std::size_t frame_length() const { return vad_.frame_length(); }

  nb::object process(nb::handle x) {
    return run(ElementType::boolean, x, &dsp::EnergyVad::process);
  }

  nb::object levels(nb::handle x) { return run(ElementType::f32, x, &dsp::EnergyVad::levels); }

  void reset() {
    const Turn turn(busy_, "the EnergyVAD");
    vad_.reset();
  }

 private:
  template <typename Value>
  nb::object run(ElementType type, nb::handle x,
                 std::size_t (dsp::EnergyVad::*take)(std::span<const float>, std::span<Value>)) {
    const AudioBuffer audio = borrow_array(x, vad_.config().rate, "x");
    const Turn turn(busy_, "the EnergyVAD");
    auto answers = std::make_unique<std::vector<Value>>();
    unlocked(samples_of(audio), [&] {
      const AudioBuffer mono = dsp::to_mono(audio);
      answers->resize(vad_.max_frames(mono.frames()));
      answers->resize((vad_.*take)(mono.channel<float>(0), *answers));
    });
    return to_array(type, std::move(answers));
  }

  dsp::EnergyVad vad_;
  bool busy_ = false;
};

}  // namespace

void bind_kernels(nb::module_& m) {
  using nb::literals::operator""_a;
  m.def("read_audio", read_audio, "path"_a,
        nb::sig("def read_audio(path: str) -> tuple[numpy.typing.NDArray[numpy.float32], int]"),
        "Read a whole file as float32 of shape (channels, frames), and its rate in Hz.");
  m.def("write_audio", write_audio, "path"_a, "audio"_a.none(), "rate"_a,
        nb::sig("def write_audio(path: str, audio: numpy.typing.NDArray[typing.Any], rate: int) -> "
                "None"),
        "Write a whole file; its name appears when it is complete.");
  m.def("check_samples", check_samples, "x"_a.none(), "keep_float64"_a = false,
        nb::sig("def check_samples(x: object, keep_float64: bool = False) -> "
                "numpy.typing.NDArray[typing.Any]"),
        "`remotemedia._arrays.check_samples`, at once for arrays that pass as they are.");
  m.def("resample", resample, "x"_a.none(), "rate"_a, "target_rate"_a, "quality"_a, "mono"_a,
        nb::sig("def resample(x: numpy.typing.NDArray[typing.Any], rate: int, target_rate: int, "
                "quality: str, mono: bool) -> numpy.typing.NDArray[numpy.float32]"),
        "Resample a whole clip; the same bits as `Resampler` in any chunks.");
  m.def(
      "convert_format", convert_format, "x"_a.none(), "target"_a, "dither"_a, "first_frame"_a = 0,
      nb::sig("def convert_format(x: numpy.typing.NDArray[typing.Any], target: str, dither: bool, "
              "first_frame: int = 0) -> numpy.typing.NDArray[typing.Any]"),
      "Convert between float32, float64, int16 and int32; the same type gives the same array.");
  m.def("to_mono", to_mono, "x"_a.none(),
        nb::sig("def to_mono(x: numpy.typing.NDArray[typing.Any]) -> "
                "numpy.typing.NDArray[numpy.float32]"),
        "Average the channels in float64; mono float32 gives the same array.");

  nb::class_<StreamResampler>(m, "Resampler", nb::is_final(),
                              "A rate change as a stream; one thread at a time.")
      .def(nb::init<int, int, int, std::string_view, bool>(), "rate"_a, "target_rate"_a,
           "channels"_a, "quality"_a, "mono"_a)
      .def_prop_ro("latency_frames", &StreamResampler::latency_frames,
                   "Input frames that must follow a frame before its output appears.")
      .def_prop_ro("cleaned_samples", &StreamResampler::cleaned_samples,
                   "Samples that were NaN or infinite and have been replaced.")
      .def("process", &StreamResampler::process, "x"_a.none(),
           nb::sig("def process(self, x: numpy.typing.NDArray[typing.Any]) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "Take (channels, frames) or (frames,), give the frames that are ready.")
      .def("flush", &StreamResampler::flush,
           nb::sig("def flush(self) -> numpy.typing.NDArray[numpy.float32]"),
           "Give the rest; what follows is a new stream.")
      .def("reset", &StreamResampler::reset, "Drop the rest of the stream.");

  nb::class_<StreamVad>(m, "EnergyVAD", nb::is_final(),
                        "Energy voice activity detection as a stream; one thread at a time.")
      .def(nb::init<int, int, double, int>(), "rate"_a, "frame_duration_ms"_a, "threshold"_a,
           "aggressiveness"_a)
      .def_prop_ro("frame_length", &StreamVad::frame_length, "Frames per decision.")
      .def("process", &StreamVad::process, "x"_a.none(),
           nb::sig("def process(self, x: numpy.typing.NDArray[typing.Any]) -> "
                   "numpy.typing.NDArray[numpy.bool_]"),
           "Decide for each frame that `x` completes; channels are averaged.")
      .def("levels", &StreamVad::levels, "x"_a.none(),
           nb::sig("def levels(self, x: numpy.typing.NDArray[typing.Any]) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "Level in dB of each frame that `x` completes; channels are averaged.")
      .def("reset", &StreamVad::reset, "Forget the partial frame and the noise floor.");
}

}  // namespace remotemedia::bindings

// The audio kernels as remotemedia.audio calls them. They check their arrays and write into the
// arrays that they give; the GIL is free while a kernel works on more than a few samples.

#include "bindings/arrays.h"
#include "bindings/conversion.h"
#include "bindings/module.h"
#include "bindings/numpy_array.h"
#include "bindings/rate_change.h"
#include "bindings/turn.h"
#include "bindings/unlocked.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/energy_vad.h"
#include "remotemedia/dsp/format.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/media/audio_file.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string_view.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr int kUnknownRate = 0;  // of arrays whose kernel does not ask for it

std::size_t samples_of(const AudioBuffer& audio) {
  return audio.frames() * static_cast<std::size_t>(audio.channels());
}

dsp::Quality to_quality(std::string_view name) {
  if (const auto quality = dsp::parse_quality(name)) return *quality;
  refuse("quality", "'" + std::string(name) + "'", "'low', 'medium', 'high', 'very_high'");
}

dsp::ResamplingMode to_mode(std::string_view name) {
  if (const auto mode = dsp::parse_resampling_mode(name)) return *mode;
  refuse("mode", "'" + std::string(name) + "'", "'live', 'offline'");
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

nb::object to_mono(nb::handle x) {
  const TakenAudio taken = take_audio(x, kUnknownRate);
  const AudioBuffer& audio = taken.audio;
  if (audio.channels() == 1) return converted(taken.array, ElementType::f32);
  const NewArray result = new_array(ElementType::f32, 1, audio.frames());
  unlocked(samples_of(audio), [&] { dsp::mix_to_mono(audio, static_cast<float*>(result.data)); });
  return result.array;
}

/// A rate change as a stream: audio in, as many dimensions out.
class StreamResampler {
 public:
  StreamResampler(int rate, int target_rate, int channels, std::string_view quality, bool mono,
                  std::string_view mode)
      : resampler_(unlocked([&] {
          return dsp::Resampler({.rate = rate,
                                 .target_rate = target_rate,
                                 .channels = channels,
                                 .quality = to_quality(quality),
                                 .mono = mono,
                                 .mode = to_mode(mode)});
        })),
        one_dimensional_(channels == 1) {}

  [[nodiscard]] std::size_t latency_frames() const { return resampler_.latency_frames(); }
  [[nodiscard]] std::uint64_t cleaned_samples() const { return resampler_.cleaned_samples(); }

  nb::object process(nb::handle x) {
    const TakenAudio taken = take_audio(x, resampler_.config().rate);
    check_channel_count(taken.audio.channels());
    const Turn turn(busy_, "the Resampler");
    one_dimensional_ = taken.audio.one_dimensional;
    const Room out = room(resampler_.max_output_frames(taken.audio.frames()));
    unlocked(samples_of(taken.audio), [&] { run(taken.audio, out); });
    return out.array;
  }

  nb::object flush() {
    const Turn turn(busy_, "the Resampler");
    const Room out = room(resampler_.max_flush_frames());
    unlocked([&] { resampler_.flush(out.planes()); });
    one_dimensional_ = resampler_.config().channels == 1;
    return out.array;
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

  /// A new array for what comes out.
  struct Room {
    nb::object array;
    std::array<float*, kMaxChannels> channels;  ///< the first `count` are set
    std::size_t count = 0;

    [[nodiscard]] std::span<float* const> planes() const {
      return std::span(channels).first(count);
    }
  };

  [[nodiscard]] Room room(std::size_t frames) const {
    Room out;
    out.count = static_cast<std::size_t>(resampler_.output_channels());
    NewArray made = new_array(ElementType::f32, out.count, frames, one_dimensional_);
    out.array = std::move(made.array);
    for (std::size_t c = 0; c < out.count; ++c) {
      out.channels[c] = static_cast<float*>(made.data) + c * frames;
    }
    return out;
  }

  void run(const AudioBuffer& audio, const Room& out) {
    const AudioBuffer floats = dsp::convert_format(audio, SampleFormat::f32).audio;
    std::array<const float*, kMaxChannels> in;
    const auto count = static_cast<std::size_t>(floats.channels());
    for (std::size_t c = 0; c < count; ++c) {
      in[c] = floats.channel<float>(static_cast<int>(c)).data();
    }
    resampler_.process(std::span<const float* const>(in.data(), count), floats.frames(),
                       out.planes());
  }

  dsp::Resampler resampler_;
  bool one_dimensional_;
  bool busy_ = false;
};

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
    const TakenAudio taken = take_audio(x, vad_.config().rate);
    const Turn turn(busy_, "the EnergyVAD");
    const std::size_t frames = vad_.max_frames(taken.audio.frames());
    const NewArray answers = new_array(type, 1, frames, true);
    unlocked(samples_of(taken.audio), [&] {
      const AudioBuffer mono = dsp::to_mono(taken.audio);
      (vad_.*take)(mono.channel<float>(0), {static_cast<Value*>(answers.data), frames});
    });
    return answers.array;
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
  m.def(
      "resample", resample, "x"_a.none(), "rate"_a.none(), "target_rate"_a.none(),
      "quality"_a.none(), "mono"_a.none(), "mode"_a.none() = "live",
      nb::sig(
          "def resample(x: numpy.typing.NDArray[typing.Any], rate: int, target_rate: int, "
          "quality: str, mono: bool, mode: str = \"live\") -> numpy.typing.NDArray[numpy.float32]"),
      "Resample a whole clip; the same bits as `Resampler` in any chunks.");
  m.def(
      "convert_format", convert_format, "x"_a.none(), "target"_a.none(), "dither"_a.none(),
      "first_frame"_a = 0,
      nb::sig("def convert_format(x: numpy.typing.NDArray[typing.Any], target: str, dither: bool, "
              "first_frame: int = 0) -> numpy.typing.NDArray[typing.Any]"),
      "Convert between float32, float64, int16 and int32; the same type gives the same array.");
  m.def("to_mono", to_mono, "x"_a.none(),
        nb::sig("def to_mono(x: numpy.typing.NDArray[typing.Any]) -> "
                "numpy.typing.NDArray[numpy.float32]"),
        "Average the channels; mono float32 gives the same array.");

  nb::class_<StreamResampler>(m, "Resampler", nb::is_final(),
                              "A rate change as a stream; one thread at a time.")
      .def(nb::init<int, int, int, std::string_view, bool, std::string_view>(), "rate"_a,
           "target_rate"_a, "channels"_a, "quality"_a, "mono"_a, "mode"_a = "live")
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

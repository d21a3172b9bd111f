// The Silero VAD as remotemedia.audio calls it. Arrays are borrowed and results own their native
// buffer; the GIL is free while the network runs.

#include "bindings/arrays.h"
#include "bindings/module.h"
#include "bindings/python_access.h"
#include "bindings/turn.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/silero_vad.h"
#include "remotemedia/nodes/silero_model.h"

#include <nanobind/stl/vector.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

/// Probabilities of a stream's windows; channels are averaged.
class StreamSilero {
 public:
  explicit StreamSilero(int rate) : vad_(make(rate)) {}

  [[nodiscard]] std::size_t window_length() const { return vad_.window_length(); }
  [[nodiscard]] std::uint64_t cleaned_samples() const { return vad_.cleaned_samples(); }

  nb::object process(nb::handle x) {
    const TakenAudio taken = take_audio(x, vad_.config().rate);
    const Turn turn(busy_, kName);
    AudioBuffer result;
    {
      const GilRelease unlocked;
      const AudioBuffer mono = dsp::to_mono(taken.audio);
      result = room(mono.frames());
      vad_.process(mono.channel<float>(0), result.mutable_channel<float>(0));
    }
    return to_numpy(result);
  }

  nb::object flush() {
    const Turn turn(busy_, kName);
    AudioBuffer result = room(vad_.pending() > 0 ? vad_.window_length() - vad_.pending() : 0);
    {
      const GilRelease unlocked;
      vad_.flush(result.mutable_channel<float>(0));
    }
    return to_numpy(result);
  }

  void reset() {
    const Turn turn(busy_, kName);
    vad_.reset();
  }

  static nb::list process_many(const std::vector<StreamSilero*>& detectors,
                               const std::vector<nb::object>& chunks) {
    if (detectors.size() != chunks.size()) {
      refuse("number of chunks", chunks.size(), std::to_string(detectors.size()) + " as detectors");
    }
    std::vector<AudioBuffer> inputs;
    std::deque<Turn> turns;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (detectors[i] == nullptr) refuse_type("detector is None, expected a SileroVAD");
      inputs.push_back(borrow_array(chunks[i], detectors[i]->vad_.config().rate, "chunk"));
      turns.emplace_back(detectors[i]->busy_, kName);
    }
    std::vector<AudioBuffer> results;
    {
      const GilRelease unlocked;
      results = run_many(detectors, inputs);
    }
    nb::list arrays;
    for (const AudioBuffer& result : results) arrays.append(to_numpy(result));
    return arrays;
  }

 private:
  static constexpr const char* kName = "the SileroVAD";

  static dsp::SileroVad make(int rate) {
    const GilRelease unlocked;
    return {load_silero_model(), {.rate = rate}};
  }

  /// For the probabilities of the windows that `samples` more samples complete.
  [[nodiscard]] AudioBuffer room(std::size_t samples) const {
    AudioBuffer result =
        AudioBuffer::allocate(SampleFormat::f32, 1, vad_.max_windows(samples), vad_.config().rate);
    result.one_dimensional = true;
    return result;
  }

  static std::vector<AudioBuffer> run_many(const std::vector<StreamSilero*>& detectors,
                                           const std::vector<AudioBuffer>& inputs) {
    std::vector<AudioBuffer> monos;
    std::vector<AudioBuffer> results;
    std::vector<dsp::SileroVad::Chunk> chunks;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      monos.push_back(dsp::to_mono(inputs[i]));
      results.push_back(detectors[i]->room(monos[i].frames()));
      chunks.push_back({.detector = &detectors[i]->vad_,
                        .x = monos[i].channel<float>(0),
                        .probabilities = results[i].mutable_channel<float>(0)});
    }
    dsp::SileroVad::process_many(chunks);
    return results;
  }

  dsp::SileroVad vad_;
  bool busy_ = false;
};

}  // namespace

void bind_silero(nb::module_& m) {
  using nb::literals::operator""_a;
  nb::class_<StreamSilero>(m, "SileroVAD", nb::is_final(),
                           "Voice activity by the Silero network; one thread at a time.")
      .def(nb::init<int>(), "rate"_a)
      .def_prop_ro("window_length", &StreamSilero::window_length, "Frames per probability.")
      .def_prop_ro("cleaned_samples", &StreamSilero::cleaned_samples,
                   "Samples that were NaN, infinite or beyond +-65536 and have been replaced.")
      .def("process", &StreamSilero::process, "x"_a.none(),
           nb::sig("def process(self, x: numpy.typing.NDArray[typing.Any]) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "Give the probability of each window that `x` completes; channels are averaged.")
      .def("flush", &StreamSilero::flush,
           nb::sig("def flush(self) -> numpy.typing.NDArray[numpy.float32]"),
           "Complete a partial window with zeros; what follows is a new stream.")
      .def("reset", &StreamSilero::reset, "Forget the stream.");
  m.def("silero_process_many", &StreamSilero::process_many, "detectors"_a, "chunks"_a,
        nb::sig("def silero_process_many(detectors: list[SileroVAD], chunks: "
                "list[numpy.typing.NDArray[typing.Any]]) -> "
                "list[numpy.typing.NDArray[numpy.float32]]"),
        "The same as `process` of each detector on its chunk, evaluated together.");
}

}  // namespace remotemedia::bindings

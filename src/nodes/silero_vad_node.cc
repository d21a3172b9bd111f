// SileroVADNode: the Silero network and its segmenter behind the node interface.

#include "nodes/node_types.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/silero_vad.h"
#include "remotemedia/dsp/speech_segmenter.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/nodes/builtin.h"
#include "remotemedia/nodes/silero_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes {
namespace {

constexpr int kRates[] = {16'000, 8'000};

bool is_possible(int rate) { return std::ranges::find(kRates, rate) != std::end(kRates); }

/// `expected` is 0 if the parameters leave it open.
void check_input_rate(int rate, int expected) {
  if (expected == 0 ? is_possible(rate) : rate == expected) return;
  refuse("SileroVADNode: input rate", rate,
         expected == 0 ? "16000 or 8000 Hz" : std::to_string(expected) + " Hz",
         "put an AudioResampleNode(target_sample_rate=" +
             std::to_string(expected == 0 ? kRates[0] : expected) + ") in front");
}

/// What one item's metadata say. Times are seconds of the clip.
struct Findings {
  Value::Array probabilities;
  Value::Array events;
  Value::Array segments;
  std::int64_t speech_frames = 0;
};

/// The detector and the segmenter of one stream at one rate, and what of their decisions has been
/// reported.
class Stream {
 public:
  Stream(std::shared_ptr<const dsp::SileroModel> model, dsp::SpeechSegmenter::Config config,
         double begin_s)
      : vad_(std::move(model), {.rate = config.rate}),
        segmenter_([&] {
          config.window_length = vad_.window_length();
          return config;
        }()),
        begin_s_(begin_s) {}

  [[nodiscard]] int rate() const { return vad_.config().rate; }
  [[nodiscard]] double end_s() const { return time_of(seen_); }
  [[nodiscard]] double analysed_until_s() const { return time_of(reported_); }
  [[nodiscard]] bool is_speech() const { return is_speech_; }

  void process(std::span<const float> x, Findings& found) {
    seen_ += x.size();
    probabilities_.resize(vad_.max_windows(x.size()));
    probabilities_.resize(vad_.process(x, probabilities_));
    for (const float probability : probabilities_) {
      add_window(probability, vad_.window_length(), found);
    }
    settle(segmenter_.settled(), found);
  }

  /// The stream ends here: a partial window is completed with zeros, speech ends.
  void finish(Findings& found) {
    const std::size_t rest = vad_.pending();
    probabilities_.resize(1);
    if (vad_.flush(probabilities_) > 0) add_window(probabilities_[0], rest, found);
    const std::uint64_t end = segmenter_.position();
    take(segmenter_.finish(), found);
    settle(end, found);
  }

 private:
  [[nodiscard]] double time_of(std::uint64_t sample) const {
    return begin_s_ + static_cast<double>(sample) / rate();
  }

  void add_window(float probability, std::size_t samples, Findings& found) {
    found.probabilities.emplace_back(static_cast<double>(probability));
    take(segmenter_.push(probability, samples), found);
    is_speech_ = segmenter_.is_speech();
    if (is_speech_) ++found.speech_frames;
  }

  void take(std::span<const dsp::SpeechEvent> events, Findings& found) {
    for (const dsp::SpeechEvent& event : events) {
      const bool starts = event.kind == dsp::SpeechEvent::Kind::start;
      found.events.emplace_back(
          Object{{"event", starts ? "start" : "end"}, {"time_s", time_of(event.sample)}});
      settle(event.sample, found);
      speaking_ = starts;
    }
  }

  /// Reports what lies before `sample`, which is decided. Segments that touch are one, so that
  /// blocks do not change them.
  void settle(std::uint64_t sample, Findings& found) {
    if (sample <= reported_) return;
    if (speaking_) {
      const double begin_s = time_of(reported_);
      if (!found.segments.empty() && last_end_ == reported_) {
        (*found.segments.back().as_array())[1] = time_of(sample);
      } else {
        found.segments.emplace_back(Value::Array{begin_s, time_of(sample)});
      }
      last_end_ = sample;
    }
    reported_ = sample;
  }

  dsp::SileroVad vad_;
  dsp::SpeechSegmenter segmenter_;
  std::vector<float> probabilities_;
  double begin_s_;              ///< stream time at which this detector started
  std::uint64_t seen_ = 0;      ///< samples
  std::uint64_t reported_ = 0;  ///< samples before it have been reported as speech or not
  std::uint64_t last_end_ = ~std::uint64_t{0};  ///< of the last segment
  bool speaking_ = false;                       ///< after a start event
  bool is_speech_ = false;
};

/// Passes audio unchanged and says in its metadata what of it is speech. What is decided only when
/// a stream ends leaves with an item of no frames.
class SileroVadNode final : public NodeExecutor {
 public:
  explicit SileroVadNode(const Parameters& parameters)
      : config_{.threshold = parameters.number("threshold"),
                .min_speech_duration_ms = parameters.integer("min_speech_duration_ms"),
                .min_silence_duration_ms = parameters.integer("min_silence_duration_ms"),
                .speech_pad_ms = parameters.integer("speech_pad_ms")},
        expected_rate_(parameters.is_null("sample_rate") ? 0 : parameters.integer("sample_rate")) {}

  void initialize(const NodeContext& /*context*/) override { model_ = load_silero_model(); }

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer& audio = require_audio(packet);
    check_input_rate(audio.rate(), expected_rate_);
    Findings found;
    if (stream_ && stream_->rate() != audio.rate()) finish_stream(found);
    if (!stream_) start(audio.rate());
    const AudioBuffer mono = dsp::to_mono(audio);
    stream_->process(mono.channel<float>(0), found);
    remember(packet, audio);
    if (packet.ends_clip) finish_stream(found);
    annotate(packet.metadata, std::move(found));
    if (packet.ends_clip) start_clip();
    out.emit(std::move(packet));
  }

  void flush(Emitter& out) override {
    if (!stream_) return;
    Findings found;
    Packet rest = last_.with(no_frames());
    finish_stream(found);
    rest.timestamp = Time(std::llround(begin_s_ * 1e9));
    rest.metadata = MetadataJoiner(builtin_nodes()).continued(rest.metadata);
    annotate(rest.metadata, std::move(found));
    start_clip();
    out.emit(std::move(rest));
  }

  void cleanup() noexcept override {
    stream_.reset();
    model_.reset();
  }

 private:
  void start(int rate) {
    config_.rate = rate;
    stream_.emplace(model_, config_, begin_s_);
  }

  void finish_stream(Findings& found) {
    stream_->finish(found);
    begin_s_ = stream_->end_s();
    analysed_until_s_ = stream_->analysed_until_s();
    is_speech_ = stream_->is_speech();
    stream_.reset();
  }

  void start_clip() {
    begin_s_ = 0.0;
    is_speech_ = false;
    last_ = {};
  }

  /// The envelope of the last item and the shape of its audio, not the audio.
  void remember(const Packet& packet, const AudioBuffer& audio) {
    last_ = packet.with({});
    channels_ = audio.channels();
    format_ = audio.format();
    one_dimensional_ = audio.one_dimensional;
  }

  [[nodiscard]] AudioBuffer no_frames() const {
    AudioBuffer audio = AudioBuffer::allocate(format_, channels_, 0, stream_->rate());
    audio.one_dimensional = one_dimensional_;
    return audio;
  }

  void annotate(Object& metadata, Findings found) {
    if (stream_) {
      is_speech_ = stream_->is_speech();
      analysed_until_s_ = stream_->analysed_until_s();
    }
    const std::size_t windows = found.probabilities.size();
    metadata.set("is_speech", windows > 0 ? found.speech_frames > 0 : is_speech_);
    metadata.set("speech_frames", found.speech_frames);
    metadata.set("total_frames", windows);
    metadata.set("speech_segments", std::move(found.segments));
    metadata.set("analysed_until_s", analysed_until_s_);
    metadata.set("speech_probabilities", std::move(found.probabilities));
    metadata.set("speech_events", std::move(found.events));
  }

  dsp::SpeechSegmenter::Config config_;
  int expected_rate_;
  std::shared_ptr<const dsp::SileroModel> model_;
  std::optional<Stream> stream_;
  Packet last_;
  int channels_ = 1;
  SampleFormat format_ = SampleFormat::f32;
  bool one_dimensional_ = false;
  double begin_s_ = 0.0;
  double analysed_until_s_ = 0.0;
  bool is_speech_ = false;
};

ParameterSpec duration(std::string name, std::string description, int default_value) {
  return {.name = std::move(name),
          .type = ParameterType::integer,
          .description = std::move(description),
          .default_value = default_value,
          .minimum = 0,
          .maximum = 10'000,
          .unit = "ms"};
}

std::vector<ParameterSpec> parameters() {
  ParameterSpec rate = rate_parameter(
      "sample_rate", "Rate that the input must have, 16000 or 8000; either if null.", 0);
  rate.default_value.reset();
  rate.maximum = kRates[0];
  rate.nullable = true;
  return {
      {.name = "threshold",
       .type = ParameterType::number,
       .description = "Probability at which speech begins; it ends 0.15 below.",
       .default_value = 0.5,
       .minimum = 0,
       .maximum = 1},
      duration("min_speech_duration_ms", "Speech that is not longer than this is dropped.", 250),
      duration("min_silence_duration_ms", "Silence that ends a segment.", 100),
      duration("speech_pad_ms", "Added to a segment on either side.", 30),
      rate};
}

std::vector<MetadataField> metadata() {
  return {{"is_speech",
           "Whether any window that this item completed is speech, at once and whatever comes of "
           "it; if it completed none, the last decision.",
           MetadataMerge::any},
          {"speech_frames", "Windows that this item completed and that are speech.",
           MetadataMerge::sum},
          {"total_frames", "Windows of 32 ms that this item completed.", MetadataMerge::sum},
          {"speech_segments",
           "[[start, end], ...] of speech in seconds of the clip, as far as it has become "
           "certain with this item.",
           MetadataMerge::concat_intervals, true},
          {"analysed_until_s",
           "Where that ends, in seconds of the clip; later audio waits for its decision.",
           MetadataMerge::last, true},
          {"speech_probabilities", "Probability of speech in each completed window.",
           MetadataMerge::concat},
          {"speech_events",
           "[{\"event\": \"start\" or \"end\", \"time_s\": seconds of the clip}, ...] that have "
           "become certain with this item.",
           MetadataMerge::concat, true}};
}

}  // namespace

NodeType silero_vad_type() {
  return {.name = "SileroVADNode",
          .summary = "Marks speech by the probabilities of the Silero VAD network.",
          .category = "audio",
          .parameters = parameters(),
          .inputs = {audio_port()},
          .outputs = {audio_port()},
          .metadata = metadata(),
          .make = make_node<SileroVadNode>,
          .resolve =
              [](const Parameters& parameters, const StreamFormat& input) {
                const bool open = parameters.is_null("sample_rate");
                const int expected = open ? 0 : parameters.integer("sample_rate");
                if (input.rate != 0) check_input_rate(input.rate, expected);
                StreamFormat output = input;
                if (!open) output.rate = expected;
                return output;
              },
          .check =
              [](const Parameters& parameters) {
                if (parameters.is_null("sample_rate")) return;
                const int rate = parameters.integer("sample_rate");
                if (!is_possible(rate)) refuse("sample_rate", rate, "16000 or 8000 Hz");
              }};
}

}  // namespace remotemedia::nodes

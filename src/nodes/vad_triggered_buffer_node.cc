// VADTriggeredBuffer: whole utterances out of audio that carries speech decisions.

#include "nodes/node_types.h"
#include "nodes/utterance_cutter.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes {
namespace {

// What a detector says of the single item; it would be wrong for the utterance.
constexpr const char* kItemFields[] = {
    "is_speech",    "speech_ratio",    "avg_energy",       "frame_duration_ms",    "speech_frames",
    "total_frames", "speech_segments", "analysed_until_s", "speech_probabilities", "speech_events"};

void check_buffer_rate(int rate, int expected) {
  if (rate != expected) {
    refuse("VADTriggeredBuffer: input rate", rate, std::to_string(expected) + " Hz",
           "set sample_rate, or put an AudioResampleNode(target_sample_rate=" +
               std::to_string(expected) + ") in front");
  }
}

/// An item's `speech_segments` or `analysed_until_s` in seconds; nothing a detector gives is longer
/// than a stream can be.
double checked_seconds(const char* field, const Value& value) {
  constexpr double kMaxSeconds = 1e9;
  if (value.is_number() && value.number() >= 0 && value.number() <= kMaxSeconds) {
    return value.number();
  }
  refuse(std::string("VADTriggeredBuffer: ") + field, to_json(value), "seconds of the stream");
}

class VadTriggeredBufferNode final : public NodeExecutor {
 public:
  explicit VadTriggeredBufferNode(const Parameters& parameters)
      : rate_(parameters.integer("sample_rate")),
        cutter_(
            limits(parameters), [this] { start(); },
            [this](UtteranceCutter::Utterance utterance) { emit(std::move(utterance)); }) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer audio = require_audio(packet);
    check_buffer_rate(audio.rate(), rate_);
    check_stream(audio);
    const Value* is_speech = packet.metadata.find("is_speech");
    if (is_speech == nullptr || is_speech->as_bool() == nullptr) {
      refuse("VADTriggeredBuffer: metadata", "without is_speech", "audio with a speech decision",
             "put a VADNode in front");
    }
    packet.payload = std::monostate{};
    out_ = &out;
    latest_ = std::move(packet);
    waiting_.push(audio);
    arrived_ += audio.frames();
    learn(latest_.metadata);
    cut();
    if (latest_.ends_clip) end_clip();
    check_waiting();
    out_ = nullptr;
  }

  void flush(Emitter& out) override {
    out_ = &out;
    end_clip();
    cutter_.finish();
    out_ = nullptr;
  }

 private:
  /// Frames of the stream that are speech.
  struct Run {
    std::uint64_t begin;
    std::uint64_t end;
  };

  static UtteranceCutter::Limits limits(const Parameters& parameters) {
    const auto frames = [&](const char* name) {
      return static_cast<std::size_t>(
          std::llround(parameters.number(name) * parameters.integer("sample_rate")));
    };
    return {.min_speech = frames("min_speech_duration_s"),
            .max_length = std::max<std::size_t>(1, frames("max_speech_duration_s")),
            .silence = frames("silence_duration_s"),
            .pre_speech = frames("pre_speech_buffer_s"),
            .silence_gap = frames("max_silence_gap_s")};
  }

  void check_stream(const AudioBuffer& audio) {
    if (channels_ == 0) {
      channels_ = audio.channels();
      format_ = audio.format();
    }
    if (audio.channels() != channels_) {
      refuse("VADTriggeredBuffer: channels", audio.channels(),
             std::to_string(channels_) + " as before");
    }
    if (audio.format() != format_) {
      refuse("VADTriggeredBuffer: sample format", to_string(audio.format()),
             std::string(to_string(format_)) + " as before");
    }
  }

  // Decisions that no audio waits for any more, or not yet, are kept apart from the audio: a node
  // in between may hold audio back and let its metadata go ahead.
  void learn(const Object& metadata) {
    const Value* until = metadata.find("analysed_until_s");
    const Value* segments = metadata.find("speech_segments");
    if (until == nullptr || segments == nullptr) {
      // One decision for the item, and for what had none.
      if (*metadata.find("is_speech")->as_bool()) add_speech(decided_, arrived_);
      decided_ = std::max(decided_, arrived_);
      return;
    }
    const Value::Array* list = segments->as_array();
    if (list == nullptr) refuse_segments(*segments);
    for (const Value& segment : *list) {
      const Value::Array* bounds = segment.as_array();
      if (bounds == nullptr || bounds->size() != 2) refuse_segments(*segments);
      add_speech(frame_at("speech_segments", (*bounds)[0]),
                 frame_at("speech_segments", (*bounds)[1]));
    }
    decided_ = std::max(decided_, frame_at("analysed_until_s", *until));
  }

  [[noreturn]] static void refuse_segments(const Value& segments) {
    refuse("VADTriggeredBuffer: speech_segments", to_json(segments), "[[start, end], ...]");
  }

  [[nodiscard]] std::uint64_t frame_at(const char* field, const Value& time_s) const {
    return clip_begin_ +
           static_cast<std::uint64_t>(std::llround(checked_seconds(field, time_s) * rate_));
  }

  void add_speech(std::uint64_t begin, std::uint64_t end) {
    begin = std::max(begin, decided_);
    if (end <= begin) return;
    speech_.push_back({begin, end});
    decided_ = end;
  }

  /// Passes on what has both arrived and been decided.
  void cut() {
    const std::uint64_t ready = std::min(decided_, arrived_);
    while (position_ < ready) {
      while (!speech_.empty() && speech_.front().end <= position_) speech_.pop_front();
      const bool is_speech = !speech_.empty() && speech_.front().begin <= position_;
      std::uint64_t end = ready;
      if (!speech_.empty()) {
        end = std::min(end, is_speech ? speech_.front().end : speech_.front().begin);
      }
      const auto frames = static_cast<std::size_t>(end - position_);
      position_ = end;
      for (const AudioBuffer& part : waiting_.take_parts(frames)) cutter_.add(part, is_speech);
    }
  }

  /// What no detector has judged, less than a frame, is silence. Times of the next item's metadata
  /// count from its start.
  void end_clip() {
    decided_ = std::max(decided_, arrived_);
    cut();
    speech_.clear();
    decided_ = arrived_;
    clip_begin_ = arrived_;
  }

  void check_waiting() const {
    constexpr std::uint64_t kMostSeconds = 60;  // a detector decides within a fraction of one
    if (waiting_.frames() > kMostSeconds * static_cast<std::uint64_t>(rate_)) {
      refuse("VADTriggeredBuffer: analysed_until_s",
             to_json(*latest_.metadata.find("analysed_until_s")),
             "times that go on with the audio, which waits for its decision since " +
                 std::to_string(kMostSeconds) + " s");
    }
  }

  void start() {
    starter_ = latest_;
    for (const char* field : kItemFields) starter_.metadata.erase(field);
  }

  void emit(UtteranceCutter::Utterance utterance) {
    Packet packet = starter_;
    const auto begin_s = static_cast<double>(utterance.begin) / rate_;
    packet.metadata.set("start_s", begin_s);
    packet.metadata.set("end_s",
                        static_cast<double>(utterance.begin + utterance.audio.frames()) / rate_);
    packet.timestamp = frame_time(utterance.begin, rate_);
    packet.ends_clip = true;  // each utterance is a clip of its own
    packet.payload = std::move(utterance.audio);
    out_->emit(std::move(packet));
  }

  int rate_;
  UtteranceCutter cutter_;
  FrameQueue waiting_;                           ///< for a decision
  std::deque<Run, BlockAllocator<Run>> speech_;  ///< decided, of audio that has not been cut yet
  Packet latest_;                                ///< envelope of the last item
  Packet starter_;                ///< envelope of the item that started the utterance
  Emitter* out_ = nullptr;        ///< of the running call
  std::uint64_t arrived_ = 0;     ///< frames of the stream
  std::uint64_t decided_ = 0;     ///< frames before it have a decision
  std::uint64_t position_ = 0;    ///< frames before it went to the cutter
  std::uint64_t clip_begin_ = 0;  ///< where times in the metadata count from
  int channels_ = 0;
  SampleFormat format_ = SampleFormat::f32;
};

ParameterSpec duration(std::string name, std::string description, double default_value) {
  return {.name = std::move(name),
          .type = ParameterType::number,
          .description = std::move(description),
          .default_value = default_value,
          .minimum = 0,
          .maximum = 3'600,
          .unit = "s"};
}

}  // namespace

NodeType vad_triggered_buffer_type() {
  return {
      .name = "VADTriggeredBuffer",
      .summary = "Collects whole utterances from audio that a voice activity detector has marked.",
      .category = "audio",
      .parameters =
          {duration("min_speech_duration_s", "Shorter utterances are not emitted.", 1.0),
           duration("max_speech_duration_s",
                    "An utterance of this length is emitted at once, if it has enough speech.",
                    10.0),
           duration("silence_duration_s",
                    "This much silence ends an utterance that has enough speech.", 0.5),
           duration("pre_speech_buffer_s", "Audio kept from before the start of speech.", 1.0),
           duration("max_silence_gap_s",
                    "An utterance that is still too short is dropped after this much silence.",
                    1.5),
           rate_parameter("sample_rate", "Rate that the input must have.", 16'000)},
      .inputs = {audio_port()},
      .outputs = {audio_port()},
      .metadata = {{"start_s", "Start of the utterance in seconds of the stream.",
                    MetadataMerge::last},
                   {"end_s", "End of the utterance in seconds of the stream.",
                    MetadataMerge::last}},
      .continuous = false,
      .make = make_node<VadTriggeredBufferNode>,
      .resolve =
          [](const Parameters& parameters, const StreamFormat& input) {
            if (input.rate != 0) check_buffer_rate(input.rate, parameters.integer("sample_rate"));
            StreamFormat output = input;
            output.rate = parameters.integer("sample_rate");
            return output;
          },
      .check =
          [](const Parameters& parameters) {
            const double least = parameters.number("min_speech_duration_s");
            const double most = parameters.number("max_speech_duration_s");
            if (most < least) {
              refuse("max_speech_duration_s", to_json(most),
                     "at least min_speech_duration_s, which is " + to_json(least));
            }
          }};
}

}  // namespace remotemedia::nodes

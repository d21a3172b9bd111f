// VADTriggeredBuffer: whole utterances out of audio that carries speech decisions.

#include "nodes/node_types.h"
#include "nodes/utterance_cutter.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes {
namespace {

// What a detector says of the single item; it would be wrong for the utterance.
constexpr const char* kItemFields[] = {"is_speech",         "speech_ratio",    "avg_energy",
                                       "frame_duration_ms", "speech_frames",   "total_frames",
                                       "speech_segments",   "analysed_until_s"};

void check_rate_is(int rate, int expected) {
  if (rate != expected) {
    refuse("VADTriggeredBuffer: input rate", rate, std::to_string(expected) + " Hz",
           "set sample_rate, or put an AudioResampleNode(target_sample_rate=" +
               std::to_string(expected) + ") in front");
  }
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
    check_rate_is(audio.rate(), rate_);
    check_stream(audio);
    const Value* is_speech = packet.metadata.find("is_speech");
    if (is_speech == nullptr || is_speech->as_bool() == nullptr) {
      refuse("VADTriggeredBuffer: metadata", "without is_speech", "audio with a speech decision",
             "put a VADNode in front");
    }
    packet.payload = std::monostate{};
    out_ = &out;
    latest_ = std::move(packet);
    undecided_.push(audio);
    const Value* until = latest_.metadata.find("analysed_until_s");
    const Value* segments = latest_.metadata.find("speech_segments");
    if (until != nullptr && segments != nullptr && segments->as_array() != nullptr) {
      cut_at_segments(*segments->as_array(), frame_at(*until));
    } else {
      add_run(undecided_.frames(), *latest_.metadata.find("is_speech")->as_bool());
    }
    out_ = nullptr;
  }

  void flush(Emitter& out) override {
    out_ = &out;
    add_run(undecided_.frames(), false);  // less than a frame, which no detector has judged
    cutter_.finish();
    out_ = nullptr;
  }

 private:
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

  [[nodiscard]] std::uint64_t frame_at(const Value& time_s) const {
    return static_cast<std::uint64_t>(std::max(0LL, std::llround(time_s.number() * rate_)));
  }

  void check_stream(const AudioBuffer& audio) {
    if (channels_ == 0) channels_ = audio.channels();
    if (audio.channels() != channels_) {
      refuse("VADTriggeredBuffer: channels", audio.channels(),
             std::to_string(channels_) + " as before");
    }
  }

  void cut_at_segments(const Value::Array& segments, std::uint64_t decided) {
    for (const Value& segment : segments) {
      const Value::Array* bounds = segment.as_array();
      if (bounds == nullptr || bounds->size() != 2) continue;
      add_until(frame_at((*bounds)[0]), false);
      add_until(frame_at((*bounds)[1]), true);
    }
    add_until(decided, false);
  }

  void add_until(std::uint64_t frame, bool is_speech) {
    if (frame > position_) add_run(static_cast<std::size_t>(frame - position_), is_speech);
  }

  void add_run(std::size_t frames, bool is_speech) {
    for (const AudioBuffer& part : undecided_.take_parts(frames)) {
      position_ += part.frames();
      cutter_.add(part, is_speech);
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
    packet.payload = std::move(utterance.audio);
    out_->emit(std::move(packet));
  }

  int rate_;
  UtteranceCutter cutter_;
  FrameQueue undecided_;
  Packet latest_;           ///< envelope of the last item
  Packet starter_;          ///< envelope of the item that started the utterance
  Emitter* out_ = nullptr;  ///< of the running call
  std::uint64_t position_ = 0;
  int channels_ = 0;
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
      .parameters = {duration("min_speech_duration_s", "Shorter utterances are not emitted.", 1.0),
                     duration("max_speech_duration_s",
                              "An utterance of this length is emitted at once.", 10.0),
                     duration("silence_duration_s",
                              "This much silence ends an utterance that has enough speech.", 0.5),
                     duration("pre_speech_buffer_s", "Audio kept from before the start of speech.",
                              1.0),
                     duration(
                         "max_silence_gap_s",
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
      .resolve = [](const Parameters& parameters, const StreamFormat& input) {
        if (input.rate != 0) check_rate_is(input.rate, parameters.integer("sample_rate"));
        StreamFormat output = input;
        output.rate = parameters.integer("sample_rate");
        return output;
      }};
}

}  // namespace remotemedia::nodes

// VADNode: the energy detector behind the node interface.

#include "nodes/node_types.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/energy_vad.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes {
namespace {

void check_rate_is(int rate, int expected) {
  if (rate != expected) {
    refuse("VADNode: input rate", rate, std::to_string(expected) + " Hz",
           "put an AudioResampleNode(target_sample_rate=" + std::to_string(expected) +
               ") in front, or leave sample_rate out");
  }
}

/// Passes audio unchanged and says in its metadata what of it is speech. State: one partial frame,
/// which is not judged if it ends a clip.
class VadNode final : public NodeExecutor {
 public:
  explicit VadNode(const Parameters& parameters)
      : config_{.frame_duration_ms = parameters.integer("frame_duration_ms"),
                .threshold = parameters.number("energy_threshold"),
                .aggressiveness = parameters.integer("aggressiveness")},
        expected_rate_(parameters.is_null("sample_rate") ? 0 : parameters.integer("sample_rate")) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer& audio = require_audio(packet);
    if (expected_rate_ != 0) check_rate_is(audio.rate(), expected_rate_);
    if (!vad_ || vad_->config().rate != audio.rate()) start(audio.rate());
    const AudioBuffer mono = dsp::to_mono(audio);
    decisions_.resize(vad_->max_frames(mono.frames()));
    const std::size_t completed = vad_->process(mono.channel<float>(0), decisions_);
    seen_ += mono.frames();
    annotate(packet, completed);
    if (packet.ends_clip) start_clip();
    out.emit(std::move(packet));
  }

 private:
  void start(int rate) {
    if (vad_) base_s_ += static_cast<double>(seen_) / vad_->config().rate;
    config_.rate = rate;
    vad_.emplace(config_);
    seen_ = 0;
    next_frame_ = 0;
  }

  void start_clip() {
    vad_.reset();
    base_s_ = 0.0;
    last_is_speech_ = false;
  }

  [[nodiscard]] double time_of(std::uint64_t frame) const {
    return base_s_ + static_cast<double>(frame * vad_->frame_length()) / vad_->config().rate;
  }

  void annotate(Packet& packet, std::size_t completed) {
    std::int64_t speech_frames = 0;
    Value::Array segments;
    for (std::size_t i = 0; i < completed; ++i) {
      if (decisions_[i] == 0) continue;
      ++speech_frames;
      const bool continues = i > 0 && decisions_[i - 1] != 0;
      const Value end = time_of(next_frame_ + i + 1);
      if (continues) {
        (*segments.back().as_array())[1] = end;
      } else {
        segments.emplace_back(Value::Array{time_of(next_frame_ + i), end});
      }
    }
    if (completed > 0) {
      last_is_speech_ = decisions_[completed - 1] != 0;
      packet.metadata.set("is_speech", speech_frames > 0);
    } else {
      packet.metadata.set("is_speech", last_is_speech_);
    }
    next_frame_ += completed;
    packet.metadata.set("speech_frames", speech_frames);
    packet.metadata.set("total_frames", completed);
    packet.metadata.set("speech_segments", std::move(segments));
    packet.metadata.set("analysed_until_s", time_of(next_frame_));
  }

  dsp::EnergyVad::Config config_;
  int expected_rate_;
  std::optional<dsp::EnergyVad> vad_;
  std::vector<std::uint8_t> decisions_;
  double base_s_ = 0.0;  ///< stream time at which the present detector started
  std::uint64_t seen_ = 0;
  std::uint64_t next_frame_ = 0;
  bool last_is_speech_ = false;
};

}  // namespace

NodeType vad_type() {
  ParameterSpec rate =
      rate_parameter("sample_rate", "Rate that the input must have; any if null.", 0);
  rate.default_value.reset();
  rate.nullable = true;
  return {
      .name = "VADNode",
      .summary = "Marks speech by frame energy against a threshold and an adaptive noise floor.",
      .category = "audio",
      .parameters = {{.name = "frame_duration_ms",
                      .type = ParameterType::integer,
                      .description = "Length of an analysed frame.",
                      .default_value = 30,
                      .minimum = 5,
                      .maximum = 100,
                      .unit = "ms"},
                     {.name = "energy_threshold",
                      .type = ParameterType::number,
                      .description = "RMS above which a frame can be speech, full scale 1.",
                      .default_value = 0.02,
                      .minimum = 0,
                      .maximum = 1,
                      .aliases = {"threshold"}},
                     rate,
                     {.name = "aggressiveness",
                      .type = ParameterType::integer,
                      .description =
                          "Margin over the noise floor: 0, 1, 2, 3 ask for 3, 6, 9, 12 dB.",
                      .default_value = 1,
                      .minimum = 0,
                      .maximum = 3}},
      .inputs = {audio_port()},
      .outputs = {audio_port()},
      .metadata =
          {{"is_speech",
            "Whether any frame that this item completed is speech; if it completed none, the "
            "last decision.",
            MetadataMerge::any},
           {"speech_frames", "Frames that this item completed and that are speech.",
            MetadataMerge::sum},
           {"total_frames", "Frames that this item completed.", MetadataMerge::sum},
           {"speech_segments",
            "[[start, end], ...] of speech in seconds of the clip, for the completed frames.",
            MetadataMerge::concat_intervals, true},
           {"analysed_until_s",
            "End of the last completed frame in seconds of the clip; later audio waits for "
            "its decision.",
            MetadataMerge::last, true}},
      .make = make_node<VadNode>,
      .resolve = [](const Parameters& parameters, const StreamFormat& input) {
        if (!parameters.is_null("sample_rate")) {
          const int expected = parameters.integer("sample_rate");
          if (input.rate != 0) check_rate_is(input.rate, expected);
          StreamFormat output = input;
          output.rate = expected;
          return output;
        }
        return input;
      }};
}

}  // namespace remotemedia::nodes

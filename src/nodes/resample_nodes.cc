// AudioResampleNode and AudioTransform: the resampler behind the node interface.

#include "nodes/node_types.h"
#include "nodes/stream_resampler.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/log.h"
#include "remotemedia/dsp/channels.h"

#include <optional>
#include <string>
#include <utility>

namespace remotemedia::nodes {
namespace {

void check_channels_suffice(int present, int wanted) {
  if (present > 1 && wanted > present) {
    refuse("output_channels", wanted,
           "1.." + std::to_string(present) + " for audio with that many channels",
           "only mono can be copied to more channels");
  }
}

class AudioResampleNode final : public NodeExecutor {
 public:
  explicit AudioResampleNode(const Parameters& parameters)
      : resampler_({.target_rate = parameters.integer("target_sample_rate"),
                    .quality = *dsp::parse_quality(parameters.string("quality")),
                    .mono = parameters.boolean("mono"),
                    .mode = *dsp::parse_resampling_mode(parameters.string("mode"))}) {}
  void process(Packet packet, Emitter& out) override { resampler_.process(std::move(packet), out); }
  void flush(Emitter& out) override { resampler_.flush(out); }

 private:
  StreamResampler resampler_;
};

/// Resampling plus a channel count: the mean before filtering, copies after it, or the first
/// channels.
class AudioTransformNode final : public NodeExecutor {
 public:
  explicit AudioTransformNode(const Parameters& parameters)
      : channels_(parameters.integer("output_channels")),
        resampler_(
            {.target_rate = parameters.integer("output_sample_rate"), .mono = channels_ == 1}) {
    resampler_.set_finish(
        [this](const AudioBuffer& audio) { return dsp::change_channels(audio, channels_); });
  }

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer& audio = require_audio(packet);
    check_channels_suffice(audio.channels(), channels_);
    if (channels_ == 1 || audio.channels() <= channels_) {
      return resampler_.process(std::move(packet), out);
    }
    if (!warned_) {
      log(LogLevel::warning, "AudioTransform keeps " + std::to_string(channels_) + " of " +
                                 std::to_string(audio.channels()) + " channels");
      warned_ = true;
    }
    resampler_.process(packet.with(dsp::change_channels(audio, channels_)), out);
  }
  void flush(Emitter& out) override { resampler_.flush(out); }

 private:
  int channels_;
  StreamResampler resampler_;
  bool warned_ = false;
};

}  // namespace

NodeType audio_resample_type() {
  const std::string rate_hint = "the input rate comes with the audio; set target_sample_rate only";
  return {.name = "AudioResampleNode",
          .summary = "Changes the sample rate; the delay of the filter is compensated.",
          .category = "audio",
          .parameters = {[] {
                           ParameterSpec rate =
                               rate_parameter("target_sample_rate", "Rate of the output.", 16'000);
                           rate.aliases = {"target_rate"};
                           return rate;
                         }(),
                         {.name = "quality",
                          .type = ParameterType::string,
                          .description = "Steepness and stop-band attenuation of the filter.",
                          .default_value = "high",
                          .choices = {"low", "medium", "high", "very_high"}},
                         {.name = "mono",
                          .type = ParameterType::boolean,
                          .description = "Average the channels before filtering.",
                          .default_value = false},
                         {.name = "mode",
                          .type = ParameterType::string,
                          .description = "offline takes less time, and lets results wait longer.",
                          .default_value = "live",
                          .choices = {"live", "offline"}}},
          .refused_parameters = {{"input_rate", rate_hint},
                                 {"input_sample_rate", rate_hint},
                                 {"sample_rate", "use target_sample_rate"},
                                 {"output_rate", "use target_sample_rate"}},
          .inputs = {audio_port()},
          .outputs = {audio_port()},
          .make = make_node<AudioResampleNode>,
          .resolve = [](const Parameters& parameters, const StreamFormat& input) {
            return StreamFormat{.kind = PayloadKind::audio,
                                .rate = parameters.integer("target_sample_rate"),
                                .channels = parameters.boolean("mono") ? 1 : input.channels,
                                .sample_format_known = true,
                                .sample_format = SampleFormat::f32};
          }};
}

NodeType audio_transform_type() {
  return {.name = "AudioTransform",
          .summary = "Changes sample rate and channel count: N to 1 is the mean, 1 to N copies.",
          .category = "audio",
          .parameters = {rate_parameter("output_sample_rate", "Rate of the output.", 44'100),
                         {.name = "output_channels",
                          .type = ParameterType::integer,
                          .description =
                              "Channels of the output; more than the input has only from mono.",
                          .default_value = 2,
                          .minimum = 1,
                          .maximum = kMaxChannels}},
          .inputs = {audio_port()},
          .outputs = {audio_port()},
          .make = make_node<AudioTransformNode>,
          .resolve = [](const Parameters& parameters, const StreamFormat& input) {
            const int channels = parameters.integer("output_channels");
            check_channels_suffice(input.channels, channels);
            return StreamFormat{.kind = PayloadKind::audio,
                                .rate = parameters.integer("output_sample_rate"),
                                .channels = channels,
                                .sample_format_known = true,
                                .sample_format = SampleFormat::f32};
          }};
}

}  // namespace remotemedia::nodes

// FormatConverterNode and ExtractAudioDataNode: the same samples in another form.

#include "nodes/node_types.h"
#include "remotemedia/dsp/format.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace remotemedia::nodes {
namespace {

class FormatConverterNode final : public NodeExecutor {
 public:
  explicit FormatConverterNode(const Parameters& parameters)
      : target_(*dsp::parse_sample_format(parameters.string("target_format"))),
        dither_(parameters.boolean("dither")) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer& audio = require_audio(packet);
    const bool dithered =
        dither_ && target_ == SampleFormat::i16 && audio.format() != SampleFormat::i16;
    packet.payload = dithered ? with_dither(audio) : dsp::convert_format(audio, target_).audio;
    if (packet.ends_clip) position_ = 0;
    out.emit(std::move(packet));
  }

 private:
  AudioBuffer with_dither(const AudioBuffer& audio) {
    const AudioBuffer source = dsp::convert_format(audio, SampleFormat::f32).audio;
    AudioBuffer result = AudioBuffer::allocate_unset(SampleFormat::i16, source.channels(),
                                                     source.frames(), source.rate());
    result.one_dimensional = source.one_dimensional;
    for (int c = 0; c < source.channels(); ++c) {
      generator_.f32_to_i16(source.channel<float>(c), result.mutable_channel<std::int16_t>(c),
                            position_, c);
    }
    position_ += source.frames();
    return result;
  }

  SampleFormat target_;
  bool dither_;
  dsp::Dither generator_;
  std::uint64_t position_ = 0;  ///< of the clip, so that chunking does not change the dither
};

class ExtractAudioDataNode final : public NodeExecutor {
 public:
  explicit ExtractAudioDataNode(const Parameters&) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer& audio = require_audio(packet);
    AudioBuffer flat = audio;
    if (audio.channels() > 1) {
      std::vector<AudioBuffer, BlockAllocator<AudioBuffer>> channels;
      for (int c = 0; c < audio.channels(); ++c) channels.push_back(single_channel(audio, c));
      flat = concatenate(channels);
    }
    flat.one_dimensional = true;
    packet.payload = std::move(flat);
    packet.form = ItemForm::array;
    out.emit(std::move(packet));
  }

 private:
  static AudioBuffer single_channel(const AudioBuffer& audio, int channel) {
    const auto* first = static_cast<const std::byte*>(audio.data());
    const std::size_t offset = static_cast<std::size_t>(channel) * audio.channel_stride() *
                               bytes_per_sample(audio.format());
    return AudioBuffer::borrow(audio.owner(), first + offset, audio.format(), 1, audio.frames(),
                               audio.frames(), audio.rate());
  }
};

}  // namespace

NodeType format_converter_type() {
  return {
      .name = "FormatConverterNode",
      .summary = "Converts the sample format: rounds to nearest, clamps, keeps all 16-bit values.",
      .category = "audio",
      .parameters = {{.name = "target_format",
                      .type = ParameterType::string,
                      .description = "Format of the output samples.",
                      .default_value = "f32",
                      .choices = {"f32", "i16", "i32"}},
                     {.name = "dither",
                      .type = ParameterType::boolean,
                      .description = "Add triangular dither before rounding to i16.",
                      .default_value = false}},
      .inputs = {audio_port()},
      .outputs = {audio_port()},
      .repeatable = true,
      .make = make_node<FormatConverterNode>,
      .resolve = [](const Parameters& parameters, const StreamFormat& input) {
        StreamFormat output = input;
        output.kind = PayloadKind::audio;
        output.sample_format_known = true;
        output.sample_format = *dsp::parse_sample_format(parameters.string("target_format"));
        return output;
      }};
}

NodeType extract_audio_data_type() {
  return {.name = "ExtractAudioDataNode",
          .summary = "Gives the bare samples as a flat array, channel after channel.",
          .category = "audio",
          .inputs = {audio_port()},
          .continuous = false,
          .repeatable = true,
          .make = make_node<ExtractAudioDataNode>,
          .resolve = [](const Parameters&, const StreamFormat&) { return StreamFormat{}; }};
}

}  // namespace remotemedia::nodes

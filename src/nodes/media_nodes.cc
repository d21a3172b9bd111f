// MediaReaderNode and MediaWriterNode: files as the ends of a graph.

#include "nodes/node_types.h"
#include "remotemedia/media/audio_file.h"
#include "remotemedia/nodes/audio_output.h"
#include "remotemedia/nodes/file_input.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace remotemedia::nodes {
namespace {

class MediaReaderNode final : public NodeExecutor {
 public:
  explicit MediaReaderNode(const Parameters& parameters) : path_(parameters.string("path")) {}

  void initialize(const NodeContext&) override { reader_.emplace(path_); }

  void process(Packet packet, Emitter& out) override {
    const auto send = [&](Packet block) { return out.emit(std::move(block)); };
    for_each_block(*reader_, packet, send);
  }

  void cleanup() noexcept override { reader_.reset(); }

 private:
  std::string path_;
  std::optional<media::AudioReader> reader_;
};

class MediaWriterNode final : public NodeExecutor {
 public:
  explicit MediaWriterNode(const Parameters& parameters)
      : path_(parameters.string("output_path")) {}

  void initialize(const NodeContext&) override { output_.emplace(path_); }
  void process(Packet packet, Emitter&) override { output_->write(packet); }
  void flush(Emitter&) override { output_->close(); }
  void cleanup() noexcept override { output_.reset(); }

 private:
  std::string path_;
  std::optional<AudioOutput> output_;
};

}  // namespace

NodeType media_reader_type() {
  return {
      .name = "MediaReaderNode",
      .summary = "Reads an audio file: wav, flac, ogg, opus, mp3, aiff, au, w64.",
      .category = "media",
      .parameters = {{.name = "path", .type = ParameterType::path, .description = "File to read."}},
      .inputs = {},
      .outputs = {audio_port()},
      .offloaded = true,
      .make = make_node<MediaReaderNode>,
      .resolve = [](const Parameters&, const StreamFormat&) {
        return StreamFormat{.kind = PayloadKind::audio,
                            .sample_format_known = true,
                            .sample_format = SampleFormat::f32};
      }};
}

NodeType media_writer_type() {
  return {.name = "MediaWriterNode",
          .summary =
              "Writes an audio file; the suffix says which kind: .wav, .flac, .ogg, .opus, .mp3.",
          .category = "media",
          .parameters = {{.name = "output_path",
                          .type = ParameterType::path,
                          .description = "File to write; complete when the input has ended."}},
          .inputs = {audio_port()},
          .outputs = {},
          .offloaded = true,
          .make = make_node<MediaWriterNode>};
}

}  // namespace remotemedia::nodes

// AudioBuffer: the stream in chunks of one exact size.

#include "nodes/frame_queue.h"
#include "nodes/node_types.h"

#include <cstdint>
#include <deque>
#include <utility>

namespace remotemedia::nodes {
namespace {

class AudioBufferNode final : public NodeExecutor {
 public:
  explicit AudioBufferNode(const Parameters& parameters)
      : size_(static_cast<std::size_t>(parameters.integer("buffer_size_samples"))) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer audio = require_audio(packet);
    if (!queue_.empty() && !same_stream(audio)) flush(out);
    if (audio.empty()) return;
    queue_.push(audio);
    packet.payload = std::monostate{};
    envelopes_.push_back({std::move(packet), audio.frames()});
    format_ = audio.slice(0, 0);
    while (queue_.frames() >= size_) emit(size_, out);
  }

  void flush(Emitter& out) override {
    if (!queue_.empty()) emit(queue_.frames(), out);
  }

 private:
  /// An item's envelope and how many of its frames still wait.
  struct Waiting {
    Packet envelope;
    std::size_t frames;
  };

  [[nodiscard]] bool same_stream(const AudioBuffer& audio) const {
    return audio.rate() == format_.rate() && audio.channels() == format_.channels() &&
           audio.format() == format_.format();
  }

  void emit(std::size_t frames, Emitter& out) {
    Packet chunk = envelopes_.front().envelope;  // that of the chunk's first sample
    chunk.ends_clip = false;                     // chunks are cut across clips
    chunk.timestamp = frame_time(position_, format_.rate());
    chunk.payload = queue_.take(frames);
    position_ += frames;
    while (frames > 0) {
      Waiting& first = envelopes_.front();
      const std::size_t used = std::min(frames, first.frames);
      first.frames -= used;
      frames -= used;
      if (first.frames == 0) envelopes_.pop_front();
    }
    out.emit(std::move(chunk));
  }

  std::size_t size_;
  FrameQueue queue_;
  std::deque<Waiting> envelopes_;
  AudioBuffer format_;  ///< of what is queued, without frames
  std::uint64_t position_ = 0;
};

}  // namespace

NodeType audio_buffer_type() {
  return {.name = "AudioBuffer",
          .summary = "Cuts the stream into chunks of an exact size; the rest comes at the end.",
          .category = "audio",
          .parameters = {{.name = "buffer_size_samples",
                          .type = ParameterType::integer,
                          .description = "Frames per chunk.",
                          .minimum = 1,
                          .maximum = 100'000'000,
                          .unit = "frames"}},
          .inputs = {audio_port()},
          .outputs = {audio_port()},
          .continuous = false,
          .make = make_node<AudioBufferNode>};
}

}  // namespace remotemedia::nodes

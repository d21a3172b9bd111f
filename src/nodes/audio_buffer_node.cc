// AudioBuffer: the stream in chunks of one exact size.

#include "nodes/frame_queue.h"
#include "nodes/node_types.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/nodes/builtin.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

namespace remotemedia::nodes {
namespace {

/// The time in a stream whose rate may change.
class StreamClock {
 public:
  void advance(std::size_t frames, int rate) {
    if (rate != rate_) {
      base_s_ = seconds();
      frames_ = 0;
      rate_ = rate;
    }
    frames_ += frames;
  }
  [[nodiscard]] double seconds() const {
    return rate_ == 0 ? 0.0 : base_s_ + static_cast<double>(frames_) / rate_;
  }

 private:
  double base_s_ = 0.0;       ///< up to the last change of rate
  std::uint64_t frames_ = 0;  ///< since then
  int rate_ = 0;
};

/// Clips become one stream. What a detector said of an item (the metadata that a node type
/// declares) leaves once, with the first chunk that has audio of the item, or that follows on an
/// item without audio; other metadata are those of the item of the chunk's first sample.
class AudioBufferNode final : public NodeExecutor {
 public:
  explicit AudioBufferNode(const Parameters& parameters)
      : size_(static_cast<std::size_t>(parameters.integer("buffer_size_samples"))) {}

  void process(Packet packet, Emitter& out) override {
    const AudioBuffer audio = require_audio(packet);
    if (!queue_.empty() && !same_stream(audio)) flush(out);
    packet.payload = std::monostate{};
    packet.metadata = joiner_.shifted(packet.metadata, clip_begin_s_);
    clock_.advance(audio.frames(), audio.rate());
    if (packet.ends_clip) clip_begin_s_ = clock_.seconds();
    if (audio.empty() && joiner_.declared(packet.metadata).empty()) return;
    queue_.push(audio);
    waiting_.push_back({std::move(packet), audio.frames()});
    format_ = audio.slice(0, 0);
    while (queue_.frames() >= size_) emit(size_, out);
  }

  void flush(Emitter& out) override {
    if (!waiting_.empty()) emit(queue_.frames(), out);
  }

 private:
  /// An item's envelope and how many of its frames still wait.
  struct Waiting {
    Packet envelope;
    std::size_t frames;
    bool delivered = false;  ///< its declared metadata have left
  };

  [[nodiscard]] bool same_stream(const AudioBuffer& audio) const {
    return audio.rate() == format_.rate() && audio.channels() == format_.channels() &&
           audio.format() == format_.format();
  }

  void emit(std::size_t frames, Emitter& out) {
    const auto first =
        std::ranges::find_if(waiting_, [](const Waiting& waiting) { return waiting.frames > 0; });
    Packet chunk = (first == waiting_.end() ? waiting_.front() : *first).envelope;
    chunk.ends_clip = false;
    chunk.timestamp = frame_time(position_, format_.rate());
    chunk.payload = frames > 0 ? queue_.take(frames) : format_;
    position_ += frames;
    for (auto& [name, value] : take_declared(frames)) chunk.metadata.set(name, value);
    out.emit(std::move(chunk));
  }

  /// Takes frames, and the items without any among and behind them: their metadata in one.
  Object take_declared(std::size_t frames) {
    while (!waiting_.empty() && (frames > 0 || waiting_.front().frames == 0)) {
      Waiting& item = waiting_.front();
      joiner_.add(joiner_.declared(item.envelope.metadata));
      const std::size_t used = std::min(frames, item.frames);
      item.frames -= used;
      frames -= used;
      if (item.frames == 0) {
        waiting_.pop_front();
      } else if (!std::exchange(item.delivered, true)) {
        item.envelope.metadata = joiner_.continued(item.envelope.metadata);
      }
    }
    return joiner_.take();
  }

  std::size_t size_;
  FrameQueue queue_;
  std::deque<Waiting, BlockAllocator<Waiting>> waiting_;
  MetadataJoiner joiner_{builtin_nodes()};
  AudioBuffer format_;  ///< of what is queued, without frames
  StreamClock clock_;   ///< of what has arrived
  double clip_begin_s_ = 0.0;
  std::uint64_t position_ = 0;  ///< frames that have left
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

#pragma once

#include "remotemedia/base/packet.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/graph/node.h"
#include "remotemedia/nodes/builtin.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace remotemedia::nodes {

/// Resamples a stream of audio packets and keeps their envelopes: what a packet completes leaves
/// with its metadata, and with those of packets before it that completed nothing; the rest leaves
/// with those of the last packet, less what would be counted twice. A packet that ends a clip
/// leaves with all that is left of it, and times start anew. A change of rate or channels flushes
/// and goes on.
class StreamResampler {
 public:
  struct Config {
    int target_rate = 16'000;
    dsp::Quality quality = dsp::Quality::high;
    bool mono = false;  ///< mix before filtering
    dsp::ResamplingMode mode = dsp::ResamplingMode::live;
  };
  explicit StreamResampler(const Config& config) : config_(config) {}

  /// `finish` is applied to each result's audio before it is emitted; may be empty.
  using Finish = std::function<AudioBuffer(const AudioBuffer&)>;
  void set_finish(Finish finish) { finish_ = std::move(finish); }

  /// Emits what the packet completes. i16 and i32 are converted first.
  void process(Packet packet, Emitter& out);
  void flush(Emitter& out);

 private:
  void start(const AudioBuffer& audio);
  [[nodiscard]] AudioBuffer resampled(const AudioBuffer& audio, bool to_the_end);
  void emit_rest(Emitter& out);
  void keep(Packet packet);
  /// With what has been kept.
  void emit(AudioBuffer audio, Emitter& out);
  void emit(Packet packet, AudioBuffer audio, Emitter& out);
  void start_clip();

  Config config_;
  Finish finish_;
  std::optional<dsp::Resampler> resampler_;
  Packet envelope_;       ///< of the last packet that was kept, less payload and metadata
  Object last_metadata_;  ///< its metadata
  MetadataJoiner waiting_{builtin_nodes()};  ///< metadata that has not left yet
  bool metadata_waits_ = false;
  bool one_dimensional_ = false;
  bool received_ = false;  ///< any packet of this clip
  bool emitted_ = false;
  std::uint64_t emitted_frames_ = 0;  ///< of this clip
};

}  // namespace remotemedia::nodes

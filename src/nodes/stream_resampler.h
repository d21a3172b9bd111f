#pragma once

#include "remotemedia/base/packet.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/graph/node.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace remotemedia::nodes {

/// Resamples a stream of audio packets and keeps their envelopes: what a packet completes leaves
/// with its metadata, the rest with that of the last packet. A change of rate or channels flushes
/// and goes on.
class StreamResampler {
 public:
  struct Config {
    int target_rate = 16'000;
    dsp::Quality quality = dsp::Quality::high;
    bool mono = false;  ///< mix before filtering
  };
  explicit StreamResampler(const Config& config) : config_(config) {}

  /// `finish` is applied to each result's audio before it is emitted; may be empty.
  using Finish = std::function<AudioBuffer(const AudioBuffer&)>;
  void set_finish(Finish finish) { finish_ = std::move(finish); }

  /// Emits what the packet completes. i16 and i32 are converted first.
  void process(const Packet& packet, Emitter& out);
  void flush(Emitter& out);

 private:
  void start(const AudioBuffer& audio);
  void emit(AudioBuffer audio, Emitter& out);

  Config config_;
  Finish finish_;
  std::optional<dsp::Resampler> resampler_;
  Packet envelope_;  ///< of the last packet, without its payload
  bool one_dimensional_ = false;
  std::uint64_t received_packets_ = 0;
  std::uint64_t emitted_packets_ = 0;
  std::uint64_t emitted_frames_ = 0;
};

}  // namespace remotemedia::nodes

#pragma once

#include "nodes/frame_queue.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace remotemedia::nodes {

/// Cuts utterances out of a stream of speech and silence runs. Every rule acts at an exact frame,
/// so how the runs are split does not matter.
class UtteranceCutter {
 public:
  struct Limits {
    std::size_t min_speech = 0;  ///< frames of speech that make an utterance
    std::size_t max_length = 0;  ///< frames from the first speech; the utterance ends there
    std::size_t silence = 0;     ///< frames of silence that end an utterance with enough speech
    std::size_t pre_speech = 0;  ///< frames kept from before the first speech
    std::size_t silence_gap =
        0;  ///< frames of silence after which a too short utterance is dropped
  };
  struct Utterance {
    AudioBuffer audio;
    std::uint64_t begin = 0;  ///< first frame, of the stream
  };
  using Sink = std::function<void(Utterance)>;
  /// Called when an utterance starts.
  using Started = std::function<void()>;

  UtteranceCutter(const Limits& limits, Started started, Sink sink);

  void add(const AudioBuffer& run, bool is_speech);
  /// End of the stream: an utterance with enough speech is emitted.
  void finish();

 private:
  void add_speech(const AudioBuffer& run);
  void add_silence(const AudioBuffer& run);
  [[nodiscard]] std::size_t silence_limit() const;
  [[nodiscard]] bool is_full() const;
  void emit_or_drop();
  void emit();
  void drop();

  Limits limits_;
  Started started_;
  Sink sink_;
  FrameQueue pre_;
  FrameQueue utterance_;
  bool active_ = false;
  std::size_t pre_frames_ = 0;      ///< of the present utterance
  std::size_t speech_frames_ = 0;   ///< of the present utterance
  std::size_t silence_frames_ = 0;  ///< at its end
  std::uint64_t position_ = 0;      ///< frames of the stream so far
};

}  // namespace remotemedia::nodes

#pragma once

#include "remotemedia/base/audio_buffer.h"
#include "remotemedia/base/blocks.h"

#include <cstddef>
#include <deque>
#include <vector>

namespace remotemedia::nodes {

/// Audio that waits, as slices of the blocks it came in. Joining copies; a range within one block
/// does not.
class FrameQueue {
 public:
  using Parts = std::vector<AudioBuffer, BlockAllocator<AudioBuffer>>;

  void push(const AudioBuffer& audio) {
    if (audio.empty()) return;
    parts_.push_back(audio);
    frames_ += audio.frames();
  }
  [[nodiscard]] std::size_t frames() const { return frames_; }
  [[nodiscard]] bool empty() const { return frames_ == 0; }

  /// Removes and returns the first `frames` frames, in slices; fewer if there are fewer.
  Parts take_parts(std::size_t frames);
  /// The same as one buffer; the queue must not be empty.
  AudioBuffer take(std::size_t frames) { return concatenate(take_parts(frames)); }
  /// Moves all of `other` to the end.
  void append(FrameQueue& other);
  void drop_all_but_last(std::size_t frames);
  void clear();

 private:
  std::deque<AudioBuffer, BlockAllocator<AudioBuffer>> parts_;
  std::size_t frames_ = 0;
};

}  // namespace remotemedia::nodes

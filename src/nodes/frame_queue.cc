#include "nodes/frame_queue.h"

#include <algorithm>
#include <utility>

namespace remotemedia::nodes {

FrameQueue::Parts FrameQueue::take_parts(std::size_t frames) {
  Parts taken;
  while (frames > 0 && !parts_.empty()) {
    AudioBuffer& front = parts_.front();
    const std::size_t count = std::min(frames, front.frames());
    taken.push_back(front.slice(0, count));
    if (count == front.frames()) {
      parts_.pop_front();
    } else {
      front = front.slice(count, front.frames() - count);
    }
    frames -= count;
    frames_ -= count;
  }
  return taken;
}

void FrameQueue::append(FrameQueue& other) {
  for (AudioBuffer& part : other.parts_) push(part);
  other.clear();
}

void FrameQueue::drop_all_but_last(std::size_t frames) {
  if (frames_ > frames) take_parts(frames_ - frames);
}

void FrameQueue::clear() {
  parts_.clear();
  frames_ = 0;
}

}  // namespace remotemedia::nodes

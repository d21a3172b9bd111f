#include "server/pace.h"

#include <algorithm>

namespace remotemedia::server {
namespace {

Time end_of_tick(Time time, Time tick) { return (time / tick + 1) * tick; }

}  // namespace

Time Pace::begin_turn(Time clock) {
  // After a long tick the end of a short one may be earlier.
  now_ = std::max(now_, end_of_tick(clock, crowded_ ? kLongTick : kTick));
  return now_;
}

void Pace::note_datagrams(std::size_t count) {
  in_frame_ += count;
  if (now_ < frame_end_) return;
  crowded_ = in_frame_ >= kCrowd;
  in_frame_ = 0;
  frame_end_ = now_ + kFrame;
}

Pace::Wait Pace::wait(Time due) const {
  const Time until = due == Time::max() ? due : end_of_tick(due, kTick) + kSlack;
  if (crowded_) return {std::min(until, now_), false};
  return {until, true};
}

}  // namespace remotemedia::server

#pragma once

#include "remotemedia/base/time.h"

#include <cstddef>

namespace remotemedia::server {

/// When a shard looks around next, and which time all that happens until then has.
///
/// Time goes in ticks of a millisecond; what happens within a tick has the time of its end. So a
/// datagram and the frame of its peer that is due just after it are one visit to that peer's
/// memory. Where datagrams are many, waking costs as much as taking one: ticks are of four
/// milliseconds then, and the shard looks at the datagrams and tasks of a tick at once.
class Pace {
 public:
  /// Who talks sends a datagram in each.
  static constexpr Time kFrame = std::chrono::milliseconds(20);
  static constexpr Time kTick = std::chrono::milliseconds(1);
  /// A whole part of kFrame, so that what goes out every 20 ms keeps its distance.
  static constexpr Time kLongTick = std::chrono::milliseconds(4);
  static_assert(kFrame % kLongTick == Time{});
  /// So many datagrams within kFrame are many.
  static constexpr std::size_t kCrowd = 12;
  /// What is due may wait so long for a datagram of its peer, which comes as regularly.
  static constexpr Time kSlack = kTick;

  /// A turn begins at `clock`. Gives the turn's time, which never goes back.
  Time begin_turn(Time clock);
  /// So many were taken in this turn.
  void note_datagrams(std::size_t count);

  /// What ends the wait for the next turn.
  struct Wait {
    Time until;      ///< Time::max(): nothing but what comes
    bool for_input;  ///< or a datagram or a task
  };
  /// `due`: when something is next; Time::max(): never.
  [[nodiscard]] Wait wait(Time due) const;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] bool crowded() const { return crowded_; }

 private:
  Time now_{};                ///< the end of the present tick
  bool crowded_ = false;      ///< ticks are long
  std::size_t in_frame_ = 0;  ///< datagrams before frame_end_
  Time frame_end_{};
};

}  // namespace remotemedia::server

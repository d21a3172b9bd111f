#include "server/pace.h"

#include <gtest/gtest.h>

namespace remotemedia::server::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Turns of a shard that hears `per_turn` datagrams every 4 ms, for some frames.
void hear(Pace& pace, Time& clock, std::size_t per_turn, int frames = 2) {
  for (const Time end = clock + frames * Pace::kFrame; clock < end; clock += milliseconds(4)) {
    pace.begin_turn(clock);
    pace.note_datagrams(per_turn);
  }
}

TEST(Pace, WhatHappensWithinAMillisecondHasTheTimeOfItsEnd) {
  Pace pace;
  EXPECT_EQ(pace.begin_turn(microseconds(10'300)), milliseconds(11));
  EXPECT_EQ(pace.begin_turn(microseconds(10'999)), milliseconds(11));
  EXPECT_EQ(pace.begin_turn(milliseconds(11)), milliseconds(12));
}

TEST(Pace, WaitsForADatagramAndForWhatIsDueATickLonger) {
  Pace pace;
  pace.begin_turn(milliseconds(10));
  EXPECT_EQ(pace.wait(milliseconds(25)).until, milliseconds(27));
  EXPECT_TRUE(pace.wait(milliseconds(25)).for_input);
  EXPECT_EQ(pace.wait(Time::max()).until, Time::max());
}

TEST(Pace, FewDatagramsAreTakenWhenTheyCome) {
  Pace pace;
  Time clock{};
  hear(pace, clock, 2);  // 10 a frame
  EXPECT_EQ(pace.begin_turn(clock), clock + Pace::kTick);
  EXPECT_TRUE(pace.wait(Time::max()).for_input);
}

TEST(Pace, ManyDatagramsAreTakenEvery4MsInStepWithFrames) {
  Pace pace;
  Time clock{};
  hear(pace, clock, 20);
  clock += microseconds(300);
  const Time now = pace.begin_turn(clock);
  EXPECT_EQ(now % Pace::kLongTick, Time{});
  EXPECT_GT(now, clock);
  EXPECT_LE(now, clock + Pace::kLongTick);
  pace.note_datagrams(20);
  const auto wait = pace.wait(Time::max());
  EXPECT_FALSE(wait.for_input);
  EXPECT_EQ(wait.until, now);
  EXPECT_LE(pace.wait(clock).until, now);
}

TEST(Pace, TimeDoesNotGoBackWhenTheCrowdIsGone) {
  Pace pace;
  Time clock{};
  hear(pace, clock, 20);
  Time last = pace.now();
  // Wakes early in what would be a long tick, and goes on so for two frames of silence.
  for (const Time end = clock + 2 * Pace::kFrame; clock < end; clock += microseconds(700)) {
    const Time now = pace.begin_turn(clock);
    pace.note_datagrams(0);
    EXPECT_GE(now, last);
    EXPECT_GT(now, clock);
    last = now;
  }
  EXPECT_TRUE(pace.wait(Time::max()).for_input);
  EXPECT_EQ(pace.begin_turn(clock), (clock / Pace::kTick + 1) * Pace::kTick);
}

TEST(Pace, ABurstThatIsOverMakesNoCrowdOfTheNextFrame) {
  Pace pace;
  pace.begin_turn(Time{});
  pace.note_datagrams(0);
  pace.begin_turn(milliseconds(5));
  pace.note_datagrams(500);
  EXPECT_TRUE(pace.wait(Time::max()).for_input);  // not before the frame is over
  pace.begin_turn(milliseconds(21));
  pace.note_datagrams(1);
  EXPECT_FALSE(pace.wait(Time::max()).for_input);
  pace.begin_turn(milliseconds(45));
  pace.note_datagrams(1);
  EXPECT_TRUE(pace.wait(Time::max()).for_input);
}

}  // namespace
}  // namespace remotemedia::server::test

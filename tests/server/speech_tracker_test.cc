#include "server/speech_tracker.h"

#include <gtest/gtest.h>

#include <vector>

namespace remotemedia::server {
namespace {

std::vector<SpeechChange> observed(SpeechTracker& tracker, const Packet& packet) {
  std::vector<SpeechChange> changes;
  tracker.observe(packet, [&](SpeechChange change) { changes.push_back(change); });
  return changes;
}

TEST(SpeechTracker, TakesTheEventsOfANode) {
  SpeechTracker tracker;
  Packet packet;
  packet.metadata.set("is_speech", true);
  packet.metadata.set("speech_events",
                      Value::Array{Object{{"event", "start"}, {"time_s", 0.25}},
                                   Object{{"event", "end"}, {"time_s", 1.5}}, Value("nonsense")});
  const auto changes = observed(tracker, packet);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_TRUE(changes[0].starts);
  EXPECT_EQ(changes[0].time_s, 0.25);
  EXPECT_FALSE(changes[1].starts);
  EXPECT_EQ(changes[1].time_s, 1.5);
}

TEST(SpeechTracker, WithoutEventsAChangeOfTheFlagIsOne) {
  SpeechTracker tracker;
  Packet packet;
  packet.metadata.set("is_speech", false);
  EXPECT_TRUE(observed(tracker, packet).empty());
  packet.metadata.set("is_speech", true);
  packet.timestamp = std::chrono::milliseconds(1'500);
  const auto changes = observed(tracker, packet);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(changes[0].starts);
  EXPECT_EQ(changes[0].time_s, 1.5);
  EXPECT_TRUE(observed(tracker, packet).empty());
}

}  // namespace
}  // namespace remotemedia::server

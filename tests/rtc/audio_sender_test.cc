#include "rtc/audio_sender.h"

#include <gtest/gtest.h>

#include <cmath>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kFrame = 320;

std::vector<float> tone(std::size_t frames) {
  std::vector<float> samples(frames * kFrame);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.5F * static_cast<float>(std::sin(0.2 * static_cast<double>(i)));
  }
  return samples;
}

struct Sent {
  Time at;
  std::uint32_t timestamp;
  bool marker;
};

std::vector<Sent> run(AudioSender& sender, Time from, Time until) {
  std::vector<Sent> sent;
  for (Time now = from; now < until; now += milliseconds(1)) {
    while (const auto packet = sender.next_packet(now)) {
      sent.push_back({now, packet->timestamp, packet->marker});
    }
  }
  return sent;
}

TEST(AudioSender, ABurstIsSentAsOnePacketEvery20Ms) {
  AudioSender sender({});
  EXPECT_EQ(sender.push(tone(50), seconds(3)), 50 * kFrame);
  EXPECT_EQ(sender.queued(), seconds(1));
  const auto sent = run(sender, seconds(3), seconds(5));
  ASSERT_EQ(sent.size(), 50U);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].at, seconds(3) + milliseconds(20 * (i + 1)));
    EXPECT_EQ(sent[i].timestamp - sent[0].timestamp, 960 * i);
    EXPECT_EQ(sent[i].marker, i == 0);
  }
  EXPECT_EQ(sender.next_timeout(), Time::max());
}

TEST(AudioSender, TimestampsGoOnOverAPauseAndTheNextPacketIsMarked) {
  AudioSender sender({});
  sender.push(tone(2), Time{});
  const auto before = run(sender, Time{}, seconds(1));
  sender.push(tone(2), milliseconds(1'005));
  const auto after = run(sender, milliseconds(1'005), seconds(2));
  ASSERT_EQ(after.size(), 2U);
  EXPECT_TRUE(after[0].marker);
  EXPECT_EQ(after[0].at, milliseconds(1'020));
  EXPECT_EQ(after[0].timestamp - before[0].timestamp, 48U * 1'000);
}

TEST(AudioSender, CancelEndsItAtOnce) {
  AudioSender sender({});
  sender.push(tone(50), Time{});
  run(sender, Time{}, milliseconds(200));
  sender.cancel();
  EXPECT_EQ(sender.queued(), Time{});
  EXPECT_TRUE(run(sender, milliseconds(200), seconds(2)).empty());
  sender.push(tone(1), seconds(2));
  EXPECT_EQ(run(sender, seconds(2), seconds(3)).size(), 1U);
}

TEST(AudioSender, TheQueueIsBounded) {
  AudioSender sender({.capacity = milliseconds(100)});
  EXPECT_EQ(sender.push(tone(50), Time{}), 5 * kFrame);
  EXPECT_EQ(sender.push(tone(1), Time{}), 0U);
}

TEST(AudioSender, TheEndThatFillsNoFrameIsSentToo) {
  AudioSender sender({});
  sender.push(std::span<const float>(tone(2)).first(kFrame + 100), Time{});
  EXPECT_EQ(run(sender, Time{}, seconds(1)).size(), 2U);
  EXPECT_EQ(sender.queued(), Time{});
}

TEST(AudioSender, ASteadyToneIsSentToItsEnd) {
  for (const int rate : {16'000, 48'000}) {
    AudioSender sender({.rate = rate});
    std::vector<float> samples(static_cast<std::size_t>(5 * rate));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] = 0.4F * static_cast<float>(std::sin(2'765.0 * static_cast<double>(i) / rate));
    }
    sender.push(samples, Time{});
    EXPECT_EQ(run(sender, Time{}, seconds(6)).size(), 250U) << rate;
  }
}

TEST(AudioSender, SilenceIsNotSentForLong) {
  AudioSender sender({});
  sender.push(std::vector<float>(200 * kFrame), Time{});
  EXPECT_EQ(run(sender, Time{}, seconds(5)).size(), 10U);
}

TEST(AudioSender, WhoComesLateLeavesAGapInTimeInsteadOfABurst) {
  AudioSender sender({});
  sender.push(tone(100), Time{});
  ASSERT_TRUE(sender.next_packet(milliseconds(20)));
  int burst = 0;
  while (sender.next_packet(milliseconds(1'000))) ++burst;
  EXPECT_LE(burst, 4);
}

TEST(AudioSender, SettingsAreChecked) {
  EXPECT_ANY_THROW(AudioSender({.rate = 44'100}));
  EXPECT_ANY_THROW(AudioSender({.bitrate = 1'000}));
  EXPECT_ANY_THROW(AudioSender({.complexity = 11}));
  EXPECT_ANY_THROW(AudioSender({.capacity = milliseconds(10)}));
}

}  // namespace
}  // namespace remotemedia::rtc::test

#include "rtc/audio_sender.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

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
    EXPECT_EQ(sent[i].at, seconds(3) + milliseconds(5 + 20 * i));
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
  EXPECT_EQ(after[0].at, milliseconds(1'010));
  EXPECT_EQ(after[0].timestamp - before[0].timestamp, 48U * 1'005);
}

/// Pushes a frame every 20 ms, the last of each four as much later as given.
std::vector<Sent> run_with_lateness(Time lateness) {
  AudioSender sender({});
  std::vector<Sent> sent;
  Time now{};
  for (int frame = 0; frame < 400; ++frame) {
    const Time at = milliseconds(20) * frame + (frame % 4 == 3 ? lateness : Time{});
    const auto some = run(sender, now, at);
    sent.insert(sent.end(), some.begin(), some.end());
    sender.push(tone(1), at);
    now = at;
  }
  return sent;
}

TEST(AudioSender, ASourceLateByLessThanTheLeadIsSentEvery20MsAnd5MsAfterItsSamples) {
  const auto sent = run_with_lateness(milliseconds(4));
  ASSERT_GT(sent.size(), 390U);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    ASSERT_EQ(sent[i].at, milliseconds(20 * i + 5));
    ASSERT_EQ(sent[i].marker, i == 0);
  }
}

TEST(AudioSender, ASourceThatIsLaterMovesThePacketsOnceAndThenLeavesNoGap) {
  const auto sent = run_with_lateness(milliseconds(14));
  ASSERT_GT(sent.size(), 390U);
  std::size_t gaps = 0;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    const auto passed = sent[i].at - sent[i - 1].at;
    ASSERT_EQ(sent[i].timestamp - sent[i - 1].timestamp, 48 * passed / milliseconds(1));
    gaps += passed != milliseconds(20) ? 1U : 0U;
  }
  EXPECT_EQ(gaps, 1U);
  EXPECT_LT(sent.back().at - milliseconds(20 * (sent.size() - 1)), milliseconds(20));
}

TEST(AudioSender, BlocksOf32MsLoseNothingAndSettleOnOnePacketEvery20Ms) {
  AudioSender sender({});
  std::vector<Sent> sent;
  for (int block = 0; block < 250; ++block) {
    const Time at = milliseconds(32) * block;
    sender.push(std::span<const float>(tone(2)).first(512), at);
    const auto some = run(sender, at, at + milliseconds(32));
    sent.insert(sent.end(), some.begin(), some.end());
  }
  EXPECT_GE(sent.size(), 397U);
  for (std::size_t i = 10; i < sent.size(); ++i) {
    ASSERT_EQ(sent[i].at - sent[i - 1].at, milliseconds(20)) << i;
  }
}

/// Ten harmonics of a voice that rises and falls, four syllables a second.
std::vector<float> voice(std::size_t frames) {
  std::vector<float> samples(frames * kFrame);
  double phase = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / 16'000;
    phase += 2 * std::numbers::pi * (140 + 40 * std::sin(5 * t)) / 16'000;
    double sum = 0;
    for (int k = 1; k <= 10; ++k) sum += std::sin(k * phase) / k;
    const double syllable = std::sin(4 * std::numbers::pi * t);
    samples[i] = static_cast<float>(0.3 * sum * syllable * syllable);
  }
  return samples;
}

/// What two seconds of voice are made of, as their packets say.
struct Voiced {
  double predicted = 0;  ///< share of SILK (RFC 6716, 3.1)
  double with_copy = 0;  ///< share with a copy of the one before (4.2.3: one frame, mono)
  double bitrate = 0;    ///< bit/s
};

Voiced send_voice(AudioSender& sender, Time from) {
  Voiced sent;
  double all = 0;
  sender.push(voice(100), from);
  for (Time now = from; now < from + seconds(3); now += milliseconds(5)) {
    while (const auto packet = sender.next_packet(now)) {
      ++all;
      sent.bitrate += 8.0 * 50.0 * static_cast<double>(packet->payload.size());
      if (packet->payload[0] >> 3 >= 12) continue;
      ++sent.predicted;
      if ((packet->payload[1] & 0x40) != 0) ++sent.with_copy;
    }
  }
  return {sent.predicted / all, sent.with_copy / all, sent.bitrate / all};
}

TEST(AudioSender, PacketsCarryCopiesWhileTheReceiverReportsLossAndSomeSecondsLonger) {
  AudioSender sender({.bitrate = 32'000});
  EXPECT_EQ(send_voice(sender, Time{}).with_copy, 0);
  sender.set_loss(0.1);
  EXPECT_GT(send_voice(sender, seconds(10)).with_copy, 0.5);
  sender.set_loss(0);
  EXPECT_GT(send_voice(sender, seconds(20)).with_copy, 0.5);
  for (int report = 0; report < 20; ++report) sender.set_loss(0);
  EXPECT_EQ(send_voice(sender, seconds(30)).with_copy, 0);
}

TEST(AudioSender, VoiceIsTransformedUntilLossIsReportedAndAgainAfterIt) {
  AudioSender sender({.bitrate = AudioSender::kTransformBitrate});
  EXPECT_EQ(send_voice(sender, Time{}).predicted, 0);
  sender.set_loss(0.1);
  const Voiced lossy = send_voice(sender, seconds(10));
  EXPECT_GT(lossy.predicted, 0.98);
  EXPECT_GT(lossy.with_copy, 0.5);
  for (int report = 0; report < 20; ++report) sender.set_loss(0);
  EXPECT_LT(send_voice(sender, seconds(20)).predicted, 0.02);
}

TEST(AudioSender, FewerBitsAreSpentOnPrediction) {
  AudioSender sender({.bitrate = AudioSender::kTransformBitrate - 1'000});
  EXPECT_EQ(send_voice(sender, Time{}).predicted, 1);
}

TEST(AudioSender, TheReceiverMayWantFewerBitsButNotMore) {
  AudioSender sender({.bitrate = 64'000});
  sender.set_most_bitrate(20'000);
  const Voiced limited = send_voice(sender, Time{});
  EXPECT_EQ(limited.predicted, 1);
  EXPECT_LE(limited.bitrate, 20'000);
  sender.set_most_bitrate(500'000);
  EXPECT_NEAR(send_voice(sender, seconds(10)).bitrate, 64'000, 6'000);
  sender.set_most_bitrate(1);
  EXPECT_LT(send_voice(sender, seconds(20)).bitrate, 9'000);
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

#include "rtc/audio_receiver.h"

#include "rtc/call.h"

#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(AudioReceiver, ACleanNetworkGivesTheToneBack) {
  Call call({});
  call.run(seconds(20));
  const auto counts = call.receiver.statistics();
  EXPECT_EQ(counts.lost, 0U);
  EXPECT_EQ(counts.concealed_ms, 0U);
  EXPECT_EQ(call.longest_run_without_packet(), 0);
  EXPECT_LE(counts.delay, milliseconds(60));
  const std::span<const float> heard(call.heard);
  EXPECT_GT(tone_to_rest_dB(heard.subspan(8 * kCallRate, kCallRate), kCallRate, kTone_Hz), 20);
}

TEST(AudioReceiver, FramesComeEvery20MsWithoutGaps) {
  AudioReceiver receiver(kCallRate);
  AudioReceiver::Frame memory;
  AudioSender sender({.rate = kCallRate});
  sender.push(std::vector<float>(kCallRate / 50, 0.5F), Time{});
  const auto packet = sender.next_packet(milliseconds(20));
  ASSERT_TRUE(packet);
  EXPECT_EQ(receiver.next_timeout(), Time::max());
  EXPECT_FALSE(receiver.next_frame(seconds(1), memory));
  ASSERT_EQ(receiver.add(1, packet->timestamp, packet->payload, seconds(1)), std::nullopt);
  EXPECT_EQ(receiver.next_timeout(), seconds(1) + DelayEstimator::kAtFirst);
  for (int i = 0; i < 50; ++i) {
    const Time due = receiver.next_timeout();
    EXPECT_FALSE(receiver.next_frame(due - Time(1), memory));
    const auto frame = receiver.next_frame(due, memory);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->time, milliseconds(20 * i));
    EXPECT_EQ(frame->samples.size(), 320U);
  }
}

TEST(AudioReceiver, InPairsTheSameFramesComeInHalfAsManyVisits) {
  Call one_by_one({});
  Call pairs({});
  pairs.receiver.set_in_pairs(true);
  one_by_one.run(seconds(10));
  pairs.run(seconds(10));
  EXPECT_EQ(one_by_one.visits, std::ssize(one_by_one.kinds));
  EXPECT_EQ(2 * pairs.visits, std::ssize(pairs.kinds));
  EXPECT_LE(std::ssize(one_by_one.kinds) - std::ssize(pairs.kinds), 1);
  one_by_one.heard.resize(pairs.heard.size());
  EXPECT_EQ(one_by_one.heard, pairs.heard);
}

TEST(AudioReceiver, WhatComesLateIsHeardNoLessInPairs) {
  const Network network{.loss = 0.05, .jitter = milliseconds(60)};
  Call one_by_one(network);
  Call pairs(network);
  pairs.receiver.set_in_pairs(true);
  one_by_one.run(seconds(40));
  pairs.run(seconds(40));
  EXPECT_LE(pairs.receiver.statistics().lost, one_by_one.receiver.statistics().lost);
  EXPECT_LE(pairs.receiver.statistics().concealed_ms,
            one_by_one.receiver.statistics().concealed_ms);
}

TEST(AudioReceiver, FecAndPlcFillWhatIsLost) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    Call call({.loss = 0.05}, seed);
    call.run(seconds(20));
    const auto counts = call.receiver.statistics();
    EXPECT_GT(counts.lost, 25U);
    EXPECT_GE(counts.recovered * 10, counts.lost * 8);  // single losses
    EXPECT_GT(counts.concealed_ms, 0U);
    EXPECT_EQ(call.silent_frames(), 0) << "seed " << seed;
  }
}

/// Syllables of 140 ms with 60 ms of near silence between them.
float like_speech(Time time) { return time % milliseconds(200) < milliseconds(140) ? 0.4F : 2e-3F; }

TEST(AudioReceiver, NoGapOfMoreThan60MsIsLeftInSpeech) {
  // Some of these lose four packets in a row, which is more than a gap may have.
  for (unsigned seed = 8; seed < 16; ++seed) {
    Call call({.loss = 0.1, .jitter = milliseconds(60)}, seed);
    const bool pauses = seed % 2 == 1;  // of a second after three
    call.loudness = [pauses](Time time) {
      return pauses && time % seconds(4) >= seconds(3) ? 0 : like_speech(time);
    };
    call.run(seconds(41));
    if (!pauses) {
      EXPECT_EQ(call.silences_over(milliseconds(60)), 0) << "seed " << seed;
    }
    const auto counts = call.receiver.statistics();
    EXPECT_LE(counts.longest_gap, milliseconds(60)) << "seed " << seed;
    EXPECT_GT(counts.lost, 100U);
    EXPECT_LT(counts.concealed_ms, 4'000U);
  }
}

TEST(AudioReceiver, JitterIsWaitedForAndNothingIsLost) {
  Call call({.jitter = milliseconds(80)});
  call.run(seconds(10));
  const auto before = call.receiver.statistics();
  EXPECT_GE(before.target_delay, milliseconds(70));
  EXPECT_LE(before.target_delay, milliseconds(120));
  call.run(seconds(30));
  const auto counts = call.receiver.statistics();
  EXPECT_LT((counts.concealed_ms - before.concealed_ms) / 20, 20U);  // below 2 %
  EXPECT_LE(counts.delay, milliseconds(220));
  EXPECT_LT(counts.lost, 10U);
}

TEST(AudioReceiver, DuplicatesAndReorderingDoNotMatter) {
  Call call({.duplicate = 0.3, .jitter = milliseconds(30)});
  call.run(seconds(20));
  const auto counts = call.receiver.statistics();
  EXPECT_GT(counts.duplicates, 30U);
  EXPECT_LT(counts.lost, 5U);
  EXPECT_EQ(call.silent_frames(), 0);
}

TEST(AudioReceiver, ASilentSenderIsSilenceAndNotALoss) {
  Call call({});
  call.loudness = [](Time time) { return time < seconds(3) || time > seconds(6) ? 0.4F : 0.0F; };
  call.run(seconds(10));
  const auto counts = call.receiver.statistics();
  EXPECT_EQ(counts.lost, 0U);
  EXPECT_LE(counts.concealed_ms, 120U);
  EXPECT_GE(counts.silence_ms, 1'500U);
  EXPECT_EQ(counts.longest_gap, Time{});
  EXPECT_LE(counts.delay, milliseconds(80));
  EXPECT_EQ(call.kinds.back(), AudioKind::decoded);
}

TEST(AudioReceiver, WhatIsLostAtTheEndOfSilenceIsHeardFromItsCopy) {
  for (const int lost : {1, 4}) {
    const Time start = milliseconds(6'020);
    Call call({.outage_start = start, .outage_end = start + lost * AudioSender::kFrame});
    call.sender.set_loss(0.1);
    call.loudness = [](Time time) { return time < seconds(3) || time > seconds(6) ? 0.4F : 0.0F; };
    call.run(seconds(7));
    const auto heard =
        std::ranges::find(call.kinds.rbegin(), call.kinds.rend(), AudioKind::silence);
    ASSERT_NE(heard, call.kinds.rbegin());
    EXPECT_EQ(*std::prev(heard), AudioKind::recovered);
    const auto counts = call.receiver.statistics();
    EXPECT_EQ(counts.lost, lost);
    EXPECT_EQ(counts.recovered, 1U);
    EXPECT_EQ(counts.longest_gap, (lost - 1) * AudioSender::kFrame);
    EXPECT_LE(counts.delay, milliseconds(60));
  }
}

TEST(AudioReceiver, AnOutageIsConcealedFor100MsAndThenSilent) {
  Call call({.outage_start = seconds(5), .outage_end = seconds(6)});
  call.run(seconds(10));
  const auto counts = call.receiver.statistics();
  EXPECT_NEAR(static_cast<double>(counts.lost), 50, 2);
  EXPECT_LE(counts.concealed_ms, 120U);
  EXPECT_NEAR(static_cast<double>(call.silent_frames()), 45, 5);
  EXPECT_NEAR(remotemedia::seconds(counts.longest_gap), 0.9, 0.05);
  EXPECT_EQ(call.kinds.back(), AudioKind::decoded);
  EXPECT_LE(counts.delay, milliseconds(120));
}

TEST(AudioReceiver, ClocksMayDiffer) {
  for (const double drift : {-6e-4, 6e-4}) {
    Call call({});
    call.drift = drift;
    // Half a second of silence each three seconds, as in speech.
    call.loudness = [](Time time) { return time % seconds(3) < milliseconds(2'500) ? 0.4F : 0.0F; };
    call.run(minutes(1));
    const auto counts = call.receiver.statistics();
    EXPECT_EQ(counts.lost, 0U);
    EXPECT_LE(counts.delay, milliseconds(150)) << drift;
    EXPECT_LE(counts.concealed_ms, 20 * 120U) << drift;  // once a pause, as without drift
    EXPECT_NEAR(static_cast<double>(call.heard.size()) / kCallRate, 60, 1);
  }
}

TEST(AudioReceiver, WithoutPausesTheWaitIsMadeUpForInSpeech) {
  Call call({});
  call.drift = 3e-3;  // 180 ms a minute
  call.run(minutes(1));
  const auto counts = call.receiver.statistics();
  EXPECT_GT(counts.skipped_frames, 0U);
  EXPECT_LE(counts.delay, milliseconds(160));
  EXPECT_EQ(call.silent_frames(), 0);
}

TEST(AudioReceiver, WhatIsNoOpusIsCountedAndHasNoEffect) {
  AudioReceiver receiver(kCallRate);
  EXPECT_EQ(receiver.add(1, 1, {}, Time{}), Drop::audio_malformed);
  const std::vector<std::uint8_t> wrong = {0x03, 0xFF, 0xFF};  // 63 frames
  EXPECT_EQ(receiver.add(1, 1, wrong, Time{}), Drop::audio_malformed);
  EXPECT_EQ(receiver.next_timeout(), Time::max());
}

TEST(AudioReceiver, AStreamWhoseNumbersJumpBeginsAnew) {
  Call call({});
  call.run(seconds(3));
  call.sequence = static_cast<std::uint16_t>(call.sequence + 20'000);
  call.run(seconds(6));
  EXPECT_EQ(call.kinds.back(), AudioKind::decoded);
  EXPECT_LT(call.receiver.statistics().lost, 3U);
}

TEST(AudioReceiver, RatesOfOpusOnly) { EXPECT_ANY_THROW(AudioReceiver(44'100)); }

TEST(JitterBuffer, KeepsOrderAndDropsTheOldestWhenFull) {
  JitterBuffer buffer;
  const std::vector<std::uint8_t> payload = {1};
  for (const int number : {3, 1, 2, 5, 4}) EXPECT_FALSE(buffer.insert(number, 0, payload));
  EXPECT_EQ(buffer.insert(4, 0, payload), Drop::audio_duplicate);
  for (int number = 6; number <= static_cast<int>(JitterBuffer::kCapacity); ++number) {
    EXPECT_FALSE(buffer.insert(number, 0, payload));
  }
  EXPECT_EQ(buffer.insert(100, 0, payload), Drop::audio_overflow);
  EXPECT_EQ(buffer.insert(0, 0, payload), Drop::audio_overflow);
  for (int number = 2; number <= static_cast<int>(JitterBuffer::kCapacity); ++number) {
    EXPECT_EQ(buffer.front().sequence, number);
    buffer.pop();
  }
  EXPECT_EQ(buffer.front().sequence, 100);
  EXPECT_EQ(buffer.size(), 1U);
}

}  // namespace
}  // namespace remotemedia::rtc::test

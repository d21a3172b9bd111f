#include "cli/report_results.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::cli::report {
namespace {

Packet tone_packet(float level, std::size_t frames) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, 1, frames, 8'000);
  for (float& sample : audio.mutable_channel<float>(0)) sample = level;
  return Packet{}.with(std::move(audio));
}

TEST(Results, SumUpTheAudioOfEachOutput) {
  Results results(2);
  results.add({.index = 1, .packet = tone_packet(0.25F, 800)});
  results.add({.index = 1, .packet = tone_packet(-0.5F, 400)});
  EXPECT_EQ(results.audio()[0].items, 0U);
  const AudioResult& audio = results.audio()[1];
  EXPECT_EQ(audio.items, 2U);
  EXPECT_EQ(audio.frames, 1200U);
  EXPECT_DOUBLE_EQ(audio.duration_s, 0.15);
  EXPECT_EQ(audio.rate, 8'000);
  EXPECT_EQ(audio.peak, 0.5F);
  EXPECT_EQ(results.other_count(), 0U);
}

TEST(Results, KeepTextAndJsonAsTheyAre) {
  Results results(1);
  Packet text = Packet{}.with(std::string("hello"));
  text.timestamp = Time(1'500'000'000);
  results.add({.packet = text});
  results.add({.packet = Packet{}.with(Value(Object{{"words", 2}}))});
  ASSERT_EQ(results.others().size(), 2U);
  EXPECT_EQ(results.others()[0].text, "hello");
  EXPECT_EQ(results.others()[0].kind, "text");
  EXPECT_DOUBLE_EQ(results.others()[0].time_s, 1.5);
  EXPECT_EQ(results.others()[1].text, "{\"words\":2}");
}

TEST(Results, TakeAListAsWhatIsInIt) {
  Results results(1);
  const Packets parts{tone_packet(0.5F, 80), Packet{}.with(std::string("note"))};
  results.add({.packet = Packet{}.with(std::make_shared<const Packets>(parts))});
  EXPECT_EQ(results.audio()[0].items, 1U);
  EXPECT_EQ(results.other_count(), 1U);
}

TEST(Results, AreBoundedInNumberAndLength) {
  Results results(1);
  for (int i = 0; i < 200; ++i) {
    results.add({.packet = Packet{}.with(std::string(10'000, 'x'))});
  }
  EXPECT_EQ(results.other_count(), 200U);
  ASSERT_EQ(results.others().size(), Results::kMaxOthers);
  EXPECT_LE(results.others()[0].text.size(), Results::kMaxTextBytes + 3);
}

}  // namespace
}  // namespace remotemedia::cli::report

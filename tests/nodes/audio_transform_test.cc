#include "nodes/runner.h"
#include "remotemedia/base/log.h"

namespace remotemedia::nodes {
namespace {

using namespace test;

Object to(int rate, int channels) {
  return {{"output_sample_rate", rate}, {"output_channels", channels}};
}

AudioBuffer resampled(const AudioBuffer& audio, int rate) {
  Runner node("AudioResampleNode", {{"target_sample_rate", rate}});
  node.push(clip(audio));
  return *node.results[0].audio();
}

AudioBuffer transformed(const AudioBuffer& audio, int rate, int channels) {
  Runner node("AudioTransform", to(rate, channels));
  node.push(clip(audio));
  EXPECT_EQ(node.results.size(), 1U);
  return *node.results[0].audio();
}

AudioBuffer channel(const AudioBuffer& audio, int index) {
  return audio_of<float>(audio.rate(), {samples_of<float>(audio, index)});
}

TEST(AudioTransform, ResamplesEachChannelAsAudioResampleNodeDoes) {
  const AudioBuffer stereo = noise(16'000, 2, 3'000);
  expect_same_bits(transformed(stereo, 44'100, 2), resampled(stereo, 44'100));
}

TEST(AudioTransform, CopiesMonoToEachChannel) {
  const AudioBuffer mono = noise(16'000, 1, 3'000);
  for (const int rate : {16'000, 44'100}) {
    const AudioBuffer result = transformed(one_dimensional(mono), rate, 3);
    EXPECT_EQ(result.channels(), 3);
    EXPECT_FALSE(result.one_dimensional);
    for (int c = 0; c < 3; ++c) expect_same_bits(channel(result, c), resampled(mono, rate));
  }
}

TEST(AudioTransform, AveragesAllChannelsToMono) {
  const AudioBuffer audio = noise(16'000, 4, 3'000);
  Runner mean("AudioResampleNode", {{"target_sample_rate", 8'000}, {"mono", true}});
  mean.push(clip(audio));
  expect_same_bits(transformed(audio, 8'000, 1), *mean.results[0].audio());
}

TEST(AudioTransform, KeepsTheFirstChannelsAndSaysSoOnce) {
  const AudioBuffer audio = noise(16'000, 4, 3'000);
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  Runner node("AudioTransform", to(8'000, 2));
  node.push(clip(audio));
  node.push(clip(audio));
  set_log_sink({});
  EXPECT_THAT(lines, testing::ElementsAre("AudioTransform keeps 2 of 4 channels"));
  for (int c = 0; c < 2; ++c) {
    expect_same_bits(channel(*node.results[0].audio(), c), resampled(channel(audio, c), 8'000));
  }
}

TEST(AudioTransform, RefusesMoreChannelsThanThereAreBeforeItGivesAnything) {
  Runner node("AudioTransform", to(8'000, 4));
  expect_refused([&] { node.push(item(noise(16'000, 2, 100))); },
                 "output_channels is 4, expected 1..2 for audio with that many channels; only mono "
                 "can be copied to more channels");
  EXPECT_TRUE(node.results.empty());
}

TEST(AudioTransform, GivesTheSameBitsForAnyBlocks) {
  for (const int channels : {1, 2, 3}) {
    const AudioBuffer audio = noise(44'100, 3, 9'999);
    for (const auto& sizes : chunkings(audio.frames(), 44'100)) {
      const auto results = stream("AudioTransform", to(16'000, channels), cut(audio, sizes));
      expect_same_bits(joined(results), transformed(audio, 16'000, channels));
    }
  }
}

TEST(AudioTransform, TreatsEachClipAsItsOwn) {
  const AudioBuffer audio = noise(44'100, 1, 3'000);
  Runner node("AudioTransform", to(16'000, 2));
  node.push(clip(audio, {{"number", 1}}));
  node.push(clip(audio, {{"number", 2}}));
  node.flush();
  ASSERT_EQ(node.results.size(), 2U);
  expect_same_bits(*node.results[0].audio(), *node.results[1].audio());
  for (int i = 0; i < 2; ++i) {
    const Packet& result = node.results[static_cast<std::size_t>(i)];
    EXPECT_TRUE(result.ends_clip);
    EXPECT_EQ(result.metadata, (Object{{"number", i + 1}}));
    EXPECT_EQ(result.timestamp, Time(0));
  }
}

}  // namespace
}  // namespace remotemedia::nodes

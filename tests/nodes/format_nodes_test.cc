#include "nodes/runner.h"

#include <limits>

namespace remotemedia::nodes {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr auto kNan = std::numeric_limits<float>::quiet_NaN();
constexpr auto kInf = std::numeric_limits<float>::infinity();
constexpr auto kMax32 = std::numeric_limits<std::int32_t>::max();
constexpr auto kMin32 = std::numeric_limits<std::int32_t>::min();

AudioBuffer converted(const AudioBuffer& audio, const char* format) {
  Runner node("FormatConverterNode", {{"target_format", format}});
  node.push(item(audio));
  EXPECT_EQ(node.results.size(), 1U);
  return *node.results[0].audio();
}

TEST(FormatConverterNode, RoundsToNearestAndClampsToI16) {
  const AudioBuffer audio =
      audio_of<float>(8'000, {{0.0F, 1.0F / 32'768, 0.5F / 32'768, 1.5F / 32'768, 2.5F / 32'768,
                               -0.6F / 32'768, 1.0F, -1.0F, 7.0F, kNan, kInf, -kInf}});
  EXPECT_THAT(samples_of<std::int16_t>(converted(audio, "i16")),
              ElementsAre(0, 1, 0, 2, 2, -1, 32'767, -32'768, 32'767, 0, 32'767, -32'768));
}

TEST(FormatConverterNode, RoundsToNearestAndClampsToI32) {
  const AudioBuffer audio =
      audio_of<float>(8'000, {{0.0F, 0.5F, -1.0F, 1.0F, -2.0F, kNan, kInf, -kInf}});
  EXPECT_THAT(samples_of<std::int32_t>(converted(audio, "i32")),
              ElementsAre(0, 1 << 30, kMin32, kMax32, kMin32, 0, kMax32, kMin32));
}

TEST(FormatConverterNode, KeepsEveryI16ValueOnTheWayThroughTheOtherFormats) {
  std::vector<std::int16_t> all;
  for (int i = -32'768; i <= 32'767; ++i) all.push_back(static_cast<std::int16_t>(i));
  const AudioBuffer audio = audio_of<std::int16_t>(8'000, {all});
  expect_same_bits(converted(converted(audio, "f32"), "i16"), audio);
  expect_same_bits(converted(converted(audio, "i32"), "i16"), audio);
  EXPECT_EQ(samples_of<float>(converted(audio, "f32")).front(), -1.0F);
  EXPECT_EQ(samples_of<std::int32_t>(converted(audio, "i32")).front(), kMin32);
}

TEST(FormatConverterNode, PassesItsOwnFormatOnWithoutACopy) {
  const AudioBuffer audio = audio_of<std::int16_t>(8'000, {{1, 2, 3}});
  EXPECT_EQ(converted(audio, "i16").data(), audio.data());
  const AudioBuffer odd = audio_of<float>(8'000, {{kNan, 2.0F}});
  EXPECT_EQ(converted(odd, "f32").data(), odd.data());
}

TEST(FormatConverterNode, KeepsTheEnvelope) {
  Runner node("FormatConverterNode", {{"target_format", "I16"}});
  Packet packet = clip(one_dimensional(noise(8'000, 1, 10)), {{"a", 1}});
  packet.timestamp = Time(5);
  packet.form = ItemForm::mapping;
  node.push(packet);
  const Packet& result = node.results[0];
  EXPECT_EQ(result.metadata, packet.metadata);
  EXPECT_EQ(result.timestamp, Time(5));
  EXPECT_EQ(result.form, ItemForm::mapping);
  EXPECT_TRUE(result.ends_clip);
  EXPECT_TRUE(result.audio()->one_dimensional);
}

const Object kDither = {{"target_format", "i16"}, {"dither", true}};

TEST(FormatConverterNode, DithersWithinOneStepBeforeRounding) {
  const AudioBuffer audio = noise(8'000, 2, 20'000);
  const AudioBuffer result = joined(stream("FormatConverterNode", kDither, {audio}));
  double sum = 0;
  double power = 0;
  for (int c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < audio.frames(); ++i) {
      const double error = result.channel<std::int16_t>(c)[i] -
                           static_cast<double>(audio.channel<float>(c)[i]) * 32'768.0;
      ASSERT_LT(std::fabs(error), 1.5);
      sum += error;
      power += error * error;
    }
  }
  // Triangular noise of +-1 step has variance 1/6, rounding 1/12. Six standard deviations.
  EXPECT_NEAR(sum / 40'000, 0.0, 6 * std::sqrt(0.25 / 40'000));
  EXPECT_NEAR(power / 40'000, 0.25, 0.25 * 6 * std::sqrt(2.0 / 40'000));
}

TEST(FormatConverterNode, DithersEachChannelAlikeOnlyByChance) {
  const std::vector<float> zeros(1'000);
  const AudioBuffer result =
      joined(stream("FormatConverterNode", kDither, {audio_of<float>(8'000, {zeros, zeros})}));
  EXPECT_NE(samples_of<std::int16_t>(result, 0), samples_of<std::int16_t>(result, 1));
}

TEST(FormatConverterNode, GivesTheSameBitsForAnyBlocks) {
  const AudioBuffer audio = noise(8'000, 2, 9'000);
  for (const Object& parameters : {kDither, Object{{"target_format", "i32"}}}) {
    const AudioBuffer whole = joined(stream("FormatConverterNode", parameters, {audio}));
    for (const auto& sizes : chunkings(audio.frames(), 8'000)) {
      expect_same_bits(joined(stream("FormatConverterNode", parameters, cut(audio, sizes))), whole);
    }
  }
}

TEST(FormatConverterNode, DithersEachClipTheSame) {
  const AudioBuffer audio = noise(8'000, 1, 1'000);
  Runner node("FormatConverterNode", kDither);
  node.push(clip(audio));
  node.push(clip(audio));
  node.push(item(audio));
  node.push(item(audio));
  expect_same_bits(*node.results[1].audio(), *node.results[0].audio());
  expect_same_bits(*node.results[2].audio(), *node.results[0].audio());
  EXPECT_NE(samples_of<std::int16_t>(*node.results[3].audio()),
            samples_of<std::int16_t>(*node.results[2].audio()));
}

TEST(FormatConverterNode, DithersI32ButNotWhatIsI16Already) {
  const AudioBuffer fine = audio_of<std::int32_t>(8'000, {std::vector<std::int32_t>(500, 20'000)});
  const AudioBuffer result = joined(stream("FormatConverterNode", kDither, {fine}));
  EXPECT_THAT(samples_of<std::int16_t>(result), testing::Contains(1));
  const AudioBuffer coarse = audio_of<std::int16_t>(8'000, {{1, 2, 3}});
  EXPECT_EQ(joined(stream("FormatConverterNode", kDither, {coarse})).data(), coarse.data());
}

TEST(ExtractAudioDataNode, PutsChannelAfterChannelInAFlatArray) {
  const AudioBuffer audio = audio_of<std::int16_t>(8'000, {{1, 2, 3, 4}, {5, 6, 7, 8}});
  Runner node("ExtractAudioDataNode");
  node.push(clip(audio.slice(1, 2), {{"a", 1}}));
  const Packet& result = node.results[0];
  EXPECT_EQ(result.form, ItemForm::array);
  EXPECT_TRUE(result.audio()->one_dimensional);
  EXPECT_THAT(samples_of<std::int16_t>(*result.audio()), ElementsAre(2, 3, 6, 7));
  EXPECT_TRUE(result.ends_clip);
  EXPECT_TRUE(result.metadata.contains("a"));
}

TEST(ExtractAudioDataNode, SharesTheMemoryOfMonoAndTakesNoFrames) {
  const AudioBuffer audio = noise(8'000, 1, 5);
  Runner node("ExtractAudioDataNode");
  node.push(item(audio));
  EXPECT_EQ(node.results[0].audio()->data(), audio.data());
  node.push(item(noise(8'000, 3, 0)));
  EXPECT_EQ(node.results[1].audio()->frames(), 0U);
}

TEST(ExtractAudioDataNode, GivesNoAudioItem) {
  Runner node("ExtractAudioDataNode");
  node.push(item(noise(8'000, 1, 5)));
  expect_refused([&] { node.push(node.results[0]); }, "expected an audio item, got a bare array");
}

}  // namespace
}  // namespace remotemedia::nodes

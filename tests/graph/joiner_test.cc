#include "remotemedia/graph/joiner.h"

#include "graph/dice.h"
#include "graph/fakes.h"
#include "graph/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::manifest_of;
using test::misuse;
using test::node;

/// A graph whose node declares one field per rule.
std::shared_ptr<const Graph> graph() {
  NodeType type = test::type_of("Vad");
  type.metadata = {{"has_speech", "", MetadataMerge::any},
                   {"frames", "", MetadataMerge::sum},
                   {"segments", "", MetadataMerge::concat_intervals},
                   {"events", "", MetadataMerge::concat},
                   {"until_s", "", MetadataMerge::last}};
  return Graph::build(manifest_of({node("vad", "Vad")}, {}), test::registry_of({type}));
}

Object joined(const std::vector<Object>& blocks) {
  MetadataJoiner joiner(*graph());
  for (const Object& block : blocks) joiner.add(block);
  return joiner.take();
}

Value intervals(const std::vector<std::pair<double, double>>& pairs) {
  Value::Array list;
  for (const auto& [begin, end] : pairs) list.emplace_back(Value::Array{begin, end});
  return list;
}

TEST(MetadataJoiner, MergesEachFieldByItsRule) {
  const Object result = joined({{{"has_speech", false}, {"frames", 3}, {"until_s", 0.5}},
                                {{"has_speech", true}, {"frames", 4}, {"until_s", 1.0}},
                                {{"has_speech", false}, {"frames", 0}, {"until_s", 1.5}}});
  EXPECT_EQ(result, (Object{{"has_speech", true}, {"frames", 7}, {"until_s", 1.5}}));
}

TEST(MetadataJoiner, KeepsTheLastValueOfUndeclaredFields) {
  EXPECT_EQ(joined({{{"speaker", "a"}}, {{"speaker", "b"}}}), (Object{{"speaker", "b"}}));
}

TEST(MetadataJoiner, KeepsFieldsThatOnlySomeBlocksHave) {
  EXPECT_EQ(joined({{{"a", 1}}, {}, {{"b", 2}}}), (Object{{"a", 1}, {"b", 2}}));
}

TEST(MetadataJoiner, IntervalsThatTouchBecomeOne) {
  const Object result = joined({{{"segments", intervals({{0.1, 0.5}, {0.7, 1.0}})}},
                                {{"segments", intervals({{1.0, 1.25}, {1.5, 1.75}})}},
                                {{"segments", intervals({})}},
                                {{"segments", intervals({{2.0, 2.5}})}}});
  EXPECT_EQ(*result.find("segments"),
            intervals({{0.1, 0.5}, {0.7, 1.25}, {1.5, 1.75}, {2.0, 2.5}}));
}

TEST(MetadataJoiner, ListsThatAreConcatenatedKeepAllTheirEntries) {
  const Value first = Value::Array{1, Value::Array{0.5, 1.0}};
  const Value second = Value::Array{Value(Value::Array{1.0, 2.0})};
  EXPECT_EQ(joined({{{"events", first}}, {{"events", Value::Array{}}}, {{"events", second}}}),
            (Object{{"events", Value::Array{1, Value::Array{0.5, 1.0}, Value::Array{1.0, 2.0}}}}));
  EXPECT_EQ(MetadataJoiner(*graph()).continued({{"events", first}}),
            (Object{{"events", Value::Array{}}}));
  EXPECT_EQ(joined({{{"events", first}}, {{"events", 3}}}), (Object{{"events", 3}}));
}

TEST(MetadataJoiner, ValuesThatDoNotFitTheirRuleKeepTheLastOne) {
  const Object result =
      joined({{{"has_speech", "maybe"}, {"frames", "3"}, {"segments", 5}},
              {{"has_speech", true}, {"frames", 4}, {"segments", Value::Array{"odd"}}}});
  EXPECT_EQ(result,
            (Object{{"has_speech", true}, {"frames", 4}, {"segments", Value::Array{"odd"}}}));
}

TEST(MetadataJoiner, EntriesThatAreNoIntervalsAreKept) {
  const Value odd = Value::Array{Value::Array{1}, "x", Value::Array{1, 2}};
  const Object result = joined({{{"segments", odd}}, {{"segments", odd}}});
  EXPECT_EQ(result.find("segments")->as_array()->size(), 6U);
}

TEST(MetadataJoiner, SumsThatLeaveTheIntegersGoOnAsFloats) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(joined({{{"frames", most}}, {{"frames", 1}}}), (Object{{"frames", 0x1p63}}));
  EXPECT_EQ(joined({{{"frames", 1}}, {{"frames", 0.5}}}), (Object{{"frames", 1.5}}));
}

TEST(MetadataJoiner, ShiftsTimesThatCountFromTheClip) {
  NodeType type = test::type_of("Vad");
  type.metadata = {{"segments", "", MetadataMerge::concat_intervals, true},
                   {"events", "", MetadataMerge::concat, true},
                   {"until_s", "", MetadataMerge::last, true},
                   {"start_s", "", MetadataMerge::last}};
  const MetadataJoiner joiner(test::registry_of({type}));
  const Object metadata{
      {"segments", intervals({{0.5, 1.0}})},
      {"events", Value::Array{Object{{"count", 3}, {"time_s", 1}}, Object{{"time_s", "?"}}, "x"}},
      {"until_s", 1.0},
      {"start_s", 1.0},
      {"other_s", 1.0}};
  EXPECT_EQ(joiner.shifted(metadata, 0.0), metadata);
  EXPECT_EQ(joiner.shifted(metadata, 2.0),
            (Object{{"segments", intervals({{2.5, 3.0}})},
                    {"events", Value::Array{Object{{"count", 3}, {"time_s", 3.0}},
                                            Object{{"time_s", "?"}}, "x"}},
                    {"until_s", 3.0},
                    {"start_s", 1.0},
                    {"other_s", 1.0}}));
  EXPECT_EQ(joiner.declared(metadata).size(), 4U);
  EXPECT_FALSE(joiner.declared(metadata).contains("other_s"));
}

TEST(MetadataJoiner, TakeStartsAfresh) {
  MetadataJoiner joiner(*graph());
  joiner.add({{"frames", 3}});
  EXPECT_EQ(joiner.result(), (Object{{"frames", 3}}));
  EXPECT_EQ(joiner.take(), (Object{{"frames", 3}}));
  joiner.add({{"frames", 4}});
  EXPECT_EQ(joiner.take(), (Object{{"frames", 4}}));
}

/// What a detector says about frames [begin, end) of a clip.
Object report(const std::vector<bool>& speech, std::size_t begin, std::size_t end) {
  const auto seconds = [](std::size_t frame) { return static_cast<double>(frame * 480) / 16000.0; };
  Value::Array segments;
  int count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (!speech[i]) continue;
    ++count;
    if (i > begin && speech[i - 1]) {
      (*segments.back().as_array())[1] = seconds(i + 1);
    } else {
      segments.emplace_back(Value::Array{seconds(i), seconds(i + 1)});
    }
  }
  return {{"has_speech", count > 0},
          {"frames", count},
          {"segments", std::move(segments)},
          {"until_s", seconds(end)}};
}

TEST(MetadataJoiner, AnyChunkingEqualsTheWhole) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    test::Dice dice(seed);
    std::vector<bool> speech(1 + dice.below(60));
    const std::size_t talkative = dice.below(5);
    for (std::size_t i = 0; i < speech.size(); ++i) speech[i] = dice.below(4) < talkative;
    std::vector<Object> blocks;
    for (std::size_t begin = 0; begin < speech.size();) {
      const std::size_t end =
          begin + dice.below(std::min<std::size_t>(speech.size() - begin, 7) + 1);
      blocks.push_back(report(speech, begin, end));  // empty blocks too
      begin = end;
    }
    ASSERT_EQ(joined(blocks), report(speech, 0, speech.size())) << "seed " << seed;
    // Joining what is joined already: the first half, then the rest.
    const auto half = blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 2);
    const std::vector<Object> parts = {joined({blocks.begin(), half}),
                                       joined({half, blocks.end()})};
    ASSERT_EQ(joined(parts), joined(blocks)) << "seed " << seed;
  }
}

Packet audio_packet(const std::vector<float>& samples, int rate = 16000, int channels = 1) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, samples.size(), rate);
  for (int c = 0; c < channels; ++c)
    std::ranges::copy(samples, audio.mutable_channel<float>(c).begin());
  Packet packet;
  packet.payload = audio;
  return packet;
}

std::vector<float> samples_of(const Packet& packet) {
  const auto samples = packet.audio()->channel<float>(0);
  return {samples.begin(), samples.end()};
}

TEST(PacketJoiner, AnyChunkingOfAClipGivesTheClip) {
  std::vector<float> clip(1'000);
  for (std::size_t i = 0; i < clip.size(); ++i) clip[i] = static_cast<float>(i);
  for (unsigned seed = 0; seed < 100; ++seed) {
    test::Dice dice(seed);
    PacketJoiner joiner(*graph());
    for (std::size_t begin = 0; begin < clip.size();) {
      const std::size_t end = begin + dice.below(clip.size() - begin + 1);
      joiner.add(audio_packet({clip.data() + begin, clip.data() + end}));
      begin = end;
    }
    const Packet whole = joiner.take();
    ASSERT_EQ(samples_of(whole), clip) << "seed " << seed;
    EXPECT_EQ(whole.audio()->rate(), 16000);
  }
}

TEST(PacketJoiner, MetadataIsMergedAndTheEnvelopeIsTheFirstBlocks) {
  PacketJoiner joiner(*graph());
  Packet first = audio_packet({1});
  first.metadata = {{"frames", 1}};
  first.timestamp = Time(100);
  first.stream_id = 7;
  first.form = ItemForm::mapping;
  Packet last = audio_packet({2});
  last.metadata = {{"frames", 2}};
  last.timestamp = Time(200);
  last.ends_clip = true;
  joiner.add(first);
  joiner.add(last);
  const Packet whole = joiner.take();
  EXPECT_EQ(whole.metadata, (Object{{"frames", 3}}));
  EXPECT_EQ(whole.timestamp, Time(100));
  EXPECT_EQ(whole.stream_id, 7U);
  EXPECT_EQ(whole.form, ItemForm::mapping);
  EXPECT_TRUE(whole.ends_clip) << "as the last block did";
}

TEST(PacketJoiner, ASingleBlockIsNotCopied) {
  PacketJoiner joiner(*graph());
  const Packet block = audio_packet({1, 2, 3});
  joiner.add(block);
  EXPECT_EQ(joiner.take().audio()->data(), block.audio()->data());
}

TEST(PacketJoiner, IsEmptyBeforeTheFirstBlockAndAfterTake) {
  PacketJoiner joiner(*graph());
  EXPECT_TRUE(joiner.empty());
  EXPECT_EQ(joiner.take().kind(), PayloadKind::none);
  joiner.add(audio_packet({1}));
  EXPECT_FALSE(joiner.empty());
  static_cast<void>(joiner.take());
  EXPECT_TRUE(joiner.empty());
  joiner.add(audio_packet({2}, 48000));  // another clip may have another rate
  EXPECT_EQ(samples_of(joiner.take()), std::vector<float>{2});
}

TEST(PacketJoiner, RefusesBlocksThatDoNotBelongTogether) {
  PacketJoiner joiner(*graph());
  joiner.add(audio_packet({1}));
  EXPECT_STREQ(misuse([&] { joiner.add(audio_packet({1}, 8000)); }).what(),
               "rate of a later block is 8000, expected 16000 Hz as before");
  EXPECT_STREQ(misuse([&] { joiner.add(audio_packet({1}, 16000, 2)); }).what(),
               "channel count of a later block is 2, expected 1 as before");
  Packet other;
  other.payload = AudioBuffer::allocate(SampleFormat::i16, 1, 1, 16000);
  EXPECT_STREQ(misuse([&] { joiner.add(other); }).what(),
               "format of a later block is i16, expected f32 as before");
  EXPECT_THROW(joiner.add(test::text_packet("x")), WrongTypeError);
  EXPECT_EQ(samples_of(joiner.take()), std::vector<float>{1}) << "what was refused left no trace";
}

}  // namespace
}  // namespace remotemedia

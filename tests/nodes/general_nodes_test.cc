#include "nodes/runner.h"

namespace remotemedia::nodes {
namespace {

using namespace test;

/// One packet of each kind.
std::vector<Packet> every_kind() {
  return {item(noise(8'000, 2, 10)),
          item(std::string("text")),
          item(Value(Object{{"a", 1}})),
          item(Bytes{std::byte{1}}),
          item(ForeignPtr(std::make_shared<FakeObject>(Value(1)))),
          item(std::make_shared<const Packets>())};
}

TEST(PassThroughNode, PassesEveryKindOnWithItsEnvelope) {
  for (Packet packet : every_kind()) {
    packet.metadata = {{"a", 1}};
    packet.timestamp = Time(7);
    packet.stream_id = 2;
    packet.form = ItemForm::mapping;
    packet.ends_clip = true;
    Runner node("PassThrough");  // the other name
    node.push(packet);
    node.flush();
    ASSERT_EQ(node.results.size(), 1U);
    const Packet& result = node.results[0];
    EXPECT_EQ(result.kind(), packet.kind());
    EXPECT_EQ(result.metadata, packet.metadata);
    EXPECT_EQ(result.timestamp, Time(7));
    EXPECT_EQ(result.stream_id, 2U);
    EXPECT_EQ(result.form, ItemForm::mapping);
    EXPECT_TRUE(result.ends_clip);
  }
}

std::vector<std::string> texts_of(const Packet& packet) {
  std::vector<std::string> texts;
  for (const Packet& held : **packet.list()) texts.push_back(*held.text());
  return texts;
}

TEST(BufferNode, GivesListsOfItsSizeAndTheRestAtTheEnd) {
  Runner node("BufferNode", {{"buffer_size", 2}});
  for (const char* text : {"a", "b", "c", "d", "e"}) node.push(item(std::string(text)));
  EXPECT_EQ(node.results.size(), 2U);
  node.flush();
  ASSERT_EQ(node.results.size(), 3U);
  EXPECT_THAT(texts_of(node.results[0]), testing::ElementsAre("a", "b"));
  EXPECT_THAT(texts_of(node.results[1]), testing::ElementsAre("c", "d"));
  EXPECT_THAT(texts_of(node.results[2]), testing::ElementsAre("e"));
  node.flush();
  EXPECT_EQ(node.results.size(), 3U);
}

TEST(BufferNode, HoldsTenItemsIfNotToldOtherwise) {
  Runner node("BufferNode");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(node.results.empty());
    node.push(item(Value(i)));
  }
  EXPECT_EQ(node.results.size(), 1U);
}

TEST(BufferNode, GivesNothingForNothing) {
  Runner node("BufferNode");
  node.flush();
  EXPECT_TRUE(node.results.empty());
}

TEST(BufferNode, KeepsTheMetadataOfEachItemAndHasNoneOfItsOwn) {
  Runner node("BufferNode", {{"buffer_size", 2}});
  Packet first = clip(noise(8'000, 1, 5), {{"number", 0}});
  first.timestamp = Time(5);
  node.push(first);
  node.push(clip(std::string("x"), {{"number", 1}}));
  const Packet& result = node.results[0];
  EXPECT_TRUE(result.metadata.empty());
  EXPECT_FALSE(result.ends_clip);
  EXPECT_EQ(result.timestamp, Time(5));
  EXPECT_EQ((**result.list())[0].metadata, (Object{{"number", 0}}));
  EXPECT_EQ((**result.list())[1].metadata, (Object{{"number", 1}}));
  EXPECT_TRUE((**result.list())[0].ends_clip);
}

TEST(BufferNode, LetsGoOfItemsThatItHasGiven) {
  const auto object = std::make_shared<FakeObject>(Value(1));
  Runner node("BufferNode", {{"buffer_size", 2}});
  for (int i = 0; i < 3; ++i) node.push(item(ForeignPtr(object)));
  node.take();
  EXPECT_EQ(object.use_count(), 2);  // ours and the third item's
}

/// Nodes that take audio only.
class AudioNode : public testing::TestWithParam<std::string> {};

TEST_P(AudioNode, RefusesOtherItemsAndSaysHowAudioIsWritten) {
  std::vector<Packet> others = every_kind();
  others.erase(others.begin());
  for (const Packet& packet : others) {
    Runner node(GetParam(),
                GetParam() == "AudioBuffer" ? Object{{"buffer_size_samples", 10}} : Object{});
    expect_refused([&] { node.push(packet); }, "expected an audio item, got " + describe(packet));
    expect_refused([&] { node.push(packet); },
                   "pass (array, sample_rate), (array, sample_rate, metadata) or "
                   "{\"audio_data\": array, \"sample_rate\": rate}");
    EXPECT_TRUE(node.results.empty());
  }
  Packet array = item(noise(16'000, 1, 10));
  array.form = ItemForm::array;
  Runner node(GetParam(),
              GetParam() == "AudioBuffer" ? Object{{"buffer_size_samples", 10}} : Object{});
  expect_refused([&] { node.push(array); }, "expected an audio item, got a bare array");
}

INSTANTIATE_TEST_SUITE_P(All, AudioNode,
                         testing::Values("AudioResampleNode", "VADNode", "FormatConverterNode",
                                         "AudioTransform", "AudioBuffer", "ExtractAudioDataNode",
                                         "VADTriggeredBuffer"),
                         [](const auto& param_info) { return param_info.param; });

}  // namespace
}  // namespace remotemedia::nodes

// What a graph finds out about rates, channels and formats before anything runs.

#include "nodes/runner.h"
#include "remotemedia/graph/graph.h"

namespace remotemedia::nodes {
namespace {

using namespace test;

struct Step {
  const char* type;
  Object params;
};

std::shared_ptr<const Graph> chain(const std::vector<Step>& steps) {
  Manifest manifest;
  manifest.name = "chain";
  for (const Step& step : steps) {
    ManifestNode node;
    node.id = "n" + std::to_string(manifest.nodes.size());
    node.node_type = step.type;
    node.params = step.params;
    if (!manifest.nodes.empty()) {
      ManifestConnection connection;
      connection.from = manifest.nodes.back().id;
      connection.to = node.id;
      manifest.connections.push_back(connection);
    }
    manifest.nodes.push_back(node);
  }
  return Graph::build(manifest, builtin_nodes());
}

StreamFormat output_of(const std::vector<Step>& steps) {
  return chain(steps)->nodes().back().output;
}

const Step kResample = {"AudioResampleNode", {{"target_sample_rate", 48'000}}};

void expect_mismatch(const std::vector<Step>& steps, const std::string& text) {
  expect_refused([&] { chain(steps); }, text);
}

TEST(NodeFormats, FindARateThatADetectorDoesNotExpect) {
  expect_mismatch({kResample, {"VADNode", {{"sample_rate", 16'000}}}},
                  "input rate is 48000, expected 16000 Hz; put an "
                  "AudioResampleNode(target_sample_rate=16000) in front");
  expect_mismatch({kResample, {"PassThroughNode", {}}, {"VADTriggeredBuffer", {}}},
                  "input rate is 48000, expected 16000 Hz");
  EXPECT_EQ(output_of({kResample, {"VADNode", {}}}).rate, 48'000);
  EXPECT_EQ(output_of({{"VADNode", {{"sample_rate", 16'000}}}}).rate, 16'000);
  EXPECT_EQ(output_of({{"VADTriggeredBuffer", {{"sample_rate", 8'000}}}}).rate, 8'000);
}

TEST(NodeFormats, FindChannelsThatCannotBeMade) {
  expect_mismatch(
      {{"AudioTransform", {{"output_channels", 2}}}, {"AudioTransform", {{"output_channels", 3}}}},
      "output_channels is 3, expected 1..2");
  EXPECT_EQ(output_of({{"AudioTransform", {{"output_channels", 1}}},
                       {"AudioTransform", {{"output_channels", 3}}}})
                .channels,
            3);
}

TEST(NodeFormats, FollowRateChannelsAndFormat) {
  const StreamFormat resampled =
      output_of({{"AudioTransform", {{"output_sample_rate", 44'100}, {"output_channels", 2}}},
                 {"FormatConverterNode", {{"target_format", "i16"}}},
                 {"AudioResampleNode", {{"target_rate", 8'000}, {"mono", true}}}});
  EXPECT_EQ(resampled.kind, PayloadKind::audio);
  EXPECT_EQ(resampled.rate, 8'000);
  EXPECT_EQ(resampled.channels, 1);
  EXPECT_TRUE(resampled.sample_format_known);
  EXPECT_EQ(resampled.sample_format, SampleFormat::f32);
  const StreamFormat converted =
      output_of({kResample, {"FormatConverterNode", {{"target_format", "i32"}}}});
  EXPECT_EQ(converted.rate, 48'000);
  EXPECT_EQ(converted.sample_format, SampleFormat::i32);
  EXPECT_EQ(output_of({kResample, {"AudioBuffer", {{"buffer_size_samples", 10}}}}).rate, 48'000);
}

TEST(NodeFormats, KnowWhereAudioEnds) {
  expect_mismatch({{"BufferNode", {}}, kResample}, "list");
  EXPECT_EQ(output_of({kResample, {"BufferNode", {}}}).kind, PayloadKind::list);
  EXPECT_EQ(output_of({kResample, {"ExtractAudioDataNode", {}}, {"MultiplyNode", {}}}).rate, 0);
}

TEST(NodeFormats, SayWhichGraphsGiveTheSameInBlocks) {
  EXPECT_TRUE(chain({kResample, {"VADNode", {}}, {"FormatConverterNode", {}}})->continuous());
  EXPECT_TRUE(chain({{"AudioTransform", {}}, {"PassThroughNode", {}}})->continuous());
  for (const Step& step :
       {Step{"AudioBuffer", {{"buffer_size_samples", 10}}}, Step{"ExtractAudioDataNode", {}},
        Step{"VADTriggeredBuffer", {{"sample_rate", 48'000}}}, Step{"BufferNode", {}}}) {
    EXPECT_FALSE(chain({kResample, step})->continuous()) << step.type;
  }
}

}  // namespace
}  // namespace remotemedia::nodes

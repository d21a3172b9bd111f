// The page as a whole: what a reader finds in it, and that nothing from outside can change it.

#include "cli/markup.h"
#include "cli/report.h"
#include "remotemedia/graph/document.h"
#include "remotemedia/nodes/builtin.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<const Graph> graph_of(const std::string& yaml) {
  return Graph::build(parse_manifest(yaml, TextFormat::yaml), builtin_nodes());
}

std::shared_ptr<const Graph> speech_graph() {
  return graph_of(R"(
version: v1
metadata: {name: speech}
nodes:
  - {id: low, node_type: AudioResampleNode, params: {target_sample_rate: 16000, mono: true}}
  - {id: vad, node_type: VADNode}
  - {id: pcm, node_type: FormatConverterNode, params: {target_format: i16}}
connections:
  - {from: low, to: vad}
  - {from: vad, to: pcm}
)");
}

std::string chain_of(int nodes) {
  std::string yaml = "version: v1\nmetadata: {name: chain}\nnodes:\n";
  for (int i = 0; i < nodes; ++i) {
    yaml += fmt::format("  - {{id: step{}, node_type: PassThroughNode}}\n", i);
  }
  if (nodes > 1) yaml += "connections:\n";
  for (int i = 1; i < nodes; ++i) {
    yaml += fmt::format("  - {{from: step{}, to: step{}}}\n", i - 1, i);
  }
  return yaml;
}

AudioBuffer noise(int channels, std::size_t frames, int rate, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> sample(-0.4F, 0.4F);
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, frames, rate);
  for (int channel = 0; channel < channels; ++channel) {
    for (float& value : audio.mutable_channel<float>(channel)) value = sample(random);
  }
  return audio;
}

Packet with_speech(std::initializer_list<std::pair<double, double>> segments) {
  Packet packet = Packet{}.with(noise(1, 160, 16'000));
  Value::Array array;
  for (const auto& [start, end] : segments) array.emplace_back(Value::Array{start, end});
  packet.metadata.set("speech_segments", std::move(array));
  return packet;
}

Metrics metrics_of(const Graph& graph) {
  Metrics metrics;
  metrics.total_executions = 10;
  metrics.peak_memory_bytes = 48U << 20U;
  for (const GraphNode& node : graph.nodes()) {
    NodeMetrics& result = metrics.nodes.emplace_back();
    result.node_id = node.id;
    result.node_type = node.type.name;
    result.execution_count = 10;
    result.total = Time(2'000'000);
    result.latency.p50 = Time(123'400);
    result.latency.p95 = Time(234'500);
    result.latency.p99 = Time(345'600);
  }
  return metrics;
}

std::string page_of(const Report& report, const Graph& graph, double wall_s = 0.01) {
  return report.html(metrics_of(graph), wall_s);
}

Markup read_well_formed(const std::string& page) {
  Markup markup = read_markup(page);
  EXPECT_EQ(markup.problem, "");
  return markup;
}

TEST(ReportPage, TellsTheRunInNumbers) {
  const auto graph = speech_graph();
  Report report(graph, {.input = "talks/monday.wav", .outputs = {"out/monday.flac"}});
  report.add_input(noise(2, 480'000, 48'000));
  report.add_output({.packet = with_speech({{1.0, 3.0}, {5.0, 8.0}})});
  const std::string page = page_of(report, *graph, 0.05);
  const Markup markup = read_well_formed(page);

  EXPECT_EQ(markup.all("title").at(0).text, "speech · monday.wav");
  EXPECT_EQ(markup.all("h1").at(0).text, "speech");
  std::vector<std::string> values;
  for (const auto& value : markup.of_class("value")) values.push_back(value.text);
  EXPECT_EQ(values,
            (std::vector<std::string>{"10.00 s", "50 ms", "200×", "50 %", "48 MiB", "16 kHz"}));
  for (const char* text : {"48 kHz stereo", "factor 0.005", "5.00 s in 2 segments",
                           "talks/monday.wav", "out/monday.flac"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST(ReportPage, ShadesSpeechWhereItIsInTheStream) {
  const auto graph = speech_graph();
  Report report(graph, {});
  report.add_input(noise(1, 160'000, 16'000));
  report.add_output({.packet = with_speech({{2.0, 4.0}})});
  report.add_output({.packet = with_speech({{4.0, 4.5}, {9.0, 12.0}})});
  const Markup markup = read_well_formed(page_of(report, *graph));
  // 10 s are 4000 units: 2..4.5 s and 9 s to the end.
  const auto marks = markup.of_class("speech");
  ASSERT_FALSE(marks.empty());
  EXPECT_EQ(marks[0].attributes.at("d"), "M800 0h1000v1H800zM3600 0h400v1H3600z");
}

TEST(ReportPage, DrawsOneLanePerChannelOfStereoAndOneForMono) {
  const auto graph = speech_graph();
  for (const int channels : {1, 2, 6}) {
    Report report(graph, {});
    report.add_input(noise(channels, 4'800, 48'000));
    const Markup markup = read_well_formed(page_of(report, *graph));
    EXPECT_EQ(markup.of_class("lane").size(), channels == 2 ? 2U : 1U);
    EXPECT_EQ(markup.all("img").size(), 1U);
  }
}

TEST(ReportPage, DrawsTheOutlineFromTheSamples) {
  const auto graph = speech_graph();
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, 1, 3, 8'000);
  const auto samples = audio.mutable_channel<float>(0);
  samples[0] = 1.0F;
  samples[1] = 0.0F;
  samples[2] = -1.0F;
  Report report(graph, {});
  report.add_input(audio);
  const Markup markup = read_well_formed(page_of(report, *graph));
  // 200 units high: from the top over the middle to the bottom, and back.
  EXPECT_EQ(markup.of_class("outline").at(0).attributes.at("d"),
            "M0 0h.5l1 100 1 100 0 0h.5V200h-.5l-1 -100 -1 -100 0 0h-.5z");
}

TEST(ReportPage, ListsSpeechAndClosesALongList) {
  const auto graph = speech_graph();
  Report report(graph, {});
  report.add_input(noise(1, 16'000, 16'000));
  for (int i = 0; i < 1200; ++i) report.add_output({.packet = with_speech({{i, i + 0.5}})});
  const Markup markup = read_well_formed(page_of(report, *graph));
  const auto tables = markup.of_class("spans");
  ASSERT_EQ(tables.size(), 2U);
  ASSERT_EQ(markup.all("details").size(), 1U);
  EXPECT_EQ(markup.all("summary").at(0).text, "7 to 500");
  EXPECT_EQ(markup.of_class("more").at(0).text, "and 700 more");
  EXPECT_EQ(markup.all("caption").at(0).text, "1,200 speech segments, 10:00 min in total");
}

TEST(ReportPage, MarksTheSpeechOfItemsThatWereCollectedInAList) {
  const auto graph = speech_graph();
  Report report(graph, {});
  report.add_input(noise(1, 160'000, 16'000));
  const Packets items{with_speech({{0.0, 1.0}}), with_speech({{5.0, 6.0}})};
  report.add_output({.packet = Packet{}.with(std::make_shared<const Packets>(items))});
  const Markup markup = read_well_formed(page_of(report, *graph));
  EXPECT_EQ(markup.of_class("speech").at(0).attributes.at("d"), "M0 0h400v1H0zM2000 0h400v1H2000z");
}

TEST(ReportPage, SaysSoWhenNoSpeechWasFound) {
  const auto graph = speech_graph();
  Report report(graph, {});
  report.add_input(noise(1, 16'000, 16'000));
  report.add_output({.packet = with_speech({})});
  EXPECT_THAT(page_of(report, *graph), HasSubstr("No speech was found."));
}

TEST(ReportPage, SaysNothingOfSpeechWhereNobodyLookedForIt) {
  const auto graph = graph_of(chain_of(1));
  Report report(graph, {});
  report.add_input(noise(1, 16'000, 16'000));
  report.add_output({.packet = Packet{}.with(noise(1, 16'000, 16'000))});
  EXPECT_THAT(page_of(report, *graph), Not(HasSubstr("<h2>Speech</h2>")));
}

TEST(ReportPage, SharesTheProcessingTimeAmongTheNodesAndTheRest) {
  const auto graph = speech_graph();
  Report report(graph, {});
  // Three nodes of 2 ms each in 10 ms.
  const Markup markup = read_well_formed(page_of(report, *graph, 0.01));
  std::vector<std::string> shares;
  for (const auto& rect : markup.all("rect")) {
    if (rect.attributes.contains("height") && rect.attributes.at("height") == "1") {
      shares.push_back(rect.attributes.at("width"));
    }
  }
  EXPECT_EQ(shares, (std::vector<std::string>{"20.00", "20.00", "20.00", "40.00"}));
}

TEST(ReportPage, ShowsHowTheTimesOfEachNodeAreDistributed) {
  const auto graph = speech_graph();
  const Report report(graph, {});
  const std::string page = page_of(report, *graph, 0.05);
  const Markup markup = read_well_formed(page);
  std::vector<std::string> heads;
  for (const auto& head : markup.all("th")) heads.push_back(head.text);
  EXPECT_THAT(heads, testing::IsSupersetOf({"µs per call", "p50", "p95", "p99"}));
  EXPECT_THAT(page, HasSubstr("<td>200.0</td><td>123.4</td><td>234.5</td><td>345.6</td>"));
}

TEST(ReportPage, DrawsEveryNodeWithTheParametersThatAreNotDefaults) {
  const auto graph = speech_graph();
  Report report(graph, {.input = "talk.wav"});
  const std::string page = page_of(report, *graph);
  const Markup markup = read_well_formed(page);
  EXPECT_EQ(markup.of_class("node").size(), 3U);
  EXPECT_EQ(markup.of_class("end").size(), 2U);
  EXPECT_EQ(markup.of_class("link").size(), 4U);
  std::vector<std::string> parameters;
  for (const auto& text : markup.of_class("param")) parameters.push_back(text.text);
  EXPECT_EQ(parameters, (std::vector<std::string>{"mono = true", "target_format = i16"}));
  EXPECT_EQ(markup.of_class("label").at(0).text, "16 kHz mono float");
}

TEST(ReportPage, DrawsAHundredNodesAndTellsOfMoreInWords) {
  for (const int nodes : {100, 300}) {
    const auto graph = graph_of(chain_of(nodes));
    Report report(graph, {});
    const std::string page = page_of(report, *graph);
    const Markup markup = read_well_formed(page);
    EXPECT_EQ(markup.of_class("node").size(), nodes == 100 ? 100U : 0U);
    EXPECT_EQ(page.find("The graph has 300 nodes") != std::string::npos, nodes == 300);
    EXPECT_LT(page.size(), 200'000U);
  }
}

TEST(ReportPage, ListsResultsThatAreNoAudio) {
  const auto graph = graph_of(chain_of(1));
  Report report(graph, {});
  for (int i = 0; i < 60; ++i) {
    report.add_output({.packet = Packet{}.with(fmt::format("line {}", i))});
  }
  const std::string page = page_of(report, *graph);
  const Markup markup = read_well_formed(page);
  EXPECT_EQ(markup.of_class("text").size(), 50U);
  EXPECT_THAT(page, HasSubstr("60 results without audio"));
  EXPECT_THAT(page, HasSubstr("and 10 more"));
}

TEST(ReportPage, IsWholeForEveryInputHoweverShort) {
  const auto graph = speech_graph();
  for (const std::size_t frames : {0U, 1U, 2U, 37U, 1600U}) {
    Report report(graph, {.input = "short.wav"});
    report.add_input(noise(1, frames, 16'000));
    const std::string page = page_of(report, *graph);
    const Markup markup = read_well_formed(page);
    EXPECT_EQ(markup.all("figure").size(), frames == 0 ? 0U : 1U) << frames;
    EXPECT_THAT(page, Not(HasSubstr("nan"))) << frames;
    EXPECT_THAT(page, Not(HasSubstr("inf%"))) << frames;
  }
}

TEST(ReportPage, IsWholeWithoutInputResultsOrMetrics) {
  const auto graph = speech_graph();
  const Report report(graph, {});
  const Markup markup = read_well_formed(report.html(Metrics{}, 0.0));
  EXPECT_EQ(markup.all("h1").at(0).text, "speech");
  EXPECT_TRUE(markup.all("figure").empty());
}

TEST(ReportPage, ShowsWhatAGraphReadItself) {
  const auto graph = graph_of(R"(
version: v1
metadata: {name: reader}
nodes:
  - {id: file, node_type: MediaReaderNode, params: {path: talk.wav}}
)");
  ASSERT_TRUE(graph->inputs().empty());
  Report report(graph, {});
  report.add_output({.packet = Packet{}.with(noise(1, 8'000, 8'000))});
  const Markup markup = read_well_formed(page_of(report, *graph));
  EXPECT_EQ(markup.all("figure").size(), 1U);
  EXPECT_EQ(markup.of_class("value").at(0).text, "1.00 s");
}

TEST(ReportPage, CannotBeBrokenByTextFromOutside) {
  const std::string hostile = "</title></style>\"'><script>alert(1)</script><img src=x onerror=y>&";
  Manifest manifest;
  manifest.name = hostile;
  manifest.nodes.resize(3);
  manifest.nodes[0].id = hostile;
  manifest.nodes[0].node_type = "MediaWriterNode";
  manifest.nodes[0].params.set("output_path", hostile);
  manifest.nodes[1].id = "other " + hostile;
  manifest.nodes[1].node_type = "PassThroughNode";
  manifest.nodes[2].id = "last " + hostile;
  manifest.nodes[2].node_type = "PassThroughNode";
  manifest.connections.resize(1);
  manifest.connections[0].from = manifest.nodes[1].id;
  manifest.connections[0].to = hostile;
  const auto graph = Graph::build(manifest, builtin_nodes());
  Report report(graph, {.description = hostile,
                        .graph_file = hostile,
                        .input = "a/" + hostile,
                        .outputs = {hostile},
                        .finished_at = hostile});
  report.add_input(noise(1, 8'000, 8'000));
  report.add_output({.packet = Packet{}.with(hostile)});
  report.add_output({.packet = Packet{}.with(Value(Object{{String(hostile), hostile}}))});
  report.add_output({.packet = Packet{}.with(std::string("\xFF\xC3<b>"))});
  const Markup markup = read_well_formed(page_of(report, *graph));
  EXPECT_TRUE(markup.all("script").empty());
  EXPECT_TRUE(markup.all("b").empty());
  EXPECT_EQ(markup.of_class("text").at(0).text, hostile);
  EXPECT_EQ(markup.all("img").size(), 1U);  // the spectrogram
  EXPECT_EQ(markup.all("h1").at(0).text, hostile);
  for (const auto& element : markup.elements) {
    for (const auto& [name, value] : element.attributes) {
      EXPECT_NE(name.substr(0, 2), "on") << element.name;
    }
  }
}

TEST(ReportPage, LoadsNothing) {
  const auto graph = speech_graph();
  Report report(graph, {});
  report.add_input(noise(2, 48'000, 48'000));
  const std::string page = page_of(report, *graph);
  const Markup markup = read_well_formed(page);
  EXPECT_THAT(page, Not(HasSubstr("://")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_TRUE(markup.all("link").empty());
  EXPECT_TRUE(markup.all("script").empty());
  for (const auto& image : markup.all("img")) {
    EXPECT_THAT(image.attributes.at("src"), testing::StartsWith("data:image/png;base64,"));
  }
}

TEST(ReportPage, StaysSmallHoweverMuchHappened) {
  const auto graph = speech_graph();
  Report report(graph, {});
  for (unsigned block = 0; block < 300; ++block) report.add_input(noise(2, 16'000, 8'000, block));
  std::mt19937 random(1);
  std::uniform_real_distribution<double> time(0.0, 600.0);
  for (int i = 0; i < 20'000; ++i) {
    const double start = time(random);
    report.add_output({.packet = with_speech({{start, start + 0.004}})});
  }
  for (int i = 0; i < 1000; ++i) {
    report.add_output({.packet = Packet{}.with(std::string(100'000, 'x'))});
  }
  const std::string page = page_of(report, *graph);
  read_well_formed(page);
  EXPECT_LT(page.size(), 500'000U);
}

TEST(ReportPage, DoesNotDependOnHowTheStreamIsCutIntoBlocks) {
  const auto graph = speech_graph();
  const AudioBuffer audio = noise(2, 100'003, 48'000);
  Report whole(graph, {});
  whole.add_input(audio);
  Report cut(graph, {});
  for (std::size_t at = 0; at < audio.frames(); at += 4'801) cut.add_input(audio.slice(at, 4'801));
  std::string expected = page_of(whole, *graph);
  std::string actual = page_of(cut, *graph);
  // All but the row that counts the blocks.
  for (std::string* page : {&expected, &actual}) {
    const std::size_t row = page->find("<table class=\"audio\">");
    page->erase(row, page->find("</table>", row) - row);
  }
  EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace remotemedia::cli

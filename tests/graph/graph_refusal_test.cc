// Everything that a manifest of the right shape can still get wrong.

#include "graph/fakes.h"
#include "graph/refusals.h"
#include "remotemedia/base/check.h"
#include "remotemedia/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::manifest_of;
using test::manifest_refusal;
using test::node;
using test::type_of;
using test::wire;
using test::with_ports;
using testing::HasSubstr;

void check_ratio(const Parameters& parameters) {
  if (parameters.number("low") > parameters.number("high")) {
    refuse("low", parameters.number("low"), "at most high", "swap them");
  }
}

StreamFormat need_16k(const Parameters&, const StreamFormat& input) {
  if (input.rate != 0 && input.rate != 16000) {
    refuse("rate", input.rate, "16000 Hz", "put a resampler in front");
  }
  if (input.sample_format_known && input.sample_format != SampleFormat::f32) {
    refuse("format", to_string(input.sample_format), "f32", "put a converter in front");
  }
  return input;
}

NodeType giving(std::string name, const StreamFormat& format) {
  NodeType type = type_of(std::move(name));
  type.resolve = [format](const Parameters&, const StreamFormat&) { return format; };
  return type;
}

NodeRegistry refusing_types() {
  NodeType gain = type_of("Gain");
  gain.parameters = {
      {.name = "factor", .type = ParameterType::number, .description = "Factor", .minimum = 0}};
  gain.refused_parameters = {{.name = "volume", .hint = "use factor"}};
  NodeType range = type_of("Range");
  range.parameters = {{.name = "low", .type = ParameterType::number, .default_value = 0.0},
                      {.name = "high", .type = ParameterType::number, .default_value = 1.0}};
  range.check = check_ratio;
  NodeType python = type_of("PythonOnly");
  python.make = {};
  NodeType streaming = type_of("Streaming");
  streaming.streaming = true;
  NodeType vad = type_of("Vad");
  vad.resolve = need_16k;
  const Port audio{.name = "default", .kinds = {PayloadKind::audio}};
  const Port words{.name = "default", .kinds = {PayloadKind::text, PayloadKind::json}};
  return test::registry_of({type_of("Pass"), gain, range, python, streaming, vad,
                            giving("To8k", {.kind = PayloadKind::audio, .rate = 8000}),
                            giving("ToI16", {.kind = PayloadKind::audio,
                                             .sample_format_known = true,
                                             .sample_format = SampleFormat::i16}),
                            with_ports(type_of("Split"), {Port{}}, {Port{}, {.name = "rest"}}),
                            with_ports(type_of("Source"), {}, {Port{}}),
                            with_ports(type_of("Sink"), {Port{}}, {}),
                            with_ports(type_of("Play"), {audio}, {audio}),
                            with_ports(type_of("Read"), {words}, {words})});
}

/// What stands in "nodes" (from line 2) and "connections", and what is said about it.
struct GraphCase {
  const char* fact;
  std::string nodes;
  std::string connections;
  const char* message;
  const char* pointer;
  int line;
  const char* hint;
};

void PrintTo(const GraphCase& c, std::ostream* out) { *out << c.fact; }

std::string text_of(const GraphCase& c) {
  return "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}, \"nodes\": [\n" + c.nodes +
         "],\n\"connections\": [\n" + c.connections + "]}";
}

ManifestError refused(const std::string& text, TextFormat format) {
  return manifest_refusal([&] { Graph::build(parse_manifest(text, format), refusing_types()); });
}

std::vector<GraphCase> node_cases() {
  return {
      {"UnknownType", "{\"id\": \"a\",\n\"node_type\": \"Gian\"}", "", "Unknown node type: Gian",
       "/nodes/0/node_type", 3, "did you mean 'Gain'?"},
      {"UnknownTypeUnlikeAny", "{\"id\": \"a\", \"node_type\": \"Synthesizer\"}", "",
       "Unknown node type: Synthesizer", "/nodes/0/node_type", 2, "known: Gain, Pass, Play"},
      {"UnknownParameter",
       "{\"id\": \"a\", \"node_type\": \"Gain\", \"params\": {\"factor\": 1,\n\"facto\": 2}}", "",
       "node 'a' (Gain): unknown parameter 'facto'", "/nodes/0/params/facto", 3,
       "did you mean 'factor'?"},
      {"ParameterOfAnOlderDocument",
       "{\"id\": \"a\", \"node_type\": \"Gain\", \"params\": {\"volume\": 1}}", "",
       "node 'a' (Gain): unknown parameter 'volume'", "/nodes/0/params/volume", 2, "use factor"},
      {"ParameterOutOfRange",
       "{\"id\": \"a\", \"node_type\": \"Gain\", \"params\": {\n\"factor\": -1}}", "",
       "node 'a' (Gain): factor is -1, expected at least 0", "/nodes/0/params/factor", 3, ""},
      {"MissingParameter", "{\"id\": \"a\", \"node_type\": \"Gain\",\n\"params\": {}}", "",
       "node 'a' (Gain): parameter 'factor' is missing", "/nodes/0/params/factor", 3,
       "Factor; expected at least 0"},
      {"MissingParams", "{\n\"id\": \"a\", \"node_type\": \"Gain\"}", "",
       "parameter 'factor' is missing", "/nodes/0/params/factor", 2, "Factor"},
      {"ParameterWithASlash",
       "{\"id\": \"a\", \"node_type\": \"Gain\", \"params\": {\n\"x/y\": 1}}", "",
       "unknown parameter 'x/y'", "/nodes/0/params/x~1y", 3, "known: factor"},
      {"ParametersThatContradict",
       "{\"id\": \"a\", \"node_type\": \"Range\",\n\"params\": {\"low\": 5}}", "",
       "node 'a' (Range): low is 5, expected at most high", "/nodes/0/params", 3, "swap them"},
      {"PythonOnlyType", "{\"id\": \"a\",\n\"node_type\": \"PythonOnly\"}", "",
       "node 'a' (PythonOnly) runs in Python only", "/nodes/0/node_type", 3,
       "run the graph from Python"},
      {"PythonHint", "{\"id\": \"a\", \"node_type\": \"Pass\",\n\"runtime_hint\": \"python\"}", "",
       "node 'a' (Pass) has runtime_hint python", "/nodes/0/runtime_hint", 3,
       "run the graph from Python"},
      {"IsolatedBuiltIn", "{\"id\": \"a\", \"node_type\": \"Pass\",\n\"isolate\": true}", "",
       "node 'a' (Pass): a built-in node cannot be isolated", "/nodes/0/isolate", 3,
       "only a Python node of your own"},
      {"StreamingTypeSaidNotTo",
       "{\"id\": \"a\", \"node_type\": \"Streaming\",\n\"is_streaming\": false}", "",
       "node 'a' says is_streaming false, but Streaming is streaming", "/nodes/0/is_streaming", 3,
       "remove the field"},
      {"PlainTypeSaidToStream", "{\"id\": \"a\", \"node_type\": \"Pass\", \"is_streaming\": true}",
       "", "node 'a' says is_streaming true, but Pass is not streaming", "/nodes/0/is_streaming", 2,
       "remove the field"},
  };
}

std::string pair_of(const std::string& first, const std::string& second) {
  return "{\"id\": \"a\", \"node_type\": \"" + first + "\"}, {\"id\": \"b\", \"node_type\": \"" +
         second + "\"}";
}

std::vector<GraphCase> connection_cases() {
  const std::string three = pair_of("Pass", "Pass") + ",{\"id\": \"c\", \"node_type\": \"Pass\"}";
  const auto wired = [](const std::string& from, const std::string& to) {
    return "{\"from\": \"" + from + "\", \"to\": \"" + to + "\"}";
  };
  return {
      {"UnknownOutputPort", pair_of("Split", "Pass"),
       "{\"from\": \"a\", \"to\": \"b\", \"output_port\": \"rst\"}",
       "'a' (Split) has no output port 'rst'", "/connections/0", 4, "did you mean 'rest'?"},
      {"UnknownInputPort", pair_of("Pass", "Pass"),
       "{\"from\": \"a\", \"to\": \"b\", \"input_port\": \"side\"}",
       "'b' (Pass) has no input port 'side'", "/connections/0", 4, "known: default"},
      {"OutOfASink", pair_of("Sink", "Pass"), wired("a", "b"), "'a' (Sink) has no output",
       "/connections/0", 4, "it is a sink: end the chain there"},
      {"IntoASource", pair_of("Pass", "Source"), wired("a", "b"), "'b' (Source) has no input",
       "/connections/0", 4, "it is a source: start the chain there"},
      {"DuplicateEdge", three, wired("a", "b") + "," + wired("b", "c") + ",\n" + wired("a", "b"),
       "the connection a -> b stands twice", "/connections/2", 5, "a packet would arrive twice"},
      {"KindsThatDoNotMeet", pair_of("Play", "Read"), wired("a", "b"),
       "'a' (Play) gives audio, but 'b' (Read) takes text or json", "/connections/0", 4, ""},
      {"Cycle", pair_of("Pass", "Pass"), wired("a", "b") + ",\n" + wired("b", "a"),
       "Cycle detected: a -> b -> a", "/connections/1", 5, "remove one of these connections"},
      {"CycleBehindAStart", three + ",{\"id\": \"d\", \"node_type\": \"Pass\"}",
       wired("a", "c") + ",\n" + wired("c", "d") + ",\n" + wired("d", "b") + ",\n" +
           wired("b", "c"),
       "Cycle detected: b -> c -> d -> b", "/connections/2", 6, "remove one"},
      {"NodeThatFeedsItself", pair_of("Pass", "Pass"), wired("a", "b") + ",\n" + wired("b", "b"),
       "Cycle detected: b -> b", "/connections/1", 5, "remove one"},
  };
}

std::vector<GraphCase> format_cases() {
  const std::string to_vad = "{\"from\": \"a\", \"to\": \"b\"}";
  return {
      {"RateThatDoesNotSuit",
       "{\"id\": \"a\", \"node_type\": \"To8k\"},\n{\"id\": \"b\", \"node_type\": \"Vad\"}", to_vad,
       "input of node 'b' (Vad) from 'a' (To8k): rate is 8000, expected 16000 Hz", "/nodes/1", 3,
       "put a resampler in front"},
      {"FormatThatDoesNotSuitThoughTheRateIsUnknown", pair_of("ToI16", "Vad"), to_vad,
       "input of node 'b' (Vad) from 'a' (ToI16): format is i16, expected f32", "/nodes/1", 2,
       "put a converter in front"},
      {"SecondConnectionThatDoesNotSuit",
       pair_of("Pass", "Vad") + ", {\"id\": \"c\", \"node_type\": \"To8k\"}",
       to_vad + ", {\"from\": \"c\", \"to\": \"b\"}",
       "input of node 'b' (Vad) from 'c' (To8k): rate is 8000", "/nodes/1", 2, "resampler"},
      {"SecondConnectionOfUnknownRateThatDoesNotSuit",
       pair_of("Pass", "Vad") + ", {\"id\": \"c\", \"node_type\": \"ToI16\"}",
       to_vad + ", {\"from\": \"c\", \"to\": \"b\"}",
       "input of node 'b' (Vad) from 'c' (ToI16): format is i16", "/nodes/1", 2, "converter"},
  };
}

class RefusedGraph : public testing::TestWithParam<GraphCase> {};

TEST_P(RefusedGraph, IsToldWhatWhereAndWhatToDoInBothFormats) {
  const GraphCase& c = GetParam();
  for (const TextFormat format : {TextFormat::json, TextFormat::yaml}) {
    const ManifestError error = refused(text_of(c), format);
    EXPECT_THAT(error.what(), HasSubstr(c.message));
    EXPECT_EQ(error.pointer(), c.pointer);
    EXPECT_EQ(error.line(), c.line);
    EXPECT_THAT(error.hint(), HasSubstr(c.hint));
    EXPECT_EQ(error.hint().empty(), *c.hint == '\0');
  }
}

const auto kGraphFact = [](const testing::TestParamInfo<GraphCase>& info) {
  return info.param.fact;
};
INSTANTIATE_TEST_SUITE_P(Node, RefusedGraph, testing::ValuesIn(node_cases()), kGraphFact);
INSTANTIATE_TEST_SUITE_P(Connection, RefusedGraph, testing::ValuesIn(connection_cases()),
                         kGraphFact);
INSTANTIATE_TEST_SUITE_P(Format, RefusedGraph, testing::ValuesIn(format_cases()), kGraphFact);

TEST(RefusedDialect, PointsToTheFieldsThatTheTextHas) {
  const ManifestError type =
      refused("version: 1.0\nnodes:\n  - id: a\n    type: Gian\n", TextFormat::yaml);
  EXPECT_EQ(type.pointer(), "/nodes/0/type");
  EXPECT_EQ(type.line(), 4);
  const ManifestError edge =
      refused("version: 1.0\nnodes:\n  - {id: a, type: Pass}\nedges:\n  - from: a\n    to: a\n",
              TextFormat::yaml);
  EXPECT_EQ(edge.pointer(), "/edges/0");
  EXPECT_EQ(edge.line(), 5);
}

// A manifest that a program puts together has not passed the reader's checks.
TEST(RefusedProgram, NeedsNodes) {
  const ManifestError error =
      manifest_refusal([] { Graph::build(manifest_of({}, {}), refusing_types()); });
  EXPECT_THAT(error.what(), HasSubstr("the graph has no nodes"));
  EXPECT_EQ(error.line(), 0);
}

TEST(RefusedProgram, GivesEachNodeAnIdOfItsOwn) {
  const ManifestError error = manifest_refusal([] {
    Graph::build(manifest_of({node("a", "Pass"), node("a", "Pass")}, {}), refusing_types());
  });
  EXPECT_THAT(error.what(), HasSubstr("Duplicate node ID: a"));
}

TEST(RefusedProgram, ConnectsNodesThatExist) {
  const auto connected = [](const char* from, const char* to) {
    return manifest_refusal([&] {
      Graph::build(manifest_of({node("a", "Pass"), node("b", "Pass")}, {wire(from, to)}),
                   refusing_types());
    });
  };
  EXPECT_THAT(connected("x", "b").what(), HasSubstr("Source node not found: x"));
  EXPECT_THAT(connected("a", "y").what(), HasSubstr("Target node not found: y"));
}

TEST(RefusedProgram, HearsOfProblemsWithoutLines) {
  const ManifestError error = manifest_refusal(
      [] { Graph::build(manifest_of({node("a", "Gain")}, {}), refusing_types()); });
  EXPECT_STREQ(
      error.what(),
      "Manifest error: node 'a' (Gain): parameter 'factor' is missing; Factor; expected at "
      "least 0");
  EXPECT_EQ(error.pointer(), "");
  EXPECT_EQ(error.line(), 0);
}

TEST(RefusedForeignNode, MustAgreeAboutStreaming) {
  ManifestNode written = node("own", "PythonClass");
  written.is_streaming = true;
  GraphOptions options;
  options.foreign["own"] = {type_of("PythonClass"), "python only"};
  const ManifestError error = manifest_refusal(
      [&] { Graph::build(manifest_of({written}, {}), refusing_types(), options); });
  EXPECT_THAT(error.what(), HasSubstr("says is_streaming true, but PythonClass is not streaming"));
}

TEST(RefusedGraph100Nodes, NamesTheWholeCycle) {
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  std::string path;
  for (int i = 0; i < 100; ++i) {
    nodes.push_back(node("n" + std::to_string(i), "Pass"));
    connections.push_back(wire("n" + std::to_string(i), "n" + std::to_string((i + 1) % 100)));
    path += "n" + std::to_string(i) + " -> ";
  }
  const ManifestError error = manifest_refusal([&] {
    Graph::build(manifest_of(std::move(nodes), std::move(connections)), refusing_types());
  });
  EXPECT_THAT(error.what(), HasSubstr("Cycle detected: " + path + "n0"));
}

}  // namespace
}  // namespace remotemedia

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "remotemedia/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace remotemedia {
namespace {

using test::manifest_of;
using test::node;
using test::registry_of;
using test::type_of;
using test::wire;
using test::with_ports;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> ids(const Graph& graph, const std::vector<std::size_t>& indices) {
  std::vector<std::string> result;
  for (const std::size_t index : indices) result.push_back(graph.nodes()[index].id);
  return result;
}

NodeRegistry common_types() {
  NodeType pass = type_of("Pass");
  pass.aliases = {"PassAlias"};
  return registry_of({pass, test::counter_type(),
                      with_ports(type_of("Split"), {Port{}}, {Port{}, {.name = "rest"}}),
                      with_ports(type_of("Mix"), {Port{}, {.name = "side"}}, {Port{}}),
                      with_ports(type_of("Drain"), {Port{}}, {})});
}

std::shared_ptr<const Graph> build(std::vector<ManifestNode> nodes,
                                   std::vector<ManifestConnection> connections) {
  return Graph::build(manifest_of(std::move(nodes), std::move(connections)), common_types());
}

TEST(GraphOrder, IsThatOfTheManifestAmongReadyNodes) {
  const auto independent = build({node("c", "Pass"), node("a", "Pass"), node("b", "Pass")}, {});
  EXPECT_THAT(ids(*independent, independent->order()), ElementsAre("c", "a", "b"));
  const auto diamond = build(
      {node("end", "Pass"), node("right", "Pass"), node("left", "Pass"), node("start", "Pass")},
      {wire("left", "end"), wire("start", "left"), wire("start", "right"), wire("right", "end")});
  EXPECT_THAT(ids(*diamond, diamond->order()), ElementsAre("start", "right", "left", "end"));
}

TEST(GraphOrder, IsTheSame100OutOf100Times) {
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  for (int i = 0; i < 20; ++i) {
    nodes.push_back(node("n" + std::to_string((i * 7) % 20), "Pass"));
    if (i >= 2) connections.push_back(wire("n" + std::to_string(i / 2), "n" + std::to_string(i)));
  }
  const auto first = build(nodes, connections);
  for (int i = 0; i < 100; ++i) {
    const auto again = build(nodes, connections);
    EXPECT_EQ(again->order(), first->order());
    EXPECT_EQ(again->outputs(), first->outputs());
    EXPECT_EQ(to_dot(*again), to_dot(*first));
  }
}

TEST(Graph, ConnectionsKeepTheirOrderAtBothEnds) {
  const auto graph = build({node("z", "Pass"), node("a", "Pass"), node("m", "Pass")},
                           {wire("a", "m"), wire("z", "m"), wire("a", "z")});
  const GraphNode& a = graph->nodes()[1];
  ASSERT_EQ(a.outgoing.size(), 2U);
  EXPECT_EQ(a.outgoing[0].to, 2U);
  EXPECT_EQ(a.outgoing[1].to, 0U);
  const GraphNode& m = graph->nodes()[2];
  ASSERT_EQ(m.incoming.size(), 2U);
  EXPECT_EQ(m.incoming[0].from, 1U);
  EXPECT_EQ(m.incoming[1].from, 0U);
}

TEST(Graph, PortsAreFoundByName) {
  const auto graph = build({node("s", "Split"), node("m", "Mix")},
                           {wire("s", "m", "rest", "side"), wire("s", "m")});
  const std::vector<Edge>& edges = graph->nodes()[0].outgoing;
  ASSERT_EQ(edges.size(), 2U) << "between the same nodes, but other ports";
  EXPECT_EQ(edges[0].output_port, 1U);
  EXPECT_EQ(edges[0].input_port, 1U);
  EXPECT_EQ(edges[1].output_port, 0U);
  EXPECT_EQ(edges[1].input_port, 0U);
}

TEST(Graph, ClassifiesInputsSourcesAndOutputs) {
  const auto graph = build({node("out", "Pass"), node("count", "Counter"), node("in", "Pass"),
                            node("end", "Drain"), node("alone", "Pass")},
                           {wire("count", "out"), wire("in", "end"), wire("in", "out")});
  EXPECT_THAT(ids(*graph, graph->inputs()), ElementsAre("in", "alone"));
  EXPECT_THAT(ids(*graph, graph->sources()), ElementsAre("count"));
  EXPECT_THAT(ids(*graph, graph->outputs()), ElementsAre("out", "alone"))
      << "a sink is no output, and manifest order holds";
}

TEST(Graph, AnOutputIsWhereTheDefaultPortLeadsNowhere) {
  const auto graph = build({node("s", "Split"), node("p", "Pass")}, {wire("s", "p", "rest")});
  EXPECT_THAT(ids(*graph, graph->outputs()), ElementsAre("s", "p"));
}

TEST(Graph, InfoCountsNodesSourcesAndSinks) {
  const auto graph =
      build({node("count", "Counter"), node("in", "Pass"), node("m", "Mix"), node("end", "Drain")},
            {wire("count", "m"), wire("in", "m", "default", "side"), wire("m", "end")});
  EXPECT_EQ(Value(graph->info()),
            Value(Object{{"node_count", 4},
                         {"source_count", 2},
                         {"sink_count", 1},
                         {"execution_order", Value::Array{"count", "in", "m", "end"}}}));
}

TEST(Graph, TakesNameAndWarningsFromTheManifest) {
  Manifest manifest = manifest_of({node("a", "Pass")}, {});
  manifest.name = "call";
  manifest.warnings = {"old words"};
  const auto graph = Graph::build(manifest, common_types());
  EXPECT_EQ(graph->name(), "call");
  EXPECT_THAT(graph->warnings(), ElementsAre("old words"));
}

TEST(Graph, AnAliasMeansItsType) {
  EXPECT_EQ(build({node("a", "PassAlias")}, {})->nodes()[0].type.name, "Pass");
}

TEST(Graph, ParametersAreCompleteAndUnderTheirOwnNames) {
  const auto graph = build({node("count", "Counter")}, {});
  EXPECT_EQ(graph->nodes()[0].parameters.integer("count"), 3);
}

TEST(Graph, OutlivesTheRegistry) {
  const auto graph = build({node("a", "Pass")}, {});  // its registry is gone
  test::TestSession run(graph);
  run->push(test::text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAre("a:x"));
}

TEST(Graph, SaysWhyANodeRunsNative) {
  ManifestNode hinted = node("b", "Pass");
  hinted.runtime_hint = RuntimeHint::native;
  const auto graph = build({node("a", "Pass"), hinted}, {});
  EXPECT_EQ(graph->nodes()[0].runtime, Runtime::native);
  EXPECT_EQ(graph->nodes()[0].runtime_reason, "native implementation available");
  EXPECT_EQ(graph->nodes()[1].runtime_reason, "hint native");
  EXPECT_STREQ(to_string(Runtime::native), "native");
  EXPECT_STREQ(to_string(Runtime::python), "python");
}

TEST(Graph, AForeignNodeReplacesTheRegistrysType) {
  ManifestNode written = node("own", "SomePythonClass", Object{{"any", "thing"}});
  written.runtime_hint = RuntimeHint::python;
  NodeType type = type_of("SomePythonClass");
  type.continuous = false;
  GraphOptions options;
  options.foreign["own"] = {type, "python only"};
  const auto graph = Graph::build(manifest_of({node("a", "Pass"), written}, {wire("a", "own")}),
                                  common_types(), options);
  const GraphNode& own = graph->nodes()[1];
  EXPECT_EQ(own.runtime, Runtime::python);
  EXPECT_EQ(own.runtime_reason, "python only");
  EXPECT_EQ(own.parameters.values(), (Object{{"any", "thing"}})) << "not checked again";
  EXPECT_FALSE(graph->continuous());
}

TEST(GraphContinuity, HoldsForChainsAndBranchesOfContinuousNodes) {
  const auto graph = build({node("a", "Pass"), node("b", "Pass"), node("c", "Pass")},
                           {wire("a", "b"), wire("a", "c")});
  EXPECT_TRUE(graph->continuous());
}

TEST(GraphContinuity, EndsWhereConnectionsMeet) {
  const auto graph =
      build({node("a", "Pass"), node("b", "Pass"), node("c", "Pass"), node("d", "Pass")},
            {wire("a", "b"), wire("a", "c"), wire("b", "d"), wire("c", "d")});
  EXPECT_FALSE(graph->continuous()) << "blocks of b and c alternate in d";
}

TEST(GraphContinuity, EndsAtANodeThatRegroups) {
  NodeType group = type_of("Group");
  group.continuous = false;
  const auto graph = Graph::build(manifest_of({node("a", "Group")}, {}), registry_of({group}));
  EXPECT_FALSE(graph->continuous());
}

// Formats: "To8k" gives 8000 Hz, "Rec16k" gives 16000 Hz i16 (a source), "Any" passes on.
NodeRegistry format_types() {
  NodeType to_8k = type_of("To8k");
  to_8k.resolve = [](const Parameters&, StreamFormat format) {
    format.rate = 8000;
    return format;
  };
  NodeType recorder = with_ports(type_of("Rec16k"), {}, {Port{}, {.name = "side"}});
  recorder.resolve = [](const Parameters&, const StreamFormat&) {
    return StreamFormat{.kind = PayloadKind::audio,
                        .rate = 16000,
                        .channels = 2,
                        .sample_format_known = true,
                        .sample_format = SampleFormat::i16};
  };
  return registry_of({type_of("Any"), to_8k, recorder});
}

TEST(GraphFormat, TravelsAlongTheConnections) {
  const auto graph =
      Graph::build(manifest_of({node("mic", "Rec16k"), node("pass", "Any"), node("down", "To8k")},
                               {wire("mic", "pass"), wire("pass", "down")}),
                   format_types());
  const GraphNode& pass = graph->nodes()[1];
  EXPECT_EQ(pass.input.rate, 16000);
  EXPECT_EQ(pass.output.rate, 16000);
  EXPECT_EQ(pass.output.channels, 2);
  EXPECT_TRUE(pass.output.sample_format_known);
  EXPECT_EQ(pass.output.sample_format, SampleFormat::i16);
  const GraphNode& down = graph->nodes()[2];
  EXPECT_EQ(down.input.rate, 16000);
  EXPECT_EQ(down.output.rate, 8000);
}

TEST(GraphFormat, IsUnknownAtTheInput) {
  const auto graph = Graph::build(manifest_of({node("a", "Any")}, {}), format_types());
  EXPECT_EQ(graph->nodes()[0].input.rate, 0);
  EXPECT_EQ(graph->nodes()[0].input.kind, PayloadKind::none);
}

TEST(GraphFormat, OfSeveralConnectionsTheFirstKnownOneIsTold) {
  const auto graph = Graph::build(
      manifest_of({node("a", "Any"), node("mic", "Rec16k"), node("b", "To8k"), node("end", "Any")},
                  {wire("a", "end"), wire("mic", "end"), wire("b", "end")}),
      format_types());
  EXPECT_EQ(graph->nodes()[3].input.rate, 16000);
}

TEST(GraphFormat, IsNotTakenFromOtherPorts) {
  const auto graph = Graph::build(
      manifest_of({node("mic", "Rec16k"), node("end", "Any")}, {wire("mic", "end", "side")}),
      format_types());
  EXPECT_EQ(graph->nodes()[1].input.rate, 0);
}

TEST(GraphFormat, IsGivenToTheNodes) {
  auto seen = std::make_shared<StreamFormat>();
  NodeType look = type_of("Look", test::Behaviour{.initialize = [seen](const NodeContext& context) {
                            *seen = context.input;
                          }});
  NodeRegistry registry = format_types();
  registry.add(look);
  const test::TestSession run(
      registry, manifest_of({node("mic", "Rec16k"), node("look", "Look")}, {wire("mic", "look")}));
  EXPECT_EQ(seen->rate, 16000);
  EXPECT_EQ(seen->channels, 2);
}

}  // namespace
}  // namespace remotemedia

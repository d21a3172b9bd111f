#include "graph/fakes.h"
#include "remotemedia/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remotemedia {
namespace {

using test::manifest_of;
using test::node;
using test::type_of;
using test::wire;
using test::with_ports;
using testing::HasSubstr;
using testing::Not;

NodeRegistry types() {
  NodeType gate =
      with_ports(type_of("Gate"), {Port{}, {.name = "side"}}, {Port{}, {.name = "a\"<b>"}});
  gate.parameters = {{.name = "level", .type = ParameterType::number, .default_value = 2},
                     {.name = "label", .type = ParameterType::string, .default_value = "none"},
                     {.name = "path", .type = ParameterType::path, .nullable = true}};
  NodeType mic = with_ports(type_of("Mic"), {}, {Port{}});
  mic.resolve = [](const Parameters&, const StreamFormat&) {
    return StreamFormat{
        .rate = 16000, .sample_format_known = true, .sample_format = SampleFormat::i16};
  };
  NodeType line = mic;
  line.name = "Line";
  line.resolve = [](const Parameters&, const StreamFormat&) { return StreamFormat{.rate = 48000}; };
  return test::registry_of({gate, mic, line});
}

TEST(Mermaid, ShowsNodesAndConnections) {
  const auto graph =
      Graph::build(manifest_of({node("mic", "Mic"), node("gate", "Gate"), node("end", "Gate")},
                               {wire("mic", "gate"), wire("gate", "end")}),
                   types());
  EXPECT_EQ(to_mermaid(*graph),
            "flowchart LR\n"
            "  n0[\"mic<br/>Mic\"]\n"
            "  n1[\"gate<br/>Gate\"]\n"
            "  n2[\"end<br/>Gate\"]\n"
            "  n0 -->|\"16000 Hz i16\"| n1\n"
            "  n1 -->|\"16000 Hz i16\"| n2\n");
}

TEST(Dot, ShowsNodesAndConnections) {
  const auto graph = Graph::build(
      manifest_of({node("line", "Line"), node("gate", "Gate")}, {wire("line", "gate")}), types());
  EXPECT_EQ(to_dot(*graph),
            "digraph \"test\" {\n"
            "  rankdir=LR;\n"
            "  node [shape=box, style=rounded];\n"
            "  n0 [label=\"line\\nLine\"];\n"
            "  n1 [label=\"gate\\nGate\"];\n"
            "  n0 -> n1 [label=\"48000 Hz\"];\n"
            "}\n");
}

TEST(GraphPicture, ShowsOnlyParametersThatAreNotTheDefault) {
  const auto shown = [](const Object& params) {
    return to_mermaid(*Graph::build(manifest_of({node("g", "Gate", params)}, {}), types()));
  };
  EXPECT_THAT(shown({{"level", 2}, {"path", nullptr}}), HasSubstr("[\"g<br/>Gate\"]"));
  EXPECT_THAT(shown({{"level", 2.5}}), HasSubstr("[\"g<br/>Gate<br/>level=2.5\"]"));
  EXPECT_THAT(shown({{"path", "x.wav"}}), HasSubstr("path=#quot;x.wav#quot;"));
}

TEST(GraphPicture, ShortensLongValues) {
  const auto graph = Graph::build(
      manifest_of({node("g", "Gate", {{"label", std::string(10'000, 'x')}})}, {}), types());
  EXPECT_LT(to_dot(*graph).size(), 300U);
  EXPECT_THAT(to_dot(*graph), HasSubstr("xxx..."));
}

TEST(GraphPicture, EscapesWhatThePictureWouldReadAsItsOwn) {
  Manifest manifest =
      manifest_of({node("g", "Gate", {{"label", "<a> \"b\" #c \\d"}}), node("h", "Gate")},
                  {wire("g", "h", "a\"<b>", "side")});
  manifest.name = "my \"graph\"";
  const auto graph = Graph::build(manifest, types());
  const std::string mermaid = to_mermaid(*graph);
  EXPECT_THAT(mermaid, HasSubstr("label=#quot;#lt;a#gt; \\#quot;b\\#quot; #35;c \\\\d#quot;"));
  EXPECT_THAT(mermaid, HasSubstr("-->|\"a#quot;#lt;b#gt; to side\"| n1"));
  const std::string dot = to_dot(*graph);
  EXPECT_THAT(dot, HasSubstr("digraph \"my \\\"graph\\\"\""));
  EXPECT_THAT(dot, HasSubstr(R"(label=\"<a> \\\"b\\\" #c \\\\d\")"));
  EXPECT_THAT(dot, HasSubstr(R"([label="a\"<b> to side"])"));
}

TEST(GraphPicture, MarksNodesThatRunInPython) {
  GraphOptions options;
  options.foreign["own"] = {type_of("MyNode"), "python only"};
  const auto graph =
      Graph::build(manifest_of({node("own", "MyNode"), node("g", "Gate")}, {}), types(), options);
  EXPECT_THAT(to_mermaid(*graph), HasSubstr("n0[\"own<br/>MyNode<br/>python\"]"));
  EXPECT_THAT(to_dot(*graph), Not(HasSubstr("Gate\\npython")));
}

}  // namespace
}  // namespace remotemedia

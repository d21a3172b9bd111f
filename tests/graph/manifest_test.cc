#include "remotemedia/graph/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace remotemedia {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kV1Json = R"({
  "version": "v1",
  "metadata": {"name": "call"},
  "nodes": [
    {"id": "a", "node_type": "Reader", "params": {"path": "x.wav", "rate": 16000}},
    {"id": "b", "node_type": "Gate", "runtime_hint": "rust"},
    {"id": "c-1_Z", "node_type": "Writer", "params": {}}
  ],
  "connections": [
    {"from": "a", "to": "b", "output_port": "speech"},
    {"from": "b", "to": "c-1_Z", "input_port": "side"}
  ]
})";

constexpr const char* kV1Yaml = R"(
version: v1
metadata: {name: call}
nodes:
  - id: a
    node_type: Reader
    params: {path: x.wav, rate: 16000}
  - {id: b, node_type: Gate, runtime_hint: native}
  - {id: c-1_Z, node_type: Writer}
connections:
  - from: a
    to: b
    output_port: speech
  - {from: b, to: c-1_Z, input_port: side}
)";

constexpr const char* kSecondJson = R"({
  "version": "1.0",
  "metadata": {"name": "call"},
  "nodes": [
    {"id": "a", "type": "Reader", "params": {"path": "x.wav", "rate": 16000}},
    {"id": "b", "type": "Gate", "runtime_hint": "rust"},
    {"id": "c-1_Z", "type": "Writer"}
  ],
  "edges": [
    {"from": "a", "to": "b", "output_key": "speech"},
    {"from": "b", "to": "c-1_Z", "input_key": "side"}
  ],
  "config": {"enable_metrics": true}
})";

constexpr const char* kSecondYaml = R"(
version: 1.0
metadata: {name: call}
nodes:
  - {id: a, type: Reader, params: {path: x.wav, rate: 16000}}
  - {id: b, type: Gate, runtime_hint: native}
  - {id: c-1_Z, type: Writer}
edges:
  - {from: a, to: b, output_key: speech}
  - {from: b, to: c-1_Z, input_key: side}
config: {enable_metrics: true}
)";

Manifest read_manifest_text(const std::string& text, TextFormat format = TextFormat::json) {
  return parse_manifest(text, format);
}

// A v1 manifest with one node that has these fields too.
Manifest with_node_fields(const std::string& fields) {
  return read_manifest_text(
      R"({"version": "v1", "metadata": {"name": "x"}, "nodes": [{"id": "a", "node_type": "T", )" +
      fields + "}]}");
}

TEST(Manifest, BothDialectsInBothFormatsMeanTheSame) {
  const Value expected = manifest_to_value(read_manifest_text(kV1Json));
  EXPECT_EQ(manifest_to_value(read_manifest_text(kV1Yaml, TextFormat::yaml)), expected);
  EXPECT_EQ(manifest_to_value(read_manifest_text(kSecondJson)), expected);
  EXPECT_EQ(manifest_to_value(read_manifest_text(kSecondYaml, TextFormat::yaml)), expected);
}

TEST(Manifest, ReadsNodesAndConnectionsInTheirOrder) {
  const Manifest manifest = read_manifest_text(kV1Json);
  EXPECT_EQ(manifest.name, "call");
  ASSERT_EQ(manifest.nodes.size(), 3U);
  EXPECT_EQ(manifest.nodes[0].id, "a");
  EXPECT_EQ(manifest.nodes[0].node_type, "Reader");
  EXPECT_EQ(manifest.nodes[0].params, (Object{{"path", "x.wav"}, {"rate", 16000}}));
  EXPECT_EQ(manifest.nodes[1].runtime_hint, RuntimeHint::native);
  EXPECT_EQ(manifest.nodes[2].id, "c-1_Z");
  ASSERT_EQ(manifest.connections.size(), 2U);
  EXPECT_EQ(manifest.connections[0].output_port, "speech");
  EXPECT_EQ(manifest.connections[0].input_port, "default");
  EXPECT_EQ(manifest.connections[1].from, "b");
  EXPECT_EQ(manifest.connections[1].input_port, "side");
}

TEST(Manifest, RemembersWhereEverythingStands) {
  const Manifest manifest = read_manifest_text(kV1Json);
  EXPECT_EQ(manifest.nodes[1].pointer, "/nodes/1");
  EXPECT_EQ(manifest.nodes[1].line, 6);
  EXPECT_EQ(manifest.nodes[0].lines.at("params/rate"), 5);
  EXPECT_EQ(manifest.nodes[0].lines.at("node_type"), 5);
  EXPECT_EQ(manifest.connections[1].pointer, "/connections/1");
  EXPECT_EQ(manifest.connections[1].line, 11);
  const Manifest second = read_manifest_text(kSecondYaml, TextFormat::yaml);
  EXPECT_EQ(second.connections[1].pointer, "/edges/1");
  EXPECT_EQ(second.connections[1].line, 10);
  EXPECT_EQ(second.nodes[0].lines.at("type"), 5);
}

TEST(Manifest, FieldsThatAreAbsentHaveTheirDefaults) {
  const Manifest manifest = read_manifest_text(
      R"({"version": "v1", "metadata": {"name": "x"}, "nodes": [{"id": "a", "node_type": "T"}]})");
  EXPECT_EQ(manifest.description, "");
  EXPECT_EQ(manifest.created_at, "");
  EXPECT_THAT(manifest.connections, IsEmpty());
  EXPECT_THAT(manifest.warnings, IsEmpty());
  EXPECT_TRUE(manifest.config.empty());
  const ManifestNode& node = manifest.nodes[0];
  EXPECT_TRUE(node.params.empty());
  EXPECT_EQ(node.runtime_hint, RuntimeHint::automatic);
  EXPECT_EQ(node.is_streaming, std::nullopt);
  EXPECT_TRUE(node.capabilities.is_null());
  EXPECT_TRUE(node.execution.is_null());
  EXPECT_TRUE(node.isolate.is_null());
}

TEST(Manifest, TheSecondDialectNeedsNoMetadata) {
  EXPECT_EQ(read_manifest_text(R"({"version": "1.0", "nodes": [{"id": "a", "type": "T"}]})").name,
            "pipeline");
}

TEST(Manifest, KeepsTheConfigurationOfTheSecondDialect) {
  EXPECT_EQ(read_manifest_text(kSecondJson).config, (Object{{"enable_metrics", true}}));
}

TEST(Manifest, OldRuntimeNamesMeanTodaysRuntimes) {
  const std::pair<const char*, RuntimeHint> hints[] = {
      {"auto", RuntimeHint::automatic},     {"native", RuntimeHint::native},
      {"rust", RuntimeHint::native},        {"python", RuntimeHint::python},
      {"cpython", RuntimeHint::python},     {"rust_python", RuntimeHint::python},
      {"cpython_wasm", RuntimeHint::python}};
  for (const auto& [name, expected] : hints) {
    const Manifest manifest = with_node_fields(std::string(R"("runtime_hint": ")") + name + "\"");
    EXPECT_EQ(manifest.nodes[0].runtime_hint, expected) << name;
  }
}

TEST(Manifest, WarnsOfRuntimesThatNoLongerExist) {
  for (const char* name : {"rust_python", "cpython_wasm"}) {
    const Manifest manifest = with_node_fields(std::string(R"("runtime_hint": ")") + name + "\"");
    EXPECT_THAT(manifest.warnings, ElementsAre(std::string("node 'a': the runtime '") + name +
                                               "' no longer exists; it runs as 'python'"));
  }
  EXPECT_THAT(with_node_fields(R"("runtime_hint": "rust")").warnings, IsEmpty());
}

TEST(Manifest, AcceptsPlacementsThatAllowThisProcess) {
  for (const char* placement : {"anywhere", "native", "host", "local", "requires_gpu",
                                "prefer_remote", "prefer_browser", "prefer_gpu"}) {
    const Manifest manifest =
        with_node_fields(std::string(R"("execution": {"placement": ")") + placement + "\"}");
    EXPECT_EQ(manifest.nodes[0].execution, Value(Object{{"placement", placement}}));
  }
}

TEST(Manifest, NamesMayHave255CharactersOfAnyLanguage) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\u00e9";
  EXPECT_EQ(read_manifest_text(R"({"version": "v1", "metadata": {"name": ")" + name +
                               R"("}, "nodes": [{"id": "a", "node_type": "T"}]})")
                .name,
            name);
}

TEST(Manifest, AcceptsRfc3339Times) {
  for (const char* time : {"2026-01-31T12:00:00Z", "2026-12-01T23:59:60.123456789+05:30",
                           "1999-02-28T00:00:00-00:00"}) {
    EXPECT_EQ(read_manifest_text(
                  std::string(R"({"version": "v1", "metadata": {"name": "x", "created_at": ")") +
                  time + R"("}, "nodes": [{"id": "a", "node_type": "T"}]})")
                  .created_at,
              time);
  }
}

TEST(Manifest, WrittenAndReadAgainItIsTheSame) {
  const std::string everything = R"({
    "version": "v1",
    "metadata": {"name": "full", "description": "all fields", "created_at": "2026-01-31T12:00:00Z"},
    "nodes": [
      {"id": "a", "node_type": "T", "params": {"x": [1, 2.5, null, {"y": "z"}]},
       "is_streaming": true, "runtime_hint": "python",
       "capabilities": {"gpu": {"type": "cuda", "min_memory_gb": 4.5, "required": false},
                        "cpu": {"cores": 2, "arch": "x86_64"}, "memory_gb": 1},
       "execution": {"placement": "local", "reason": "r", "fallback": "f"},
       "isolate": {"restart": "on_failure", "max_restarts": 2, "start_timeout_s": 5}},
      {"id": "b", "node_type": "U", "params": {}, "is_streaming": false, "runtime_hint": "native"},
      {"id": "c", "node_type": "V", "params": {}}],
    "connections": [{"from": "a", "to": "b", "output_port": "o", "input_port": "i"},
                    {"from": "b", "to": "c"}]})";
  const Value written = manifest_to_value(read_manifest_text(everything));
  EXPECT_EQ(written, parse_document(everything, TextFormat::json).root);
  for (const TextFormat format : {TextFormat::json, TextFormat::yaml}) {
    EXPECT_EQ(manifest_to_value(read_manifest_text(to_json(written), format)), written);
  }
}

TEST(Manifest, AProgramsDocumentNeedsNoLines) {
  Document document;
  document.root = Object{{"version", "v1"},
                         {"metadata", Object{{"name", "x"}}},
                         {"nodes", Value::Array{Object{{"id", "a"}, {"node_type", "T"}}}}};
  const Manifest manifest = parse_manifest(document);
  EXPECT_EQ(manifest.nodes[0].line, 0);
  EXPECT_EQ(manifest.nodes[0].pointer, "/nodes/0");
}

TEST(Manifest, ReadsAsManyNodesAndConnectionsAsAreAllowed) {
  Value::Array nodes;
  Value::Array connections;
  for (std::size_t i = 0; i < kMaxNodes; ++i) {
    nodes.emplace_back(Object{{"id", "n" + std::to_string(i)}, {"node_type", "T"}});
  }
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    connections.emplace_back(Object{{"from", "n0"}, {"to", "n1"}});
  }
  Document document;
  document.root = Object{{"version", "v1"},
                         {"metadata", Object{{"name", "x"}}},
                         {"nodes", std::move(nodes)},
                         {"connections", std::move(connections)}};
  const Manifest manifest = parse_manifest(document);
  EXPECT_EQ(manifest.nodes.size(), kMaxNodes);
  EXPECT_EQ(manifest.connections.size(), kMaxConnections);
}

}  // namespace
}  // namespace remotemedia

// Everything the manifest reader refuses, with the place and the advice it gives.

#include "graph/refusals.h"
#include "remotemedia/graph/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::manifest_refusal;
using testing::HasSubstr;

/// One text and what is said about it.
struct ManifestCase {
  const char* fact;
  std::string text;
  const char* message;
  const char* pointer;
  int line;
  const char* hint;
};

void PrintTo(const ManifestCase& c, std::ostream* out) { *out << c.fact; }

// Line 1: version and metadata; line 2: the node's first line; line 3: `fields`; then the tail.
std::string node_json(const std::string& fields) {
  return "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}, \"nodes\": [\n"
         "{\"id\": \"a\", \"node_type\": \"T\",\n" +
         fields + "}]}";
}

// Two nodes in line 2, `connection` in line 3.
std::string connected_by(const std::string& connection) {
  return "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}, \"nodes\": [\n"
         "{\"id\": \"mic\", \"node_type\": \"T\"}, {\"id\": \"gate\", \"node_type\": \"T\"}], "
         "\"connections\": [\n" +
         connection + "]}";
}

// `metadata` in line 2.
std::string with_metadata(const std::string& metadata) {
  return "{\"version\": \"v1\",\n\"metadata\": " + metadata +
         ", \"nodes\": [{\"id\": \"a\", \"node_type\": \"T\"}]}";
}

// `field` in line 2.
std::string second_with(const std::string& field) {
  return "{\"version\": \"1.0\", \"nodes\": [{\"id\": \"a\", \"type\": \"T\"}],\n" + field + "}";
}

std::string many(const std::string& what, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + what;
  return text;
}

std::vector<ManifestCase> whole_document() {
  return {
      {"TheRootIsNoObject", "[1]", "a manifest must be an object, not [1]", "", 1, ""},
      {"NoVersion", "{\"nodes\": []}", "a manifest has no 'version'", "", 1, "add \"version\""},
      {"UnknownVersion", "{\n\"version\": \"v2\"}", "Unsupported manifest version: \"v2\"",
       "/version", 2, "this release reads \"v1\""},
      {"VersionOfAnotherType", "{\n\"version\": 1}", "Unsupported manifest version: 1", "/version",
       2, "this release reads \"v1\""},
      {"AManifestWithItsInputAround", "{\n\"manifest\": {}, \"input_data\": 1}",
       "this is a manifest with its input around it", "/manifest", 2,
       "give the object under \"manifest\""},
      {"UnknownField", with_metadata("{\"name\": \"x\"}, \"noodes\": 1"),
       "unknown field 'noodes' in a manifest", "/noodes", 2, "did you mean 'nodes'?"},
      {"NoMetadata", "{\"version\": \"v1\", \"nodes\": []}", "a manifest has no 'metadata'", "", 1,
       "add \"metadata\""},
      {"NoNodesField", "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}}",
       "a manifest has no 'nodes'", "", 1, "add \"nodes\""},
      {"NoNodes", "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"},\n\"nodes\": []}",
       "the graph has no nodes", "/nodes", 2, "add at least one node"},
      {"NodesAreNoList", "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"},\n\"nodes\": {}}",
       "'nodes' must be a list, not {}", "/nodes", 2, ""},
      {"TooManyNodes",
       "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"},\n\"nodes\": [" +
           many("{}", kMaxNodes + 1) + "]}",
       "1001 nodes, at most 1000 are allowed", "/nodes", 2, ""},
  };
}

std::vector<ManifestCase> metadata() {
  return {
      {"MetadataIsNoObject", with_metadata("5"), "metadata must be an object, not 5", "/metadata",
       2, ""},
      {"NoName", with_metadata("{}"), "metadata has no 'name'", "/metadata", 2, "add \"name\""},
      {"NameIsNoText", with_metadata("{\"name\":\n7}"), "'name' must be text, not 7",
       "/metadata/name", 3, ""},
      {"EmptyName", with_metadata("{\"name\": \"\"}"), "the name has 0 characters, expected 1..255",
       "/metadata/name", 2, ""},
      {"LongName", with_metadata("{\"name\": \"" + std::string(256, 'x') + "\"}"),
       "the name has 256 characters, expected 1..255", "/metadata/name", 2, ""},
      {"DescriptionIsNoText", with_metadata("{\"name\": \"x\", \"description\": []}"),
       "'description' must be text, not []", "/metadata/description", 2, ""},
      {"TimeWithoutZone",
       with_metadata("{\"name\": \"x\", \"created_at\": \"2026-01-31T12:00:00\"}"),
       "'2026-01-31T12:00:00' is no date and time", "/metadata/created_at", 2,
       "write it as 2026-01-31T12:00:00Z"},
      {"DateWithMonth13",
       with_metadata("{\"name\": \"x\", \"created_at\": \"2026-13-31T12:00:00Z\"}"),
       "is no date and time", "/metadata/created_at", 2, "2026-01-31T12:00:00Z"},
      {"VeryLongTime",
       with_metadata("{\"name\": \"x\", \"created_at\": \"2026-01-31T12:00:00." +
                     std::string(100'000, '0') + "Z\"}"),
       "'2026-01-31T12:00:00.000000", "", 2, "2026-01-31T12:00:00Z"},
      {"UnknownMetadataField", with_metadata("{\"name\": \"x\",\n\"descripton\": \"\"}"),
       "unknown field 'descripton' in metadata", "/metadata/descripton", 3,
       "did you mean 'description'?"},
  };
}

std::vector<ManifestCase> node_identity() {
  const std::string head = "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}, \"nodes\": [\n";
  return {
      {"NodeIsNoObject", head + "\"a\"]}", "a node must be an object, not \"a\"", "/nodes/0", 2,
       ""},
      {"NoId", head + "{\"node_type\": \"T\"}]}", "a node has no 'id'", "/nodes/0", 2,
       "add \"id\""},
      {"IdIsNoText", head + "{\"node_type\": \"T\",\n\"id\": 5}]}", "'id' must be text, not 5",
       "/nodes/0/id", 3, ""},
      {"IdWithASpace", head + "{\"node_type\": \"T\",\n\"id\": \"my node\"}]}",
       "'my node' is no node id", "/nodes/0/id", 3, "use letters, digits, _ and - only"},
      {"IdWithALetterBeyondAscii", head + "{\"node_type\": \"T\",\n\"id\": \"caf\u00e9\"}]}",
       "is no node id", "/nodes/0/id", 3, "use letters, digits, _ and - only"},
      {"EmptyId", head + "{\"node_type\": \"T\", \"id\": \"\"}]}", "'' is no node id",
       "/nodes/0/id", 2, "use letters"},
      {"DuplicateId",
       head + "{\"id\": \"a\", \"node_type\": \"T\"},\n{\"id\": \"a\", \"node_type\": \"U\"}]}",
       "Duplicate node ID: a", "/nodes/1/id", 3, "/nodes/0 has it already"},
      {"NoNodeType", head + "{\"id\": \"a\"}]}", "a node has no 'node_type'", "/nodes/0", 2,
       "add \"node_type\""},
      {"EmptyNodeType", head + "{\"id\": \"a\",\n\"node_type\": \"\"}]}", "the node type is empty",
       "/nodes/0/node_type", 3, ""},
      {"ParamsAreNoObject", node_json("\"params\": [1]"), "'params' must be an object, not [1]",
       "/nodes/0/params", 3, ""},
      {"UnknownNodeField", node_json("\"parms\": {}"), "unknown field 'parms' in a node",
       "/nodes/0/parms", 3, "did you mean 'params'?"},
      {"StreamingIsNoBoolean", node_json("\"is_streaming\": \"yes\""),
       "'is_streaming' is \"yes\", expected true or false", "/nodes/0/is_streaming", 3, ""},
      {"IsolateIsText", node_json("\"isolate\": \"yes\""),
       "'isolate' is \"yes\", expected true, false or an object", "/nodes/0/isolate", 3, ""},
      {"UnknownFieldOfIsolate", node_json("\"isolate\": {\"restarts\": 1}"),
       "unknown field 'restarts' in isolate", "/nodes/0/isolate/restarts", 3,
       "did you mean 'restart'?"},
      {"UnknownRestartPolicy", node_json("\"isolate\": {\"restart\": \"always\"}"),
       "'restart' is \"always\", expected one of never, on_failure", "/nodes/0/isolate/restart", 3,
       ""},
      {"NoRestarts", node_json("\"isolate\": {\"max_restarts\": 0}"),
       "'max_restarts' is 0, expected a number of at least 1", "/nodes/0/isolate/max_restarts", 3,
       ""},
      {"UnknownRuntimeHint", node_json("\"runtime_hint\": \"wasm\""), "unknown runtime_hint 'wasm'",
       "/nodes/0/runtime_hint", 3, "known: auto, native, python"},
      {"RuntimeHintIsNoText", node_json("\"runtime_hint\": null"),
       "'runtime_hint' must be text, not null", "/nodes/0/runtime_hint", 3, ""},
  };
}

std::vector<ManifestCase> node_placement() {
  return {
      {"RemoteHost", node_json("\"host\": \"gpu1:50051\""),
       "node on host 'gpu1:50051': remote nodes are not supported", "/nodes/0/host", 3,
       "remove it; nodes run in this process"},
      {"HostWithoutPort", node_json("\"host\": \"gpu1\""),
       "host 'gpu1' is not of the form name:port", "/nodes/0/host", 3, "remove it"},
      {"HostWithAPortOfLetters", node_json("\"host\": \"gpu1:http\""),
       "host 'gpu1:http' is not of the form name:port", "/nodes/0/host", 3, "remove it"},
      {"HostWithoutName", node_json("\"host\": \":80\""), "is not of the form name:port",
       "/nodes/0/host", 3, "remove it"},
      {"HostIsNoText", node_json("\"host\": 80"), "'host' must be text, not 80", "/nodes/0/host", 3,
       ""},
      {"RemotePlacement", node_json("\"execution\":\n{\"placement\": \"remote\"}"),
       "placement 'remote' is not supported", "/nodes/0/execution/placement", 4, "use \"local\""},
      {"RequiredBrowser", node_json("\"execution\": {\"placement\": \"requires_browser\"}"),
       "placement 'requires_browser' is not supported", "/nodes/0/execution/placement", 3,
       "use \"local\""},
      {"WasiPlacement", node_json("\"execution\": {\"placement\": \"wasi\"}"),
       "placement 'wasi' is not supported", "/nodes/0/execution/placement", 3, "use \"local\""},
      {"UnknownPlacement", node_json("\"execution\": {\"placement\": \"moon\"}"),
       "unknown placement 'moon'", "/nodes/0/execution/placement", 3, "known: anywhere, native"},
      {"UnknownExecutionField", node_json("\"execution\": {\"place\": \"local\"}"),
       "unknown field 'place' in execution", "/nodes/0/execution/place", 3, "known: placement"},
      {"ReasonIsNoText", node_json("\"execution\": {\"reason\": 1}"),
       "'reason' must be text, not 1", "/nodes/0/execution/reason", 3, ""},
      {"ExecutionIsNoObject", node_json("\"execution\": \"local\""),
       "execution must be an object, not \"local\"", "/nodes/0/execution", 3, ""},
  };
}

std::vector<ManifestCase> capabilities() {
  const auto with = [](const std::string& text) { return node_json("\"capabilities\": " + text); };
  return {
      {"CapabilitiesAreNoObject", with("true"), "capabilities must be an object, not true",
       "/nodes/0/capabilities", 3, ""},
      {"UnknownCapability", with("{\"gpus\": {}}"), "unknown field 'gpus' in capabilities",
       "/nodes/0/capabilities/gpus", 3, "did you mean 'gpu'?"},
      {"NegativeMemory", with("{\"memory_gb\": -1}"),
       "'memory_gb' is -1, expected a number of at least 0", "/nodes/0/capabilities/memory_gb", 3,
       ""},
      {"MemoryIsNoNumber", with("{\"memory_gb\": \"4\"}"),
       "'memory_gb' is \"4\", expected a number of at least 0", "/nodes/0/capabilities/memory_gb",
       3, ""},
      {"GpuWithoutType", with("{\"gpu\": {}}"), "capabilities.gpu has no 'type'",
       "/nodes/0/capabilities/gpu", 3, "add \"type\""},
      {"UnknownGpuType", with("{\"gpu\":\n{\"type\": \"cude\"}}"),
       "'type' is \"cude\", expected one of cuda, rocm, metal, vulkan, any",
       "/nodes/0/capabilities/gpu/type", 4, ""},
      {"GpuMemoryIsNegative", with("{\"gpu\": {\"type\": \"any\", \"min_memory_gb\": -0.5}}"),
       "'min_memory_gb' is -0.5, expected a number of at least 0",
       "/nodes/0/capabilities/gpu/min_memory_gb", 3, ""},
      {"GpuRequiredIsNoBoolean", with("{\"gpu\": {\"type\": \"any\", \"required\": 1}}"),
       "'required' is 1, expected true or false", "/nodes/0/capabilities/gpu/required", 3, ""},
      {"NoCores", with("{\"cpu\": {\"cores\": 0}}"),
       "'cores' is 0, expected a number of at least 1", "/nodes/0/capabilities/cpu/cores", 3, ""},
      {"UnknownArchitecture", with("{\"cpu\": {\"arch\": \"mips\"}}"),
       "'arch' is \"mips\", expected one of x86_64, aarch64, arm, any",
       "/nodes/0/capabilities/cpu/arch", 3, ""},
      {"UnknownCpuField", with("{\"cpu\": {\"core\": 1}}"),
       "unknown field 'core' in capabilities.cpu", "/nodes/0/capabilities/cpu/core", 3,
       "did you mean 'cores'?"},
  };
}

std::vector<ManifestCase> connections() {
  return {
      {"UnknownSource", connected_by("{\"from\": \"mik\", \"to\": \"gate\"}"),
       "Connection references unknown source node: mik", "/connections/0/from", 3,
       "did you mean 'mic'?"},
      {"UnknownTarget", connected_by("{\"from\": \"mic\",\n\"to\": \"speaker\"}"),
       "Connection references unknown target node: speaker", "/connections/0/to", 4,
       "known: mic, gate"},
      {"NoSource", connected_by("{\"to\": \"gate\"}"), "a connection has no 'from'",
       "/connections/0", 3, "add \"from\""},
      {"NoTarget", connected_by("{\"from\": \"mic\"}"), "a connection has no 'to'",
       "/connections/0", 3, "add \"to\""},
      {"EndIsNoText", connected_by("{\"from\": 1, \"to\": \"gate\"}"), "'from' must be text, not 1",
       "/connections/0/from", 3, ""},
      {"PortIsNoText", connected_by("{\"from\": \"mic\", \"to\": \"gate\", \"input_port\": 0}"),
       "'input_port' must be text, not 0", "/connections/0/input_port", 3, ""},
      {"UnknownConnectionField",
       connected_by("{\"from\": \"mic\", \"to\": \"gate\", \"input_prt\": \"x\"}"),
       "unknown field 'input_prt' in a connection", "/connections/0/input_prt", 3,
       "did you mean 'input_port'?"},
      {"ConnectionIsNoObject", connected_by("[\"mic\", \"gate\"]"),
       "a connection must be an object, not [\"mic\",\"gate\"]", "/connections/0", 3, ""},
      {"TooManyConnections",
       connected_by(many("{\"from\": \"mic\", \"to\": \"gate\"}", kMaxConnections + 1)),
       "4001 connections, at most 4000 are allowed", "/connections", 2, ""},
  };
}

std::vector<ManifestCase> dialects() {
  return {
      {"EdgesInV1", with_metadata("{\"name\": \"x\"},\n\"edges\": []"),
       "'edges' belongs to the other dialect", "/edges", 3,
       "with this version it is called 'connections'"},
      {"ConnectionsInTheSecondDialect", second_with("\"connections\": []"),
       "'connections' belongs to the other dialect", "/connections", 2,
       "with this version it is called 'edges'"},
      {"TypeInV1",
       "{\"version\": \"v1\", \"metadata\": {\"name\": \"x\"}, \"nodes\": [{\"id\": "
       "\"a\",\n\"type\": "
       "\"T\"}]}",
       "'type' belongs to the other dialect", "/nodes/0/type", 2,
       "with this version it is called 'node_type'"},
      {"NodeTypeInTheSecondDialect",
       "{\"version\": \"1.0\", \"nodes\": [{\"id\": \"a\",\n\"node_type\": \"T\"}]}",
       "'node_type' belongs to the other dialect", "/nodes/0/node_type", 2,
       "with this version it is called 'type'"},
      {"OutputKeyInV1",
       connected_by("{\"from\": \"mic\", \"to\": \"gate\",\n\"output_key\": \"x\"}"),
       "'output_key' belongs to the other dialect", "/connections/0/output_key", 4,
       "with this version it is called 'output_port'"},
      {"InputPortInTheSecondDialect",
       second_with("\"edges\": [{\"from\": \"a\", \"to\": \"a\",\n\"input_port\": \"x\"}]"),
       "'input_port' belongs to the other dialect", "/edges/0/input_port", 3,
       "with this version it is called 'input_key'"},
      {"ConfigInV1", with_metadata("{\"name\": \"x\"},\n\"config\": {}"),
       "unknown field 'config' in a manifest", "/config", 3, "known: version, metadata"},
      {"RetryPolicy", second_with("\"config\":\n{\"retry_policy\": \"often\"}"),
       "'retry_policy' is \"often\", expected one of none, fixed, exponential",
       "/config/retry_policy", 3, ""},
      {"MaxRetries", second_with("\"config\": {\"max_retries\": -1}"),
       "'max_retries' is -1, expected a whole number in 0..100", "/config/max_retries", 2, ""},
      {"CircuitBreaker", second_with("\"config\": {\"circuit_breaker_threshold\": 0}"),
       "'circuit_breaker_threshold' is 0, expected a whole number in 1..1000000",
       "/config/circuit_breaker_threshold", 2, ""},
      {"MetricsSwitchIsNoBoolean", second_with("\"config\": {\"enable_metrics\": \"on\"}"),
       "'enable_metrics' is \"on\", expected true or false", "/config/enable_metrics", 2, ""},
      {"UnknownConfigField", second_with("\"config\": {\"enable_metric\": true}"),
       "unknown field 'enable_metric' in config", "/config/enable_metric", 2,
       "did you mean 'enable_metrics'?"},
      {"ConfigIsNoObject", second_with("\"config\": []"), "config must be an object, not []",
       "/config", 2, ""},
  };
}

class RefusedManifest : public testing::TestWithParam<ManifestCase> {};

TEST_P(RefusedManifest, IsToldWhatWhereAndWhatToDo) {
  const ManifestCase& c = GetParam();
  const ManifestError error = manifest_refusal([&] { parse_manifest(c.text, TextFormat::json); });
  EXPECT_THAT(error.what(), HasSubstr(c.message));
  EXPECT_THAT(error.what(), testing::StartsWith("Manifest error: "));
  EXPECT_EQ(error.line(), c.line);
  EXPECT_THAT(error.hint(), HasSubstr(c.hint));
  EXPECT_EQ(error.hint().empty(), *c.hint == '\0');
  if (*c.pointer != '\0') {
    EXPECT_EQ(error.pointer(), c.pointer);
    EXPECT_THAT(error.what(), HasSubstr(std::string(", ") + c.pointer + ")"));
  }
}

// In YAML the same values stand on the same lines, as JSON is YAML.
TEST_P(RefusedManifest, IsToldTheSameInYaml) {
  const ManifestCase& c = GetParam();
  const ManifestError json = manifest_refusal([&] { parse_manifest(c.text, TextFormat::json); });
  const ManifestError yaml = manifest_refusal([&] { parse_manifest(c.text, TextFormat::yaml); });
  EXPECT_STREQ(yaml.what(), json.what());
  EXPECT_EQ(yaml.pointer(), json.pointer());
  EXPECT_EQ(yaml.line(), json.line());
}

const auto kManifestFact = [](const testing::TestParamInfo<ManifestCase>& info) {
  return info.param.fact;
};
INSTANTIATE_TEST_SUITE_P(Document, RefusedManifest, testing::ValuesIn(whole_document()),
                         kManifestFact);
INSTANTIATE_TEST_SUITE_P(Metadata, RefusedManifest, testing::ValuesIn(metadata()), kManifestFact);
INSTANTIATE_TEST_SUITE_P(Node, RefusedManifest, testing::ValuesIn(node_identity()), kManifestFact);
INSTANTIATE_TEST_SUITE_P(Placement, RefusedManifest, testing::ValuesIn(node_placement()),
                         kManifestFact);
INSTANTIATE_TEST_SUITE_P(Capability, RefusedManifest, testing::ValuesIn(capabilities()),
                         kManifestFact);
INSTANTIATE_TEST_SUITE_P(Connection, RefusedManifest, testing::ValuesIn(connections()),
                         kManifestFact);
INSTANTIATE_TEST_SUITE_P(Dialect, RefusedManifest, testing::ValuesIn(dialects()), kManifestFact);

class RemovedField : public testing::TestWithParam<const char*> {};

TEST_P(RemovedField, IsNamedAtEveryLevel) {
  const std::string name = GetParam();
  const std::string field = "\"" + name + "\": true";
  const std::pair<std::string, std::string> places[] = {
      {with_metadata("{\"name\": \"x\"}, " + field), "/" + name},
      {with_metadata("{\"name\": \"x\", " + field + "}"), "/metadata/" + name},
      {node_json(field), "/nodes/0/" + name},
      {node_json("\"execution\": {" + field + "}"), "/nodes/0/execution/" + name},
      {second_with("\"config\": {" + field + "}"), "/config/" + name}};
  for (const auto& [text, pointer] : places) {
    const ManifestError error =
        manifest_refusal([&, &json = text] { parse_manifest(json, TextFormat::json); });
    EXPECT_THAT(error.what(), HasSubstr("field '" + name + "' is not supported"));
    EXPECT_EQ(error.pointer(), pointer);
    EXPECT_EQ(error.hint(), "remove it");
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, RemovedField,
                         testing::Values("python_env", "docker", "python_deps", "fast_path",
                                         "is_output_node", "parallel", "max_workers",
                                         "media_capabilities", "auto_negotiate", "optimization"),
                         [](const auto& field) { return std::string(field.param); });

TEST(ManifestFromAProgram, IsRefusedWithNumbersThatJsonCannotWrite) {
  Document document;
  document.root = Object{
      {"version", "v1"},
      {"metadata", Object{{"name", "x"}}},
      {"nodes",
       Value::Array{Object{
           {"id", "a"}, {"node_type", "T"}, {"capabilities", Object{{"memory_gb", HUGE_VAL}}}}}}};
  const ManifestError error = manifest_refusal([&] { parse_manifest(document); });
  EXPECT_THAT(error.what(), HasSubstr("'memory_gb' is Infinity, expected a number of at least 0"));
  EXPECT_EQ(error.line(), 0);
  EXPECT_EQ(error.pointer(), "/nodes/0/capabilities/memory_gb");
}

}  // namespace
}  // namespace remotemedia

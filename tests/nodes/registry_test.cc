#include "nodes/runner.h"

#include <fstream>
#include <set>
#include <sstream>

namespace remotemedia::nodes {
namespace {

using namespace test;

std::vector<const NodeType*> all_types() { return builtin_nodes().types(); }

/// Defaults, and something for each parameter that has none.
Object sufficient_parameters(const NodeType& type) {
  Object given;
  for (const ParameterSpec& spec : type.parameters) {
    if (spec.default_value || spec.nullable) continue;
    given.set(spec.name, spec.type == ParameterType::path ? Value("x.wav") : Value(1));
  }
  return given;
}

TEST(BuiltinNodes, AreTheKnownTypes) {
  std::vector<std::string> names;
  for (const NodeType* type : all_types()) names.push_back(type->name);
  EXPECT_THAT(names, testing::ElementsAre("AddNode", "AudioBuffer", "AudioResampleNode",
                                          "AudioTransform", "BufferNode", "CalculatorNode",
                                          "ExtractAudioDataNode", "FormatConverterNode",
                                          "MediaReaderNode", "MediaWriterNode", "MultiplyNode",
                                          "PassThroughNode", "SileroVADNode", "TextProcessorNode",
                                          "TextTransformNode", "VADNode", "VADTriggeredBuffer"));
  EXPECT_TRUE(std::ranges::is_sorted(builtin_nodes().names()));
  EXPECT_EQ(builtin_nodes().find("PassThrough"), builtin_nodes().find("PassThroughNode"));
  EXPECT_EQ(builtin_nodes().find("NoNode"), nullptr);
}

TEST(BuiltinNodes, DescribeThemselves) {
  const std::set<std::string> categories = {"audio", "general", "media"};
  for (const NodeType* type : all_types()) {
    SCOPED_TRACE(type->name);
    EXPECT_TRUE(categories.contains(type->category));
    EXPECT_TRUE(type->summary.ends_with("."));
    for (const ParameterSpec& spec : type->parameters) {
      EXPECT_TRUE(spec.description.ends_with(".")) << spec.name;
    }
    for (const MetadataField& field : type->metadata) {
      EXPECT_TRUE(field.description.ends_with(".")) << field.name;
    }
    for (const RefusedParameter& refused : type->refused_parameters) {
      EXPECT_FALSE(refused.hint.empty()) << refused.name;
    }
  }
}

TEST(BuiltinNodes, AcceptTheirOwnDefaultsAndAreMadeFromThem) {
  for (const NodeType* type : all_types()) {
    SCOPED_TRACE(type->name);
    ParameterProblem problem;
    const auto parameters = check_parameters(type->parameters, type->refused_parameters,
                                             sufficient_parameters(*type), &problem);
    ASSERT_TRUE(parameters) << problem.message;
    EXPECT_EQ(parameters->values().size(), type->parameters.size());
    if (type->check) type->check(*parameters);
    if (type->make) {
      EXPECT_NE(type->make(*parameters), nullptr);
    }
    // What is complete stays as it is.
    const auto again = check_parameters(type->parameters, type->refused_parameters,
                                        parameters->values(), &problem);
    ASSERT_TRUE(again) << problem.message;
    EXPECT_EQ(again->values(), parameters->values());
  }
}

TEST(BuiltinNodes, RefuseParametersOutsideTheirLimits) {
  for (const NodeType* type : all_types()) {
    for (const ParameterSpec& spec : type->parameters) {
      const auto refuses = [&](const Value& value) {
        Object given = sufficient_parameters(*type);
        given.set(spec.name, value);
        ParameterProblem problem;
        EXPECT_FALSE(check_parameters(type->parameters, type->refused_parameters, given, &problem))
            << type->name << ": " << spec.name << " = " << to_json(value);
        EXPECT_EQ(problem.name, spec.name);
      };
      if (spec.minimum) refuses(*spec.minimum - 1);
      if (spec.maximum) refuses(*spec.maximum + 1);
      if (!spec.choices.empty()) refuses("none of them");
      if (spec.type != ParameterType::any) refuses(Value::Array{});
    }
  }
}

TEST(BuiltinNodes, RunInPythonTooAndOnlyTextNodesThereAlone) {
  for (const NodeType* type : all_types()) {
    EXPECT_TRUE(type->has_python) << type->name;
    const bool is_text = type->name == "TextProcessorNode" || type->name == "TextTransformNode";
    EXPECT_EQ(type->make == nullptr, is_text) << type->name;
  }
}

// The Python SDK reads the same types from a file, as it works without the native library too.
TEST(BuiltinNodes, AreThoseOfThePythonSdk) {
  Value::Array types;
  for (const NodeType* type : all_types()) types.push_back(describe_node_type(*type));
  std::ifstream file(REMOTEMEDIA_NODE_TYPES);
  std::istringstream expected(to_json(types, 2) + "\n");
  const char* remedy =
      "write the output of `remotemedia nodes describe --all --json` to "
      "python/remotemedia/node_types.json";
  std::string line;
  std::string expected_line;
  for (int number = 1; std::getline(expected, expected_line); ++number) {
    ASSERT_TRUE(std::getline(file, line)) << "line " << number << " is missing; " << remedy;
    ASSERT_EQ(line, expected_line) << "line " << number << "; " << remedy;
  }
  EXPECT_FALSE(std::getline(file, line)) << remedy;
}

}  // namespace
}  // namespace remotemedia::nodes

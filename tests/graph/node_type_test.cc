#include "remotemedia/graph/node_type.h"

#include "graph/fakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::type_of;
using testing::ElementsAre;

NodeType named(std::string name, std::vector<std::string> aliases = {}) {
  NodeType type = type_of(std::move(name));
  type.aliases = std::move(aliases);
  return type;
}

TEST(NodeRegistry, FindsTypesByNameAndAlias) {
  NodeRegistry registry;
  registry.add(named("Gate", {"NoiseGate", "Expander"}));
  ASSERT_NE(registry.find("Gate"), nullptr);
  EXPECT_EQ(registry.find("NoiseGate"), registry.find("Gate"));
  EXPECT_EQ(registry.find("Expander")->name, "Gate");
  EXPECT_EQ(registry.find("gate"), nullptr) << "names are exact";
}

TEST(NodeRegistry, IsSortedByNameWhateverTheOrderOfAdding) {
  NodeRegistry registry;
  for (const char* name : {"Zoom", "Add", "Mix"}) registry.add(named(name));
  std::vector<std::string> names;
  for (const NodeType* type : registry.types()) names.push_back(type->name);
  EXPECT_THAT(names, ElementsAre("Add", "Mix", "Zoom"));
}

TEST(NodeRegistry, NamesIncludeAliasesSorted) {
  NodeRegistry registry;
  registry.add(named("Mix", {"Blend"}));
  registry.add(named("Add", {"Sum"}));
  EXPECT_THAT(registry.names(), ElementsAre("Add", "Blend", "Mix", "Sum"));
}

TEST(NodeRegistry, ANameIsTakenOnce) {
  NodeRegistry registry;
  registry.add(named("Gate", {"NoiseGate"}));
  EXPECT_THROW(registry.add(named("Gate")), std::logic_error);
  EXPECT_THROW(registry.add(named("NoiseGate")), std::logic_error) << "a name that is an alias";
  EXPECT_THROW(registry.add(named("A", {"Gate"})), std::logic_error) << "an alias that is a name";
  EXPECT_THROW(registry.add(named("B", {"NoiseGate"})), std::logic_error);
  EXPECT_THROW(registry.add(named("C", {"x", "x"})), std::logic_error);
  EXPECT_THROW(registry.add(named("D", {"D"})), std::logic_error);
}

TEST(NodeType, IsASourceWithoutInputsAndASinkWithoutOutputs) {
  EXPECT_FALSE(named("T").is_source());
  EXPECT_FALSE(named("T").is_sink());
  EXPECT_TRUE(test::with_ports(named("T"), {}, {Port{}}).is_source());
  EXPECT_TRUE(test::with_ports(named("T"), {Port{}}, {}).is_sink());
}

TEST(NodeType, DescriptionNamesEverythingTheGraphKnows) {
  NodeType type = named("Gate", {"NoiseGate"});
  type.category = "audio";
  type.parameters = {{.name = "threshold",
                      .type = ParameterType::number,
                      .description = "Level.",
                      .default_value = -40.0,
                      .minimum = -96,
                      .maximum = 0,
                      .unit = "dB",
                      .aliases = {"level"}},
                     {.name = "mode",
                      .type = ParameterType::string,
                      .description = "How.",
                      .choices = {"soft", "hard"},
                      .nullable = true}};
  type.refused_parameters = {{.name = "volume", .hint = "use threshold"}};
  type.inputs = {{.name = "default", .kinds = {PayloadKind::audio}}, {.name = "side"}};
  type.metadata = {{"open", "Whether it was open.", MetadataMerge::any, true}};
  type.continuous = false;
  type.repeatable = true;
  type.has_python = false;
  const Value expected = Object{
      {"name", "Gate"},
      {"summary", "A fake."},
      {"category", "audio"},
      {"aliases", Value::Array{"NoiseGate"}},
      {"inputs", Value::Array{Object{{"name", "default"}, {"kinds", Value::Array{"audio"}}},
                              Object{{"name", "side"}, {"kinds", Value::Array{}}}}},
      {"outputs", Value::Array{Object{{"name", "default"}, {"kinds", Value::Array{}}}}},
      {"parameters", Value::Array{Object{{"name", "threshold"},
                                         {"type", "number"},
                                         {"description", "Level."},
                                         {"default", -40.0},
                                         {"minimum", -96.0},
                                         {"maximum", 0.0},
                                         {"unit", "dB"},
                                         {"aliases", Value::Array{"level"}}},
                                  Object{{"name", "mode"},
                                         {"type", "string"},
                                         {"description", "How."},
                                         {"choices", Value::Array{"soft", "hard"}},
                                         {"nullable", true}}}},
      {"refused_parameters", Value::Array{Object{{"name", "volume"}, {"hint", "use threshold"}}}},
      {"metadata", Value::Array{Object{{"name", "open"},
                                       {"description", "Whether it was open."},
                                       {"merge", "any"},
                                       {"counts_from_clip", true}}}},
      {"continuous", false},
      {"streaming", false},
      {"offloaded", false},
      {"repeatable", true},
      {"runtimes", Value::Array{"native"}}};
  EXPECT_EQ(to_json(describe_node_type(type), 1), to_json(expected, 1));
}

TEST(NodeType, RunsInTheRuntimesThatImplementIt) {
  const auto runtimes = [](const NodeType& type) {
    return *describe_node_type(type).as_object()->find("runtimes");
  };
  NodeType type = named("T");
  EXPECT_EQ(runtimes(type), Value(Value::Array{"native", "python"}));
  type.make = {};
  EXPECT_EQ(runtimes(type), Value(Value::Array{"python"}));
}

}  // namespace
}  // namespace remotemedia

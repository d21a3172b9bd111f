#include "graph/fakes.h"
#include "remotemedia/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {
namespace {

using test::type_of;
using testing::ElementsAre;

NodeRegistry schema_types() {
  NodeType gain = type_of("Gain");
  gain.aliases = {"Amplify"};
  gain.parameters = {{.name = "factor",
                      .type = ParameterType::number,
                      .description = "Factor.",
                      .minimum = 0,
                      .maximum = 10},
                     {.name = "mode",
                      .type = ParameterType::string,
                      .description = "How.",
                      .default_value = "soft",
                      .choices = {"soft", "hard"}}};
  return test::registry_of({gain, type_of("Pass")});
}

// The value at a path of member names and indices, e.g. "properties/nodes/items"; a test failure if
// there is none.
Value at(const Value& root, std::string_view path) {
  const Value* value = &root;
  while (!path.empty() && value != nullptr) {
    const std::size_t end = path.find('/');
    const std::string name(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    if (const Value::Array* array = value->as_array()) {
      value = &array->at(std::stoul(name));
    } else {
      value = value->as_object() == nullptr ? nullptr : value->as_object()->find(name);
    }
  }
  if (value == nullptr) ADD_FAILURE() << "the schema has no such place";
  return value == nullptr ? Value() : *value;
}

std::vector<std::string> names_in(const Value& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : *object.as_object()) names.emplace_back(name);
  return names;
}

TEST(ManifestSchema, IsDraft7AndHasTheOldId) {
  const Value schema = manifest_schema(schema_types());
  EXPECT_EQ(at(schema, "$schema"), Value("http://json-schema.org/draft-07/schema#"));
  EXPECT_EQ(at(schema, "$id"), Value("https://remotemedia.dev/schemas/manifest.v1.json"));
  EXPECT_EQ(at(schema, "properties/version/const"), Value("v1"));
  EXPECT_EQ(at(schema, "required"), Value(Value::Array{"version", "metadata", "nodes"}));
}

TEST(ManifestSchema, ClosesEveryObject) {
  const Value schema = manifest_schema(schema_types());
  for (const char* path :
       {"", "properties/metadata", "properties/nodes/items", "properties/connections/items",
        "properties/nodes/items/properties/capabilities",
        "properties/nodes/items/properties/capabilities/properties/gpu",
        "properties/nodes/items/properties/capabilities/properties/cpu",
        "properties/nodes/items/properties/execution"}) {
    EXPECT_EQ(at(at(schema, path), "additionalProperties"), Value(false)) << path;
  }
}

TEST(ManifestSchema, LimitsAreThoseOfTheReader) {
  const Value schema = manifest_schema(schema_types());
  EXPECT_EQ(at(schema, "properties/nodes/minItems"), Value(1));
  EXPECT_EQ(at(schema, "properties/nodes/maxItems"), Value(kMaxNodes));
  EXPECT_EQ(at(schema, "properties/connections/maxItems"), Value(kMaxConnections));
  EXPECT_EQ(at(schema, "properties/metadata/properties/name/maxLength"), Value(255));
}

TEST(ManifestSchema, EveryRuntimeHintOfTheSchemaIsRead) {
  const Value hints =
      at(manifest_schema(schema_types()), "properties/nodes/items/properties/runtime_hint/enum");
  EXPECT_EQ(hints.as_array()->size(), 7U);
  for (const Value& hint : *hints.as_array()) {
    Document document;
    document.root =
        Object{{"version", "v1"},
               {"metadata", Object{{"name", "x"}}},
               {"nodes",
                Value::Array{Object{{"id", "a"}, {"node_type", "Pass"}, {"runtime_hint", hint}}}}};
    EXPECT_NO_THROW(parse_manifest(document)) << to_json(hint);
  }
}

// A value that the schema of a field allows.
Value example(const std::string& name, const Value& schema) {
  if (name == "id" || name == "from" || name == "to") return "a";
  if (name == "created_at") return "2026-01-31T12:00:00Z";
  if (name == "placement") return "local";
  const Object& object = *schema.as_object();
  if (const Value* constant = object.find("const")) return *constant;
  if (const Value* choices = object.find("enum")) return choices->as_array()->front();
  if (const Value* alternatives = object.find("anyOf")) {
    return example(name, alternatives->as_array()->back());
  }
  const std::string_view type = *object.find("type")->as_string();
  if (type == "array") return Value::Array{example(name, *object.find("items"))};
  if (type == "number" || type == "integer") return 1;
  if (type == "boolean") return false;
  if (type == "string") return "default";
  Object filled;
  if (const Value* properties = object.find("properties")) {
    for (const auto& [field, inner] : *properties->as_object()) {
      filled.set(field, example(std::string(field), inner));
    }
  }
  return filled;
}

TEST(ManifestSchema, EveryFieldOfTheSchemaIsRead) {
  Document document;
  document.root = example("", manifest_schema(schema_types()));
  const Manifest manifest = parse_manifest(document);
  EXPECT_FALSE(manifest.created_at.empty());
  ASSERT_EQ(manifest.nodes.size(), 1U);
  EXPECT_FALSE(manifest.nodes[0].capabilities.is_null());
  EXPECT_FALSE(manifest.nodes[0].execution.is_null());
  EXPECT_EQ(manifest.nodes[0].policy.retry, (RetryPolicy{1, 1, 1, 1, false}));
  EXPECT_EQ(manifest.nodes[0].policy.circuit_breaker, (BreakerPolicy{1, 1}));
  EXPECT_EQ(manifest.connections.size(), 1U);
  EXPECT_EQ(manifest_to_value(manifest).as_object()->size(),
            at(manifest_schema(schema_types()), "properties").as_object()->size());
}

TEST(ManifestSchema, OffersEveryTypeAndAlias) {
  const Value node = at(manifest_schema(schema_types()), "properties/nodes/items");
  EXPECT_EQ(at(node, "properties/node_type/anyOf/0/enum"),
            Value(Value::Array{"Amplify", "Gain", "Pass"}));
  EXPECT_EQ(at(node, "properties/node_type/anyOf/1/minLength"), Value(1))
      << "a program's own classes are types too";
}

TEST(ManifestSchema, ChecksTheParametersOfTheTypeAtHand) {
  const Value rules = at(manifest_schema(schema_types()), "properties/nodes/items/allOf");
  ASSERT_EQ(rules.as_array()->size(), 2U);
  EXPECT_EQ(at(rules, "0/if/properties/node_type/enum"), Value(Value::Array{"Gain", "Amplify"}));
  const Value params = at(rules, "0/then/properties/params");
  EXPECT_THAT(names_in(at(params, "properties")), ElementsAre("factor", "mode"));
  EXPECT_EQ(at(params, "properties/factor/maximum"), Value(10.0));
  EXPECT_EQ(at(params, "required"), Value(Value::Array{"factor"}));
  EXPECT_EQ(at(rules, "0/then/required"), Value(Value::Array{"params"}))
      << "without params the required one would go unmissed";
  EXPECT_EQ(at(rules, "1/then/properties/params/properties"), Value(Object{}));
  EXPECT_FALSE(at(rules, "1/then").as_object()->contains("required"));
}

}  // namespace
}  // namespace remotemedia

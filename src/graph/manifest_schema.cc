#include "remotemedia/graph/graph.h"

#include <string>
#include <utility>

namespace remotemedia {
namespace {

Object text(const char* description) { return {{"type", "string"}, {"description", description}}; }

Value capabilities_schema() {
  const Object gpu{
      {"type", "object"},
      {"required", Value::Array{"type"}},
      {"properties",
       Object{{"type", Object{{"enum", Value::Array{"cuda", "rocm", "metal", "vulkan", "any"}}}},
              {"min_memory_gb", Object{{"type", "number"}, {"minimum", 0}}},
              {"required", Object{{"type", "boolean"}, {"default", true}}}}},
      {"additionalProperties", false}};
  const Object cpu{
      {"type", "object"},
      {"properties",
       Object{{"cores", Object{{"type", "number"}, {"minimum", 1}}},
              {"arch", Object{{"enum", Value::Array{"x86_64", "aarch64", "arm", "any"}}}}}},
      {"additionalProperties", false}};
  return Object{{"type", "object"},
                {"properties", Object{{"gpu", gpu},
                                      {"cpu", cpu},
                                      {"memory_gb", Object{{"type", "number"}, {"minimum", 0}}}}},
                {"additionalProperties", false}};
}

Value execution_schema() {
  return Object{
      {"type", "object"},
      {"properties", Object{{"placement", text("Where the node may run; must allow local.")},
                            {"reason", text("Why.")},
                            {"fallback", text("What else would do.")}}},
      {"additionalProperties", false}};
}

Value isolation_schema() {
  const Object fields{
      {"type", "object"},
      {"properties",
       Object{
           {"restart", Object{{"enum", Value::Array{"never", "on_failure"}}, {"default", "never"}}},
           {"max_restarts",
            Object{{"type", "integer"}, {"minimum", 1}, {"maximum", 1'000}, {"default", 3}}},
           {"start_timeout_s", Object{{"type", "number"},
                                      {"exclusiveMinimum", 0},
                                      {"maximum", 3'600},
                                      {"default", 30}}}}},
      {"additionalProperties", false}};
  return Object{{"anyOf", Value::Array{Object{{"type", "boolean"}}, fields}},
                {"default", false},
                {"description", "Run a Python node of your own in a process of its own."}};
}

Object whole_number(int minimum, int maximum) {
  return {{"type", "integer"}, {"minimum", minimum}, {"maximum", maximum}};
}

Object with_default(Object schema, Value value) {
  schema.set("default", std::move(value));
  return schema;
}

// `true` stands for the defaults.
Value switch_schema(const char* description, Object properties) {
  return Object{
      {"description", description},
      {"anyOf", Value::Array{Object{{"const", true}}, Object{{"type", "object"},
                                                             {"properties", std::move(properties)},
                                                             {"additionalProperties", false}}}}};
}

Value retry_schema() {
  const RetryPolicy retry;
  const Object multiplier{{"type", "number"}, {"minimum", 1}, {"maximum", kMaxRetryMultiplier}};
  return switch_schema(
      "Repeats a call that failed for a reason that may pass. For repeatable types.",
      {{"max_retries", with_default(whole_number(0, kMaxRetries), retry.max_retries)},
       {"initial_delay_ms", with_default(whole_number(0, kMaxPolicyMs), retry.initial_delay_ms)},
       {"multiplier", with_default(multiplier, retry.multiplier)},
       {"max_delay_ms", with_default(whole_number(0, kMaxPolicyMs), retry.max_delay_ms)},
       {"jitter", Object{{"type", "boolean"}, {"default", retry.jitter}}}});
}

Value breaker_schema() {
  const BreakerPolicy breaker;
  return switch_schema(
      "Stops calling a node that fails packet after packet, and tries again after a time.",
      {{"failure_threshold",
        with_default(whole_number(1, kMaxFailureThreshold), breaker.failure_threshold)},
       {"reset_timeout_ms",
        with_default(whole_number(0, kMaxPolicyMs), breaker.reset_timeout_ms)}});
}

Value queue_schema() {
  return Object{
      {"type", "object"},
      {"description", "Of the queue before a node that may block; the session says the rest."},
      {"properties",
       Object{{"capacity", whole_number(1, kMaxQueueCapacity)},
              {"policy", Object{{"enum", Value::Array{"block", "drop_oldest", "coalesce"}}}}}},
      {"additionalProperties", false}};
}

Value on_error_schema() {
  return Object{{"enum", Value::Array{"fail", "skip"}},
                {"default", "fail"},
                {"description", "skip drops the packet on which the node failed and goes on."}};
}

// One if/then per type, so that an editor offers the parameters of the type it sees.
Value type_rules(const NodeRegistry& registry) {
  Value::Array rules;
  for (const NodeType* type : registry.types()) {
    Value::Array names{type->name};
    for (const std::string& alias : type->aliases) names.emplace_back(alias);
    Object params = *parameter_schema(type->parameters).as_object();
    Object then{{"properties", Object{{"params", params}}}};
    if (params.contains("required")) then.set("required", Value::Array{"params"});
    rules.emplace_back(Object{
        {"if", Object{{"properties", Object{{"node_type", Object{{"enum", std::move(names)}}}}}}},
        {"then", std::move(then)}});
  }
  return rules;
}

Value node_schema(const NodeRegistry& registry) {
  Value::Array names;
  for (const std::string& name : registry.names()) names.emplace_back(name);
  const Object node_type{
      {"anyOf", Value::Array{Object{{"enum", std::move(names)}},
                             Object{{"type", "string"}, {"minLength", 1}}}},
      {"description", "A built-in type, or a Python Node class of the program."}};
  const Object hint{{"enum", Value::Array{"auto", "native", "python", "rust", "cpython",
                                          "rust_python", "cpython_wasm"}},
                    {"default", "auto"},
                    {"description", "rust is the old name of native, cpython of python."}};
  return Object{
      {"type", "object"},
      {"required", Value::Array{"id", "node_type"}},
      {"properties", Object{{"id", Object{{"type", "string"}, {"pattern", "^[a-zA-Z0-9_-]+$"}}},
                            {"node_type", node_type},
                            {"params", Object{{"type", "object"}, {"default", Object{}}}},
                            {"is_streaming", Object{{"type", "boolean"}, {"default", false}}},
                            {"runtime_hint", hint},
                            {"capabilities", capabilities_schema()},
                            {"execution", execution_schema()},
                            {"isolate", isolation_schema()},
                            {"retry", retry_schema()},
                            {"circuit_breaker", breaker_schema()},
                            {"timeout_ms", whole_number(1, kMaxPolicyMs)},
                            {"on_error", on_error_schema()},
                            {"queue", queue_schema()}}},
      {"additionalProperties", false},
      {"allOf", type_rules(registry)}};
}

Value connection_schema() {
  const Object port{{"type", "string"}, {"default", "default"}};
  return Object{{"type", "object"},
                {"required", Value::Array{"from", "to"}},
                {"properties", Object{{"from", text("Node id.")},
                                      {"to", text("Node id.")},
                                      {"output_port", port},
                                      {"input_port", port}}},
                {"additionalProperties", false}};
}

Value metadata_schema() {
  return Object{{"type", "object"},
                {"required", Value::Array{"name"}},
                {"properties",
                 Object{{"name", Object{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}},
                        {"description", text("What the graph is for.")},
                        {"created_at", Object{{"type", "string"}, {"format", "date-time"}}}}},
                {"additionalProperties", false}};
}

}  // namespace

Value manifest_schema(const NodeRegistry& registry) {
  return Object{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"$id", "https://remotemedia.dev/schemas/manifest.v1.json"},
                {"title", "RemoteMedia manifest v1"},
                {"type", "object"},
                {"required", Value::Array{"version", "metadata", "nodes"}},
                {"properties", Object{{"version", Object{{"const", "v1"}}},
                                      {"metadata", metadata_schema()},
                                      {"nodes", Object{{"type", "array"},
                                                       {"minItems", 1},
                                                       {"maxItems", kMaxNodes},
                                                       {"items", node_schema(registry)}}},
                                      {"connections", Object{{"type", "array"},
                                                             {"maxItems", kMaxConnections},
                                                             {"items", connection_schema()}}}}},
                {"additionalProperties", false}};
}

}  // namespace remotemedia

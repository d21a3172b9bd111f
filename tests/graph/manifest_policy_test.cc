// What a manifest says about failures: read, written, and given to the nodes that it suits.

#include "graph/fakes.h"
#include "graph/refusals.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace remotemedia {
namespace {

using test::manifest_refusal;
using test::registry_of;
using test::type_of;
using testing::HasSubstr;

Manifest read_policies(const std::string& text) { return parse_manifest(text, TextFormat::yaml); }

std::string policy_node(const std::string& fields) {
  return "version: v1\nmetadata: {name: x}\nnodes:\n  - {id: a, node_type: Safe, " + fields + "}\n";
}

NodePolicy policy_of(const std::string& fields) {
  return read_policies(policy_node(fields)).nodes.front().policy;
}

NodeRegistry policy_types() {
  NodeType safe = type_of("Safe");
  safe.repeatable = true;
  NodeType source = test::with_ports(type_of("Source"), {}, {Port{}});
  NodeType streaming = type_of("Streaming");
  streaming.streaming = true;
  streaming.repeatable = true;
  return registry_of(
      {std::move(safe), type_of("Stateful"), std::move(source), std::move(streaming)});
}

std::shared_ptr<const Graph> build(const std::string& text) {
  return Graph::build(read_policies(text), policy_types());
}

TEST(ManifestPolicy, IsNothingByDefault) {
  EXPECT_EQ(read_policies("version: v1\nmetadata: {name: x}\nnodes: [{id: a, node_type: Safe}]\n")
                .nodes.front()
                .policy,
            NodePolicy{});
}

TEST(ManifestPolicy, TrueMeansTheDefaults) {
  const NodePolicy policy = policy_of("retry: true, circuit_breaker: true");
  EXPECT_EQ(policy.retry, RetryPolicy{});
  EXPECT_EQ(policy.circuit_breaker, BreakerPolicy{});
}

TEST(ManifestPolicy, EveryFieldIsRead) {
  const NodePolicy policy = policy_of(
      "retry: {max_retries: 1, initial_delay_ms: 2, multiplier: 1.5, max_delay_ms: 4, jitter: "
      "true}, circuit_breaker: {failure_threshold: 6, reset_timeout_ms: 7}, timeout_ms: 8, "
      "on_error: skip, queue: {capacity: 9, policy: coalesce}");
  EXPECT_EQ(policy, (NodePolicy{.retry = RetryPolicy{1, 2, 1.5, 4, true},
                                .circuit_breaker = BreakerPolicy{6, 7},
                                .timeout_ms = 8,
                                .on_error = OnError::skip,
                                .queue = {9, QueuePolicy::coalesce}}));
}

TEST(ManifestPolicy, WritingAndReadingIsTheIdentity) {
  const Manifest manifest = read_policies(
      policy_node("retry: {max_retries: 1}, circuit_breaker: true, timeout_ms: 8, on_error: skip, "
                  "queue: {policy: block}"));
  const std::string written = to_json(manifest_to_value(manifest));
  EXPECT_THAT(written, HasSubstr(R"("timeout_ms":8,"on_error":"skip","queue":{"policy":"block"})"));
  const Manifest again = parse_manifest(written, TextFormat::json);
  EXPECT_EQ(again.nodes.front().policy, manifest.nodes.front().policy);
}

struct Mistake {
  const char* fact;
  const char* fields;
  const char* message;
  const char* pointer;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.fact; }

class PolicyMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PolicyMistake, IsToldWithItsPlace) {
  const ManifestError error =
      manifest_refusal([] { static_cast<void>(build(policy_node(GetParam().fields))); });
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.pointer(), GetParam().pointer);
  EXPECT_EQ(error.line(), 4);
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyMistake,
    testing::Values(
        Mistake{"RetryIsANumber", "retry: 3", "'retry' is 3, expected true or an object",
                "/nodes/0/retry"},
        Mistake{"RetryIsFalse", "retry: false", "expected true or an object", "/nodes/0/retry"},
        Mistake{"MisspeltRetries", "retry: {max_retris: 3}",
                "unknown field 'max_retris' in retry (line 4, /nodes/0/retry/max_retris); did you "
                "mean 'max_retries'?",
                "/nodes/0/retry/max_retris"},
        Mistake{"HalfARetry", "retry: {max_retries: 1.5}",
                "'max_retries' is 1.5, expected a whole number in 0..100",
                "/nodes/0/retry/max_retries"},
        Mistake{"ShrinkingDelay", "retry: {multiplier: 0.5}",
                "'multiplier' is 0.5, expected a number in 1..100", "/nodes/0/retry/multiplier"},
        Mistake{"CapBelowTheDelay", "retry: {initial_delay_ms: 500}",
                "'max_delay_ms' is 400, expected at least initial_delay_ms, which is 500",
                "/nodes/0/retry"},
        Mistake{"JitterIsText", "retry: {jitter: full}", "expected true or false",
                "/nodes/0/retry/jitter"},
        Mistake{"ThresholdOfNone", "circuit_breaker: {failure_threshold: 0}",
                "'failure_threshold' is 0, expected a whole number in 1..1000000",
                "/nodes/0/circuit_breaker/failure_threshold"},
        Mistake{"NoTime", "timeout_ms: 0", "'timeout_ms' is 0, expected a whole number in 1..",
                "/nodes/0/timeout_ms"},
        Mistake{"UnknownReaction", "on_error: ignore",
                "'on_error' is \"ignore\", expected one of fail, skip", "/nodes/0/on_error"},
        Mistake{"QueueOfNothing", "queue: {capacity: 0}",
                "'capacity' is 0, expected a whole number in 1..1000000",
                "/nodes/0/queue/capacity"},
        Mistake{"QueueIsANumber", "queue: 3", "queue must be an object, not 3", "/nodes/0/queue"},
        Mistake{"UnknownQueuePolicy", "queue: {policy: lose}",
                "'policy' is \"lose\", expected one of block, drop_oldest, coalesce",
                "/nodes/0/queue/policy"},
        Mistake{"MisspeltBreaker", "circuit_braker: true", "did you mean 'circuit_breaker'?",
                "/nodes/0/circuit_braker"}),
    [](const auto& each) { return each.param.fact; });

std::string of_type(const std::string& type, const std::string& fields) {
  return "version: v1\nmetadata: {name: x}\nnodes:\n  - id: a\n    node_type: " + type + "\n    " +
         fields + "\n";
}

TEST(NodePolicyCheck, ANodeThatKeepsStateIsNotRepeated) {
  const ManifestError error =
      manifest_refusal([] { static_cast<void>(build(of_type("Stateful", "retry: true"))); });
  EXPECT_THAT(error.what(),
              HasSubstr("node 'a' (Stateful): 'retry' needs a node type that may be called twice "
                        "with one packet (line 6, /nodes/0/retry); types that may"));
}

TEST(NodePolicyCheck, WhatTakesNoPacketsHasNoneToRepeatOrSkip) {
  for (const char* type : {"Source", "Streaming"}) {
    for (const char* fields : {"retry: true", "circuit_breaker: true", "on_error: skip"}) {
      const ManifestError error =
          manifest_refusal([&] { static_cast<void>(build(of_type(type, fields))); });
      EXPECT_THAT(error.what(), HasSubstr("needs a node that takes one packet at a time")) << type;
      EXPECT_EQ(error.line(), 6);
    }
    EXPECT_EQ(build(of_type(type, "timeout_ms: 5"))->nodes()[0].policy.timeout_ms, 5);
  }
}

TEST(SecondDialectPolicy, ReachesTheNodesThatItSuits) {
  const auto graph = build(
      "version: '1.0'\nnodes: [{id: safe, type: Safe}, {id: stateful, type: Stateful}, {id: own, "
      "type: Safe, retry: true}, {id: source, type: Source}]\nedges: []\n"
      "config: {max_retries: 7, retry_policy: exponential, circuit_breaker_threshold: 2}\n");
  const auto& nodes = graph->nodes();
  EXPECT_EQ(nodes[0].policy.retry, (RetryPolicy{.max_retries = 7, .max_delay_ms = 30'000}));
  EXPECT_EQ(nodes[0].policy.circuit_breaker, BreakerPolicy{.failure_threshold = 2});
  EXPECT_FALSE(nodes[1].policy.retry);
  EXPECT_TRUE(nodes[1].policy.circuit_breaker);
  EXPECT_EQ(nodes[2].policy.retry, RetryPolicy{});
  EXPECT_EQ(nodes[3].policy, NodePolicy{});
}

TEST(SecondDialectPolicy, NamesItsKindsOfRetry) {
  const auto retry_of = [](const std::string& config) {
    return read_policies("version: '1.0'\nnodes: [{id: a, type: Safe}]\nconfig: " + config + "\n")
        .defaults.retry;
  };
  EXPECT_EQ(retry_of("{}"), std::nullopt);
  EXPECT_EQ(retry_of("{retry_policy: none, max_retries: 2}"), std::nullopt);
  EXPECT_EQ(retry_of("{max_retries: 2}"), RetryPolicy{.max_retries = 2});
  EXPECT_EQ(retry_of("{retry_policy: fixed}"), RetryPolicy{.multiplier = 1});
}

}  // namespace
}  // namespace remotemedia

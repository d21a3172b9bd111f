// 2,000 damaged manifests: each is refused with an error that helps, or builds and runs.

#include "graph/mutation.h"

#include "graph/dice.h"
#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Dice;
using test::type_of;

NodeRegistry types() {
  NodeType required = type_of("Required");
  required.parameters = {{.name = "path", .type = ParameterType::path, .description = "File"}};
  NodeType streaming = type_of("Streaming");
  streaming.streaming = true;
  NodeType python = type_of("PythonOnly");
  python.make = {};
  NodeType repeat = test::repeat_type();
  NodeType counter = test::counter_type();
  for (NodeType* type : {&repeat, &counter}) type->parameters[0].maximum = 100;  // keeps runs short
  return test::registry_of({type_of("Pass"), std::move(repeat), std::move(counter),
                            test::trace_type(), test::split_type(), test::mix_type(),
                            test::failing_type(), required, streaming, python,
                            test::with_ports(type_of("Drain"), {Port{}}, {})});
}

std::vector<Value> valid_manifests() {
  const Value::Array ends = {Object{{"from", "a"}, {"to", "b"}},
                             Object{{"from", "b"}, {"to", "m"}, {"output_port", "odd"}},
                             Object{{"from", "c"}, {"to", "m"}, {"input_port", "side"}},
                             Object{{"from", "m"}, {"to", "d"}}};
  const Value large = Object{
      {"version", "v1"},
      {"metadata", Object{{"name", "large"}, {"created_at", "2026-01-31T12:00:00Z"}}},
      {"nodes",
       Value::Array{Object{{"id", "a"}, {"node_type", "Repeat"}, {"params", Object{{"count", 3}}}},
                    Object{{"id", "b"}, {"node_type", "Split"}, {"runtime_hint", "native"}},
                    Object{{"id", "c"}, {"node_type", "Counter"}},
                    Object{{"id", "m"}, {"node_type", "Mix"}, {"is_streaming", false}},
                    Object{{"id", "d"},
                           {"node_type", "Failing"},
                           {"params", Object{{"stage", "never"}}},
                           {"capabilities", Object{{"memory_gb", 1}}}}}},
      {"connections", ends}};
  const Value second = Object{
      {"version", "1.0"},
      {"nodes",
       Value::Array{
           Object{{"id", "x"}, {"type", "Trace"}},
           Object{{"id", "y"}, {"type", "Streaming"}, {"is_streaming", true}},
           Object{{"id", "z"}, {"type", "Required"}, {"params", Object{{"path", "x.wav"}}}}}},
      {"edges",
       Value::Array{Object{{"from", "x"}, {"to", "y"}}, Object{{"from", "x"}, {"to", "z"}}}},
      {"config", Object{{"enable_metrics", true}}}};
  return {large, second};
}

std::string text_of(const Value& value, TextFormat format, Dice& dice) {
  if (format == TextFormat::json) return to_json(value, dice.one_in(4) ? -1 : 2);
  return dice.one_in(4) ? to_json(value, 1) : test::to_yaml(value);
}

bool is_utf8(const std::string& text) {
  return to_json(Value(text)).find("\xEF\xBF\xBD") == std::string::npos ||
         text.find("\xEF\xBF\xBD") != std::string::npos;
}

// Whatever is wrong must have a place, unless nothing is there to point at.
void expect_helpful(const ManifestError& error, const std::string& text) {
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos ||
                     std::string(error.what()).find("holds no document") != std::string::npos;
  EXPECT_TRUE(error.line() > 0 || blank) << error.what();
  EXPECT_TRUE(error.pointer().empty() || error.pointer()[0] == '/') << error.pointer();
}

/// How often a text was refused, failed in a node, or ran.
struct Outcomes {
  int refused = 0;
  int failed = 0;
  int ran = 0;
};

void expect_round_trip(const Manifest& manifest) {
  const Value written = manifest_to_value(manifest);
  EXPECT_EQ(manifest_to_value(parse_manifest(to_json(written), TextFormat::json)), written);
}

void run_mutant(const std::shared_ptr<const Graph>& graph) {
  EXPECT_FALSE(to_mermaid(*graph).empty());
  EXPECT_FALSE(to_dot(*graph).empty());
  Session session(graph, {}, [](const Output&) {});
  for (int i = 0; i < 3 && !graph->inputs().empty(); ++i) session.push(test::number_packet(i));
  session.run_sources();
  session.finish();
  EXPECT_FALSE(to_json(metrics_to_value(session.metrics())).empty());
}

void try_manifest(const std::string& text, TextFormat format, const NodeRegistry& registry,
                  Outcomes& outcomes) {
  try {
    const Manifest manifest = parse_manifest(text, format);
    expect_round_trip(manifest);
    run_mutant(Graph::build(manifest, registry));
    ++outcomes.ran;
  } catch (const ManifestError& error) {
    ++outcomes.refused;
    expect_helpful(error, text);
    EXPECT_TRUE(is_utf8(error.what())) << error.what();
  } catch (const NodeError& error) {
    ++outcomes.failed;
    EXPECT_FALSE(error.node_id().empty());
  } catch (const std::exception& error) {
    ADD_FAILURE() << "no error of ours: " << error.what();
  }
}

class MutatedManifest : public testing::TestWithParam<TextFormat> {
 protected:
  static constexpr unsigned kManifests = 1'000;

  // `damage` makes the text of a manifest, once per seed.
  template <typename Damage>
  static Outcomes try_all(Damage damage, unsigned seeds = kManifests) {
    const NodeRegistry registry = types();
    const std::vector<Value> manifests = valid_manifests();
    Outcomes outcomes;
    for (unsigned seed = 0; seed < seeds && !HasFailure(); ++seed) {
      Dice dice(seed);
      const std::string text = damage(dice.pick(manifests), dice);
      SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
      try_manifest(text, GetParam(), registry, outcomes);
    }
    return outcomes;
  }
};

INSTANTIATE_TEST_SUITE_P(Either, MutatedManifest,
                         testing::Values(TextFormat::json, TextFormat::yaml),
                         [](const auto& format) {
                           return format.param == TextFormat::json ? "json" : "yaml";
                         });

TEST_P(MutatedManifest, RunsWhenNothingWasChanged) {
  const auto leave = [](const Value& manifest, Dice& dice) {
    return text_of(manifest, GetParam(), dice);
  };
  EXPECT_EQ(try_all(leave, 20).ran, 20);
}

TEST_P(MutatedManifest, WithOtherBytesIsRefusedOrRuns) {
  const Outcomes outcomes = try_all([](const Value& manifest, Dice& dice) {
    return test::mutated_bytes(text_of(manifest, GetParam(), dice), dice);
  });
  EXPECT_GT(outcomes.refused, 600);
  EXPECT_GT(outcomes.ran, 20);
}

TEST_P(MutatedManifest, WithOtherValuesIsRefusedOrRuns) {
  const Outcomes outcomes = try_all([](Value manifest, Dice& dice) {
    for (std::size_t changes = 1 + dice.below(3); changes > 0; --changes) mutate(manifest, dice);
    return text_of(manifest, GetParam(), dice);
  });
  EXPECT_GT(outcomes.refused, 600);
  EXPECT_GT(outcomes.ran, 20);
  EXPECT_GT(outcomes.failed, 0);
}

}  // namespace
}  // namespace remotemedia

// Whose fault an error is, what it says, and what is left of the session after it.

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"
#include "remotemedia/base/check.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::misuse;
using test::node;
using test::node_failure;
using test::registry_of;
using test::TestSession;
using test::text_packet;
using test::type_of;
using test::wire;
using testing::ElementsAre;
using testing::HasSubstr;

/// Emits more than a wave in one call, so that the nodes behind it run inside its emit().
NodeType flood_type() {
  return type_of("Flood", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                   for (int i = 0; i < 100; ++i) out.emit(packet);
                 }});
}

/// Like Flood, but goes on whatever emit() throws.
NodeType stubborn_type() {
  return type_of("Stubborn", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                   for (int i = 0; i < 100; ++i) {
                     try {
                       out.emit(packet);
                     } catch (...) {
                     }
                   }
                 }});
}

/// Turns what emit() throws into an error of its own.
NodeType wrapping_type() {
  return type_of("Wrapping", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                   try {
                     for (int i = 0; i < 100; ++i) out.emit(packet);
                   } catch (...) {
                     throw std::runtime_error("something went wrong");
                   }
                 }});
}

NodeRegistry failing_types() {
  return registry_of(
      {type_of("Pass"), test::failing_type(), flood_type(), stubborn_type(), wrapping_type()});
}

std::shared_ptr<const Graph> chain(const std::vector<std::string>& type_names,
                                   const std::string& failing_stage = "process") {
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    nodes.push_back(node("n" + std::to_string(i), type_names[i]));
    if (type_names[i] == "Failing") nodes.back().params = {{"stage", failing_stage}};
    if (i > 0) connections.push_back(wire(nodes[i - 1].id, nodes[i].id));
  }
  return Graph::build(manifest_of(std::move(nodes), std::move(connections)), failing_types());
}

TEST(SessionFailure, NamesNodeTypeAndStage) {
  for (const char* stage : {"process", "flush"}) {
    TestSession run(chain({"Pass", "Failing", "Pass"}, stage));
    const NodeError error = node_failure([&] {
      run->push(text_packet("x"));
      run->finish();
    });
    EXPECT_STREQ(error.what(), (std::string("Execution error: node 'n1' (Failing) failed in ") +
                                stage + ": the disk is full")
                                   .c_str());
    EXPECT_EQ(error.node_id(), "n1");
    EXPECT_EQ(error.node_type(), "Failing");
    EXPECT_EQ(error.stage(), stage);
    EXPECT_STREQ(error.code(), "RM3000");
  }
}

TEST(SessionFailure, MakingANodeIsPartOfItsInitialisation) {
  for (const char* stage : {"make", "initialize"}) {
    const NodeError error = node_failure([&] { const TestSession run(chain({"Failing"}, stage)); });
    EXPECT_EQ(error.stage(), "initialize");
    EXPECT_THAT(error.what(), HasSubstr("the disk is full"));
  }
}

TEST(SessionFailure, KeepsTheCause) {
  TestSession run(chain({"Failing"}));
  try {
    run->push(text_packet("x"));
    FAIL() << "nothing failed";
  } catch (const NodeError& error) {
    try {
      std::rethrow_if_nested(error);
      FAIL() << "no cause";
    } catch (const std::runtime_error& cause) {
      EXPECT_STREQ(cause.what(), "the disk is full");
    }
  }
}

TEST(SessionFailure, KeepsTheHintOfAnErrorOfOurs) {
  NodeType type = type_of("Picky", Behaviour{.process = [](const Packet&, Emitter&) {
                            refuse("rate", 48000, "16000 Hz", "put a resampler in front");
                          }});
  TestSession run(registry_of({type}), manifest_of({node("p", "Picky")}, {}));
  const NodeError error = node_failure([&] { run->push(text_packet("x")); });
  EXPECT_EQ(error.hint(), "put a resampler in front");
  EXPECT_STREQ(error.what(),
               "Execution error: node 'p' (Picky) failed in process: rate is 48000, expected 16000 "
               "Hz; put a resampler in front");
}

TEST(SessionFailure, AnUndeclaredPortIsTheNodesError) {
  NodeType type = type_of("Wild", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                            out.emit(packet, 1);
                          }});
  TestSession run(registry_of({type}), manifest_of({node("w", "Wild")}, {}));
  EXPECT_THAT(node_failure([&] { run->push(text_packet("x")); }).what(),
              HasSubstr("node 'w' (Wild) failed in process: emitted on a port that the node type "
                        "does not declare"));
}

TEST(SessionFailure, IsThatOfTheNodeBehindEvenIfItRanInsideAnEmit) {
  for (const char* upstream : {"Pass", "Flood", "Stubborn", "Wrapping"}) {
    TestSession run(chain({upstream, "Failing", "Pass"}));
    const NodeError error = node_failure([&] { run->push(text_packet("x")); });
    EXPECT_EQ(error.node_id(), "n1") << upstream;
    EXPECT_THAT(error.what(), HasSubstr("the disk is full")) << upstream;
    EXPECT_EQ(run->metrics().nodes[0].error_count, 0U) << upstream;
    EXPECT_EQ(run->metrics().nodes[1].error_count, 1U) << upstream;
  }
}

TEST(SessionFailure, NothingMoreIsDeliveredAfterIt) {
  int failures = 0;
  NodeType second = type_of("Second", Behaviour{.process = [&](Packet packet, Emitter& out) {
                              if (++failures > 1) throw std::runtime_error("broken");
                              out.emit(std::move(packet));
                            }});
  NodeRegistry registry = failing_types();
  registry.add(second);
  TestSession run(registry,
                  manifest_of({node("s", "Stubborn"), node("f", "Second")}, {wire("s", "f")}));
  EXPECT_THAT(node_failure([&] { run->push(text_packet("x")); }).what(), HasSubstr("broken"));
  EXPECT_THAT(run.results(), ElementsAre("f:x"));
  EXPECT_EQ(failures, 2);
}

TEST(SessionFailure, EndsTheSession) {
  TestSession run(chain({"Failing"}));
  node_failure([&] { run->push(text_packet("x")); });
  const char* refusal = "the session is finished, expected running; start another one";
  EXPECT_STREQ(misuse([&] { run->push(text_packet("x")); }).what(), refusal);
  EXPECT_STREQ(misuse([&] { run->finish(); }).what(), refusal)
      << "a failed run never looks like an end of stream";
}

TEST(SessionFailure, LaterNodesAreNotFlushed) {
  bool flushed = false;
  NodeRegistry registry = failing_types();
  registry.add(type_of("Last", Behaviour{.flush = [&](Emitter&) { flushed = true; }}));
  TestSession run(registry,
                  manifest_of({node("f", "Failing", {{"stage", "flush"}}), node("l", "Last")},
                              {wire("f", "l")}));
  node_failure([&] { run->finish(); });
  EXPECT_FALSE(flushed);
}

TEST(SessionFailure, OfOneInitialisationCleansUpTheOthers) {
  std::vector<std::string> journal;
  NodeRegistry registry = failing_types();
  NodeType witness = type_of("Witness", [&](const Parameters&) -> Behaviour {
    auto id = std::make_shared<std::string>();
    return {.initialize =
                [&journal, id](const NodeContext& context) {
                  *id = context.node_id;
                  journal.push_back("initialize " + *id);
                },
            .cleanup = [&journal, id] { journal.push_back("cleanup " + *id); }};
  });
  registry.add(witness);
  const auto graph = Graph::build(
      manifest_of({node("a", "Witness"), node("b", "Witness"),
                   node("c", "Failing", {{"stage", "initialize"}}), node("d", "Witness")},
                  {wire("a", "b"), wire("b", "c"), wire("c", "d")}),
      registry);
  EXPECT_EQ(node_failure([&] { const TestSession run(graph); }).node_id(), "c");
  EXPECT_THAT(journal, ElementsAre("initialize a", "initialize b", "cleanup a", "cleanup b"));
}

TEST(SessionFailure, WhatIsNoStandardExceptionPassesAsItIs) {
  NodeType type =
      type_of("Foreign", Behaviour{.process = [](const Packet&, Emitter&) { throw 42; }});
  TestSession run(registry_of({type}), manifest_of({node("f", "Foreign")}, {}));
  EXPECT_THROW(run->push(text_packet("x")), int);
  EXPECT_EQ(run->metrics().nodes[0].error_count, 1U);
  EXPECT_STREQ(misuse([&] { run->push(text_packet("x")); }).code(), "RM1000");
}

TEST(SessionFailure, ClosingReleasesThePacketsThatNeverArrived) {
  TestSession run(chain({"Flood", "Failing"}));
  Packet packet;
  packet.payload = AudioBuffer::allocate(SampleFormat::f32, 1, 10, 8000);
  const std::weak_ptr<const void> memory = packet.audio()->owner();
  node_failure([&] { run->push(std::exchange(packet, {})); });
  EXPECT_FALSE(memory.expired()) << "63 packets wait for the node that failed";
  run->close();
  EXPECT_TRUE(memory.expired());
}

class SinkFailure : public testing::TestWithParam<const char*> {
 protected:
  struct OwnFailure {
    int number;
  };
  static std::shared_ptr<const Graph> graph() {
    return chain({GetParam(), "Pass", GetParam(), "Pass"});
  }
};

INSTANTIATE_TEST_SUITE_P(Session, SinkFailure,
                         testing::Values("Pass", "Flood", "Stubborn", "Wrapping"),
                         [](const auto& type) { return std::string(type.param); });

TEST_P(SinkFailure, PassesTheNodesUnchanged) {
  const auto throwing = [](const Output&) { throw std::out_of_range("mine"); };
  Session session(graph(), {}, throwing);
  EXPECT_THROW(session.push(text_packet("x")), std::out_of_range);
  const auto foreign = [](const Output&) { throw OwnFailure{7}; };
  Session other(graph(), {}, foreign);
  try {
    other.push(text_packet("x"));
    FAIL() << "nothing was thrown";
  } catch (const OwnFailure& failure) {
    EXPECT_EQ(failure.number, 7);
  }
}

TEST_P(SinkFailure, IsNoNodesError) {
  Session session(graph(), {}, [](const Output&) { throw std::out_of_range("mine"); });
  EXPECT_THROW(session.push(text_packet("x")), std::out_of_range);
  for (const NodeMetrics& node : session.metrics().nodes) EXPECT_EQ(node.error_count, 0U);
  EXPECT_THROW(session.push(text_packet("x")), ConfigError) << "but the session ended";
}

TEST_P(SinkFailure, StopsTheDeliveryAtOnce) {
  int delivered = 0;
  Session session(graph(), {}, [&](const Output&) {
    if (++delivered == 1) throw std::out_of_range("mine");
  });
  EXPECT_THROW(session.push(text_packet("x")), std::out_of_range);
  EXPECT_EQ(delivered, 1);
}

TEST_P(SinkFailure, PassesAFlushUnchanged) {
  NodeRegistry registry = failing_types();
  registry.add(
      type_of("Hold", Behaviour{.process = [](const Packet&, Emitter&) {},
                                .flush = [](Emitter& out) { out.emit(text_packet("x")); }}));
  Session session(
      Graph::build(manifest_of({node("h", "Hold"), node("t", GetParam())}, {wire("h", "t")}),
                   registry),
      {}, [](const Output&) { throw OwnFailure{8}; });
  EXPECT_THROW(session.finish(), OwnFailure);
}

}  // namespace
}  // namespace remotemedia

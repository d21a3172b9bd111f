#include "remotemedia/graph/session.h"

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::misuse;
using test::node;
using test::number_packet;
using test::registry_of;
using test::TestSession;
using test::text_packet;
using test::type_of;
using test::wire;
using test::with_ports;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

using Journal = std::shared_ptr<std::vector<std::string>>;

Journal make_journal() { return std::make_shared<std::vector<std::string>>(); }

/// Writes each call, as "<id> <what>", into a journal; keeps what it gets until the flush.
NodeType journal_type(const Journal& journal) {
  return type_of("Journal", [journal](const Parameters&) -> Behaviour {
    auto id = std::make_shared<std::string>();
    auto held = std::make_shared<std::vector<Packet>>();
    const auto write = [journal, id](const std::string& what) {
      journal->push_back(*id + " " + what);
    };
    return {.initialize =
                [id, write](const NodeContext& context) {
                  *id = context.node_id;
                  write("initialize");
                },
            .process =
                [write, held](const Packet& packet, Emitter&) {
                  write("process " + test::content(packet));
                  held->push_back(packet);
                },
            .flush =
                [write, held](Emitter& out) {
                  write("flush");
                  for (const Packet& packet : *held) out.emit(packet);
                },
            .cleanup = [write] { write("cleanup"); }};
  });
}

NodeRegistry types() {
  return registry_of({type_of("Pass"), test::trace_type(), test::repeat_type(),
                      test::counter_type(), test::split_type(), test::mix_type(),
                      with_ports(type_of("Drain"), {Port{}}, {})});
}

TEST(Session, PushGivesThePacketToEveryInput) {
  TestSession run(types(), manifest_of({node("a", "Trace"), node("b", "Trace")}, {}));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAre("a:x>a", "b:x>b"));
}

TEST(Session, ResultsOfAPushHaveLeftBeforeItReturns) {
  TestSession run(types(), manifest_of({node("a", "Trace"), node("b", "Trace")}, {wire("a", "b")}));
  for (int i = 1; i <= 3; ++i) {
    run->push(text_packet(std::to_string(i)));
    ASSERT_EQ(run.results().size(), static_cast<std::size_t>(i));
    EXPECT_EQ(run.results().back(), "b:" + std::to_string(i) + ">a>b");
  }
}

TEST(Session, FanOutReachesEveryBranchAndResultsComeInManifestOrder) {
  TestSession run(types(),
                  manifest_of({node("in", "Trace"), node("z", "Trace"), node("a", "Trace")},
                              {wire("in", "a"), wire("in", "z")}));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAre("z:x>in>z", "a:x>in>a"));
}

TEST(Session, FanInTakesConnectionsInTheirOrder) {
  TestSession run(
      types(), manifest_of({node("in", "Trace"), node("a", "Trace"), node("b", "Trace"),
                            node("end", "Trace")},
                           {wire("in", "a"), wire("in", "b"), wire("b", "end"), wire("a", "end")}));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAre("end:x>in>b>end", "end:x>in>a>end"));
}

TEST(Session, FanInTakesAllOfOneConnectionBeforeTheNext) {
  TestSession run(
      types(),
      manifest_of(
          {node("twice", "Repeat"), node("a", "Trace"), node("b", "Trace"), node("end", "Pass")},
          {wire("twice", "a"), wire("twice", "b"), wire("a", "end"), wire("b", "end")}));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAre("end:x>a", "end:x>a", "end:x>b", "end:x>b"));
}

TEST(Session, GivesTheSameResultsInTheSameOrder100OutOf100Times) {
  std::set<std::vector<std::string>> seen;
  for (int i = 0; i < 100; ++i) {
    TestSession run(types(),
                    manifest_of({node("end", "Trace"), node("s", "Repeat", {{"count", 70}}),
                                 node("b", "Trace"), node("a", "Trace"), node("c", "Trace")},
                                {wire("s", "a"), wire("s", "b"), wire("a", "end"), wire("s", "c"),
                                 wire("b", "end"), wire("c", "end")}));
    run->push(text_packet("x"));
    run->finish();
    EXPECT_EQ(run.results().size(), 210U);
    seen.insert(run.results());
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(Session, NamedPortsLeadToTheirConnections) {
  TestSession run(types(), manifest_of({node("s", "Split"), node("m", "Mix")},
                                       {wire("s", "m", "default", "side"), wire("s", "m", "odd")}));
  for (int i = 0; i < 4; ++i) run->push(number_packet(i));
  EXPECT_THAT(run.results(), ElementsAre("m:1/0", "m:0/1", "m:1/2", "m:0/3"));
}

TEST(Session, ThePortOfAPushedPacketIsTheDefaultOne) {
  TestSession run(types(), manifest_of({node("m", "Mix")}, {}));
  Packet packet = number_packet(5);
  packet.port = 1;
  run->push(packet);
  EXPECT_THAT(run.results(), ElementsAre("m:0/5"));
}

TEST(Session, AnUnconnectedExtraPortLeadsNowhere) {
  TestSession run(types(), manifest_of({node("s", "Split")}, {}));
  for (int i = 0; i < 4; ++i) run->push(number_packet(i));
  EXPECT_THAT(run.results(), ElementsAre("s:0", "s:2"));
}

TEST(Session, AGraphThatEndsInASinkHasNoResults) {
  const Journal journal = make_journal();
  TestSession run(registry_of({type_of("Pass"), with_ports(journal_type(journal), {Port{}}, {})}),
                  manifest_of({node("a", "Pass"), node("end", "Journal")}, {wire("a", "end")}));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), IsEmpty());
  EXPECT_THAT(*journal, ElementsAre("end initialize", "end process x"));
}

TEST(Session, SourcesRunInManifestOrderToTheirEnd) {
  TestSession run(types(), manifest_of({node("b", "Counter", {{"count", 2}}),
                                        node("a", "Counter", {{"count", 3}}), node("end", "Mix")},
                                       {wire("b", "end"), wire("a", "end", "default", "side")}));
  run->run_sources();
  EXPECT_THAT(run.results(), ElementsAre("end:0/0", "end:0/1", "end:1/0", "end:1/1", "end:1/2"));
}

TEST(Session, EachPacketOfASourceLeavesBeforeTheNextIsMade) {
  const Journal journal = make_journal();
  NodeType source = with_ports(
      type_of("Source", Behaviour{.process =
                                      [journal](const Packet& packet, Emitter& out) {
                                        for (int i = 0; i < 3; ++i) {
                                          journal->push_back("make " + std::to_string(i));
                                          out.emit(packet.with(Value(i)));
                                        }
                                      }}),
      {}, {Port{}});
  Session session(
      Graph::build(manifest_of({node("s", "Source"), node("p", "Pass")}, {wire("s", "p")}),
                   registry_of({source, type_of("Pass")})),
      {}, [&](const Output& output) { journal->push_back("got " + test::content(output.packet)); });
  session.run_sources();
  EXPECT_THAT(*journal, ElementsAre("make 0", "got 0", "make 1", "got 1", "make 2", "got 2"));
}

TEST(Session, SourcesAndInputsCanMeet) {
  TestSession run(types(), manifest_of({node("count", "Counter", {{"count", 1}}), node("m", "Mix")},
                                       {wire("count", "m", "default", "side")}));
  run->run_sources();
  EXPECT_THAT(run.results(), ElementsAre("m:1/0"));
}

TEST(Session, PushIsRefusedWhereOnlySourcesGiveInput) {
  TestSession run(types(), manifest_of({node("count", "Counter")}, {}));
  EXPECT_STREQ(misuse([&] { run->push(text_packet("x")); }).what(),
               "the input is text, expected none; the graph's sources produce their own data");
}

TEST(Session, CallsEachNodeInItsPlaceOfTheLife) {
  const Journal journal = make_journal();
  {
    TestSession run(registry_of({journal_type(journal)}),
                    manifest_of({node("b", "Journal"), node("a", "Journal")}, {wire("a", "b")}));
    run->push(text_packet("x"));
    run->push(text_packet("y"));
    run->finish();
    EXPECT_THAT(run.results(), ElementsAre("b:x", "b:y"));
  }
  EXPECT_THAT(*journal,
              ElementsAre("a initialize", "b initialize", "a process x", "a process y", "a flush",
                          "b process x", "b process y", "b flush", "b cleanup", "a cleanup"));
}

TEST(Session, ANodeIsFlushedAfterAllThatItsPredecessorsHeldBack) {
  const Journal journal = make_journal();
  TestSession run(registry_of({journal_type(journal)}),
                  manifest_of({node("a", "Journal"), node("b", "Journal"), node("c", "Journal")},
                              {wire("a", "c"), wire("b", "c")}));
  run->push(text_packet("x"));
  journal->clear();
  run->finish();
  EXPECT_THAT(*journal, ElementsAre("a flush", "c process x", "b flush", "c process x", "c flush"));
}

TEST(Session, FinishIsRepeatableAndEndsTheInput) {
  const Journal journal = make_journal();
  TestSession run(registry_of({journal_type(journal)}), manifest_of({node("a", "Journal")}, {}));
  run->finish();
  run->finish();
  EXPECT_THAT(*journal, ElementsAre("a initialize", "a flush"));
  const char* refusal = "the session is finished, expected running; start another one";
  EXPECT_STREQ(misuse([&] { run->push(text_packet("x")); }).what(), refusal);
  EXPECT_STREQ(misuse([&] { run->run_sources(); }).what(), refusal);
}

TEST(Session, CloseCleansUpOnce) {
  const Journal journal = make_journal();
  {
    TestSession run(registry_of({journal_type(journal)}), manifest_of({node("a", "Journal")}, {}));
    run->close();
    run->close();
    EXPECT_THROW(run->push(text_packet("x")), ConfigError);
    run->finish();  // closed is finished
  }
  EXPECT_THAT(*journal, ElementsAre("a initialize", "a cleanup"));
}

TEST(Session, NodesLearnWhoTheyAre) {
  std::vector<std::string> seen;
  NodeType look = type_of("Look", Behaviour{.initialize = [&](const NodeContext& context) {
                            seen = {context.node_id, context.node_type, context.session_id,
                                    context.parameters->string("word")};
                          }});
  look.parameters = {{.name = "word", .type = ParameterType::string, .default_value = "hello"}};
  look.aliases = {"See"};
  const Session session(Graph::build(manifest_of({node("me", "See")}, {}), registry_of({look})),
                        {.id = "call-7"}, [](const Output&) {});
  EXPECT_THAT(seen, ElementsAre("me", "Look", "call-7", "hello"));
}

TEST(Session, EachSessionHasNodesOfItsOwn) {
  const auto graph = Graph::build(manifest_of({node("h", "Journal")}, {}),
                                  registry_of({journal_type(make_journal())}));
  TestSession first(graph);
  TestSession second(graph);
  first->push(text_packet("x"));
  second->finish();
  EXPECT_THAT(second.results(), IsEmpty()) << "x is held back in the other session";
  first->finish();
  EXPECT_THAT(first.results(), ElementsAre("h:x"));
}

std::vector<Packet> packets_of(const NodeRegistry& registry, const Manifest& manifest,
                               const std::vector<Packet>& input) {
  std::vector<Packet> results;
  Session session(Graph::build(manifest, registry), {},
                  [&](Output output) { results.push_back(std::move(output.packet)); });
  for (const Packet& packet : input) session.push(packet);
  session.finish();
  return results;
}

TEST(SessionPacket, KeepsItsEnvelope) {
  Packet packet = text_packet("x");
  packet.metadata = {{"speaker", "a"}};
  packet.stream_id = 3;
  packet.timestamp = Time(500);
  packet.ends_clip = true;
  packet.form = ItemForm::mapping;
  const auto results = packets_of(
      types(), manifest_of({node("a", "Pass"), node("b", "Pass")}, {wire("a", "b")}), {packet});
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].metadata, packet.metadata);
  EXPECT_EQ(results[0].stream_id, 3U);
  EXPECT_EQ(results[0].timestamp, Time(500));
  EXPECT_TRUE(results[0].ends_clip);
  EXPECT_EQ(results[0].form, ItemForm::mapping);
}

TEST(SessionPacket, IsCountedByTheNodeThatEmitsIt) {
  const auto results = packets_of(types(), manifest_of({node("r", "Repeat", {{"count", 2}})}, {}),
                                  {text_packet("x"), text_packet("y")});
  std::vector<std::uint64_t> sequence;
  for (const Packet& packet : results) sequence.push_back(packet.sequence);
  EXPECT_THAT(sequence, ElementsAre(0, 1, 2, 3));
}

TEST(SessionPacket, LeavesTheGraphOnTheDefaultPort) {
  const auto results = packets_of(
      types(),
      manifest_of({node("s", "Split"), node("m", "Mix")}, {wire("s", "m", "default", "side")}),
      {number_packet(2)});
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].port, 0U);
}

TEST(SessionPacket, SharesItsAudioWithEveryBranch) {
  Packet packet;
  packet.payload = AudioBuffer::allocate(SampleFormat::f32, 2, 480, 48000);
  const void* samples = packet.audio()->data();
  const auto results =
      packets_of(types(),
                 manifest_of({node("in", "Pass"), node("a", "Pass"), node("b", "Pass")},
                             {wire("in", "a"), wire("in", "b")}),
                 {packet});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].audio()->data(), samples);
  EXPECT_EQ(results[1].audio()->data(), samples);
}

// Ten branches of nine nodes between one start and ten ends, written backwards.
TEST(Session, Runs100NodesWithBranches) {
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  std::vector<std::string> expected;
  for (int branch = 0; branch < 9; ++branch) {
    std::string before = "start";
    std::string trace = "ends" + std::to_string(branch) + ":x>start";
    for (int i = 0; i < 11; ++i) {
      const std::string id = (i == 10 ? "ends" + std::to_string(branch)
                                      : "n" + std::to_string(branch) + "-" + std::to_string(i));
      nodes.push_back(node(id, "Trace"));
      connections.push_back(wire(before, id));
      before = id;
      trace += ">" + id;
    }
    expected.push_back(trace);
  }
  nodes.push_back(node("start", "Trace"));
  ASSERT_EQ(nodes.size(), 100U);
  std::ranges::reverse(nodes);
  std::ranges::reverse(expected);
  TestSession run(types(), manifest_of(nodes, connections));
  run->push(text_packet("x"));
  EXPECT_THAT(run.results(), ElementsAreArray(expected));
}

}  // namespace
}  // namespace remotemedia

// How a session is stopped: from its sink, from another thread, in the middle of a call.

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::misuse;
using test::node;
using test::registry_of;
using test::TestSession;
using test::text_packet;
using test::type_of;
using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(SessionReentry, IsRefusedFromTheSink) {
  std::vector<std::string> refusals;
  Session* inside = nullptr;
  const auto attempt = [&](const std::function<void()>& call) {
    refusals.emplace_back(misuse(call).what());
  };
  Session session(
      Graph::build(manifest_of({node("p", "Pass")}, {}), registry_of({type_of("Pass")})), {},
      [&](const Output&) {
        attempt([&] { inside->push(text_packet("y")); });
        attempt([&] { inside->run_sources(); });
        attempt([&] { inside->finish(); });
      });
  inside = &session;
  session.push(text_packet("x"));
  const char* refusal = "the session is busy, expected idle; do not call it from its own sink";
  EXPECT_THAT(refusals, ElementsAre(refusal, refusal, refusal));
  session.push(text_packet("x"));  // the attempts did no harm
  EXPECT_EQ(refusals.size(), 6U);
}

TEST(SessionStop, StopsWithinTheRunningCall) {
  int delivered = 0;
  int emitted = 0;
  bool told = false;
  NodeType endless =
      type_of("Endless", Behaviour{.process = [&](const Packet& packet, Emitter& out) {
                while (out.emit(packet)) ++emitted;
                told = true;
              }});
  Session* inside = nullptr;
  Session session(
      Graph::build(manifest_of({node("e", "Endless"), node("p", "Pass")}, {wire("e", "p")}),
                   registry_of({endless, type_of("Pass")})),
      {}, [&](const Output&) {
        if (++delivered == 100) inside->stop();
      });
  inside = &session;
  session.push(text_packet("x"));
  EXPECT_TRUE(told);
  EXPECT_EQ(delivered, 100) << "nothing is delivered after the stop";
  EXPECT_LE(emitted, 100 + static_cast<int>(Session::kWaveLimit));
}

TEST(SessionStop, MayComeFromAnotherThread) {
  std::atomic<bool> running{false};
  NodeType endless =
      type_of("Endless", Behaviour{.process = [&](const Packet& packet, Emitter& out) {
                while (out.emit(packet)) {
                }
              }});
  Session session(Graph::build(manifest_of({node("e", "Endless")}, {}), registry_of({endless})), {},
                  [&](const Output&) {
                    running.store(true);
                    running.notify_one();
                  });
  std::thread stopper([&] {
    running.wait(false);
    session.stop();
  });
  session.push(text_packet("x"));
  stopper.join();
  EXPECT_TRUE(running.load());
}

TEST(SessionStop, LaterCallsDoNothing) {
  bool touched = false;
  NodeType type =
      type_of("Touch", Behaviour{.process = [&](const Packet&, Emitter&) { touched = true; },
                                 .flush = [&](Emitter&) { touched = true; }});
  NodeType source = test::with_ports(type, {}, {Port{}});
  source.name = "Source";
  TestSession run(registry_of({type, source}),
                  manifest_of({node("t", "Touch"), node("s", "Source")}, {}));
  run->stop();
  run->push(text_packet("x"));
  run->run_sources();
  run->finish();
  EXPECT_FALSE(touched);
  EXPECT_THAT(run.results(), IsEmpty());
}

TEST(SessionStop, StopsASourceAndTheSourcesAfterIt) {
  std::vector<std::string> results;
  Session* inside = nullptr;
  Session session(Graph::build(manifest_of({node("a", "Counter", {{"count", 100}}),
                                            node("b", "Counter", {{"count", 100}})},
                                           {}),
                               registry_of({test::counter_type()})),
                  {}, [&](const Output& output) {
                    results.push_back(test::content(output.packet));
                    if (results.size() == 2) inside->stop();
                  });
  inside = &session;
  session.run_sources();
  EXPECT_THAT(results, ElementsAre("0", "1"));
}

TEST(SessionClose, FromTheSinkOnlyStops) {
  bool cleaned = false;
  bool cleaned_inside = false;
  NodeType type = type_of("Clean", Behaviour{.cleanup = [&] { cleaned = true; }});
  int delivered = 0;
  Session* inside = nullptr;
  {
    Session session(
        Graph::build(manifest_of({node("r", "Repeat"), node("c", "Clean")}, {wire("r", "c")}),
                     registry_of({type, test::repeat_type()})),
        {}, [&](const Output&) {
          ++delivered;
          inside->close();
          cleaned_inside = cleaned;
        });
    inside = &session;
    session.push(text_packet("x"));
    EXPECT_EQ(delivered, 1);
    EXPECT_FALSE(cleaned_inside) << "its nodes were still at work";
    session.close();
    EXPECT_TRUE(cleaned);
  }
}

}  // namespace
}  // namespace remotemedia

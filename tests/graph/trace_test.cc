#include "remotemedia/graph/trace.h"

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "remotemedia/graph/document.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

using test::manifest_of;
using test::node;
using test::wire;

struct Call {
  std::string name;
  std::string category;
  double tid = 0;
  double begin_us = 0;
  double end_us = 0;
  double own_us = 0;
};

const Value& at(const Value& object, const char* name) { return *object.as_object()->find(name); }

Value loaded(const TraceRecorder& trace) {
  return parse_document(trace.to_json(), TextFormat::json).root;
}

std::vector<Call> calls_in(const Value& document) {
  std::vector<Call> calls;
  for (const Value& event : *at(document, "traceEvents").as_array()) {
    if (*at(event, "ph").as_string() != "X") continue;
    const double begin_us = at(event, "ts").number();
    calls.push_back({std::string(*at(event, "name").as_string()),
                     std::string(*at(event, "cat").as_string()), at(event, "tid").number(),
                     begin_us, begin_us + at(event, "dur").number(),
                     at(at(event, "args"), "own_us").number()});
  }
  return calls;
}

/// On each thread in order of time, each within the ones that are open.
void expect_nested(const std::vector<Call>& calls) {
  std::map<double, std::vector<Call>> open;
  std::map<double, double> last;
  for (const Call& call : calls) {
    EXPECT_GE(call.begin_us, last[call.tid]);
    EXPECT_GE(call.end_us, call.begin_us);
    last[call.tid] = call.begin_us;
    std::vector<Call>& outer = open[call.tid];
    while (!outer.empty() && outer.back().end_us <= call.begin_us &&
           call.end_us > outer.back().end_us) {
      outer.pop_back();
    }
    if (!outer.empty()) {
      EXPECT_LE(call.end_us, outer.back().end_us + 1e-6) << call.name;
    }
    outer.push_back(call);
  }
}

/// A session whose clock goes on by 1 us per reading.
std::shared_ptr<TraceRecorder> recorded(std::size_t max_events, int packets) {
  auto trace = std::make_shared<TraceRecorder>("a \"graph\"", max_events);
  Time now = std::chrono::hours(1);
  NodeType repeat = test::repeat_type();
  Session session(
      Graph::build(manifest_of({node("many", "Repeat", {{"count", 64}}), node("p", "Pass")},
                               {wire("many", "p")}),
                   test::registry_of({repeat, test::type_of("Pass")})),
      {.enable_metrics = false,
       .clock = [&now] { return now += std::chrono::microseconds(1); },
       .trace = trace},
      [](const Output&) {});
  for (int i = 0; i < packets; ++i) session.push(test::text_packet("x"));
  session.finish();
  return trace;
}

TEST(Trace, HoldsEachCallOnceWithNodeAndType) {
  const Value document = loaded(*recorded(10'000, 2));
  std::map<std::string, int> counts;
  for (const Call& call : calls_in(document)) ++counts[call.name + " " + call.category];
  EXPECT_EQ(counts["many Repeat"], 2 + 1) << "with the flush";
  EXPECT_EQ(counts["p Pass"], 2 * 64 + 1);
  EXPECT_EQ(at(at(document, "otherData"), "dropped_events").number(), 0);
}

TEST(Trace, EventsAreSortedAndNested) {
  const std::vector<Call> calls = calls_in(loaded(*recorded(10'000, 3)));
  expect_nested(calls);
  EXPECT_EQ(calls.front().name, "many");
  EXPECT_EQ(calls.front().begin_us, 0);
  EXPECT_EQ(calls[1].name, "p") << "runs inside of the emit() of the first";
  EXPECT_LT(calls[1].end_us, calls.front().end_us);
  EXPECT_LT(calls.front().own_us, calls.front().end_us - calls.front().begin_us);
}

TEST(Trace, NamesProcessAndThreads) {
  const Value document = loaded(*recorded(10, 1));
  const Value::Array& events = *at(document, "traceEvents").as_array();
  EXPECT_EQ(*at(events[0], "name").as_string(), "process_name");
  EXPECT_EQ(*at(at(events[0], "args"), "name").as_string(), "a \"graph\"");
  EXPECT_EQ(*at(events[1], "name").as_string(), "thread_name");
  EXPECT_EQ(*at(at(events[1], "args"), "name").as_string(), "thread 1");
}

TEST(Trace, IsBoundedAndSaysWhatItDropped) {
  const auto trace = recorded(5, 1);
  EXPECT_EQ(trace->event_count(), 5U);
  EXPECT_EQ(trace->dropped_count(), 64U + 3 - 5);
  const Value document = loaded(*trace);
  EXPECT_EQ(calls_in(document).size(), 5U);
  EXPECT_EQ(at(at(document, "otherData"), "dropped_events").number(), 62);
  expect_nested(calls_in(document));
}

TEST(Trace, TakesCallsOfSeveralThreads) {
  TraceRecorder trace("lanes", 1'000);
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 4; ++lane) {
    lanes.emplace_back([&trace, lane] {
      trace.name_thread("lane " + std::to_string(lane));
      const std::uint32_t mine = trace.add_node("n" + std::to_string(lane), "T");
      for (int i = 0; i < 100; ++i) {
        trace.add_call(mine, "process", Time(i * 1'000), Time(i * 1'000 + 500), Time(500));
      }
    });
  }
  for (std::thread& lane : lanes) lane.join();
  const Value document = loaded(trace);
  const std::vector<Call> calls = calls_in(document);
  EXPECT_EQ(calls.size(), 400U);
  expect_nested(calls);
  std::map<std::string, std::string> names;
  for (const Value& event : *at(document, "traceEvents").as_array()) {
    if (*at(event, "name").as_string() != "thread_name") continue;
    names[to_json(at(event, "tid"))] = *at(at(event, "args"), "name").as_string();
  }
  for (const Call& call : calls) {
    const std::string tid = std::to_string(static_cast<int>(call.tid));
    EXPECT_EQ(names[tid].back(), call.name.back());
  }
}

TEST(Trace, WithoutEventsIsATraceToo) {
  const Value document = loaded(TraceRecorder("empty"));
  EXPECT_TRUE(calls_in(document).empty());
}

}  // namespace
}  // namespace remotemedia

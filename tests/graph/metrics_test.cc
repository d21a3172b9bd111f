#include "remotemedia/graph/metrics.h"

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::node;
using test::registry_of;
using test::text_packet;
using test::wire;
using testing::ElementsAre;

/// Time that passes only when someone works.
struct WorkClock {
  Time now{0};
  int reads = 0;
  Time per_read{0};

  [[nodiscard]] Clock clock() {
    return [this] {
      ++reads;
      return now += per_read;
    };
  }
};

/// Works `before_us`, emits `count` packets, works `after_us`; at the end `flush_us`.
NodeType work_type(WorkClock& clock) {
  NodeType type = test::type_of("Work", [&clock](const Parameters& parameters) -> Behaviour {
    const auto work = [&clock, parameters](const char* what) {
      clock.now += std::chrono::microseconds(parameters.integer(what));
    };
    return {.process =
                [work, count = parameters.integer("count")](const Packet& packet, Emitter& out) {
                  work("before_us");
                  for (int i = 0; i < count; ++i) out.emit(packet);
                  work("after_us");
                },
            .flush = [work](Emitter&) { work("flush_us"); }};
  });
  for (const char* name : {"before_us", "after_us", "flush_us"}) {
    type.parameters.push_back({.name = name, .type = ParameterType::integer, .default_value = 0});
  }
  type.parameters.push_back({.name = "count", .type = ParameterType::integer, .default_value = 1});
  return type;
}

/// A session of Work nodes whose sink works for 1 ms.
class Worked {
 public:
  Worked(std::vector<ManifestNode> nodes, std::vector<ManifestConnection> connections,
         bool enable_metrics = true)
      : session_(Graph::build(manifest_of(std::move(nodes), std::move(connections)),
                              registry_of({work_type(clock_)})),
                 {.enable_metrics = enable_metrics, .clock = clock_.clock()},
                 [this](const Output&) { clock_.now += std::chrono::milliseconds(1); }) {}

  Session* operator->() { return &session_; }
  [[nodiscard]] NodeMetrics node(std::size_t index) const {
    return session_.metrics().nodes[index];
  }
  [[nodiscard]] const WorkClock& clock() const { return clock_; }

 private:
  WorkClock clock_;
  Session session_;
};

constexpr Time us(int microseconds) { return std::chrono::microseconds(microseconds); }

TEST(Metrics, NodeTimeExcludesTheSink) {
  Worked worked({node("a", "Work", {{"before_us", 3}, {"after_us", 4}})}, {});
  worked->push(text_packet("x"));
  EXPECT_EQ(worked.node(0).total, us(7));
}

TEST(Metrics, NodeTimeExcludesTheNodesBehindThoughTheyRunInsideEmit) {
  // 64 packets are a wave: b runs, and the sink, while a is still in its call.
  Worked worked({node("a", "Work", {{"before_us", 3}, {"after_us", 4}, {"count", 64}}),
                 node("b", "Work", {{"before_us", 10}})},
                {wire("a", "b")});
  worked->push(text_packet("x"));
  EXPECT_EQ(worked.node(0).total, us(7));
  EXPECT_EQ(worked.node(1).total, us(640));
  EXPECT_EQ(worked->metrics().total_duration, us(7 + 640 + 64'000));
}

TEST(Metrics, TimesOfThreeNestedNodesAddUpWithTheSink) {
  Worked worked(
      {node("a", "Work", {{"after_us", 1}, {"count", 64}}),
       node("b", "Work", {{"before_us", 2}, {"count", 64}}), node("c", "Work", {{"before_us", 3}})},
      {wire("a", "b"), wire("b", "c")});
  worked->push(text_packet("x"));
  EXPECT_EQ(worked.node(0).total, us(1));
  EXPECT_EQ(worked.node(1).total, us(2 * 64));
  EXPECT_EQ(worked.node(2).total, us(3 * 64 * 64));
  EXPECT_EQ(worked->metrics().total_duration, us(1 + 2 * 64 + (3 + 1'000) * 64 * 64));
}

TEST(Metrics, CountsCallsAndTheirShortestAndLongest) {
  std::vector<int> durations = {5, 2, 9};
  std::size_t call = 0;
  WorkClock clock;
  NodeType type = test::type_of("Vary", Behaviour{.process = [&](const Packet&, Emitter&) {
                                  clock.now += us(durations[call++]);
                                }});
  Session session(Graph::build(manifest_of({node("v", "Vary")}, {}), registry_of({type})),
                  {.clock = clock.clock()}, [](const Output&) {});
  for (std::size_t i = 0; i < durations.size(); ++i) session.push(text_packet("x"));
  const NodeMetrics metrics = session.metrics().nodes[0];
  EXPECT_EQ(metrics.execution_count, 3U);
  EXPECT_EQ(metrics.success_count, 3U);
  EXPECT_EQ(metrics.error_count, 0U);
  EXPECT_EQ(metrics.min, us(2));
  EXPECT_EQ(metrics.max, us(9));
  EXPECT_EQ(metrics.total, us(16));
  EXPECT_EQ(session.metrics().total_executions, 3U);
  EXPECT_EQ(session.metrics().total_duration, us(16));
}

TEST(Metrics, QuantilesAreOfTheProcessCalls) {
  Worked worked({node("a", "Work", {{"before_us", 5}, {"flush_us", 100}})}, {});
  for (int i = 0; i < 10; ++i) worked->push(text_packet("x"));
  worked->finish();
  const LatencySummary& latency = worked.node(0).latency;
  EXPECT_EQ(latency.p50, us(5)) << "all took the same";
  EXPECT_EQ(latency.p999, us(5)) << "the flush is no call";
  EXPECT_EQ(latency.bucket_counts.front(), 10U);
}

TEST(Metrics, AFlushCountsInTheTotalButIsNoExecution) {
  Worked worked({node("a", "Work", {{"before_us", 5}, {"flush_us", 100}})}, {});
  worked->push(text_packet("x"));
  worked->finish();
  const NodeMetrics metrics = worked.node(0);
  EXPECT_EQ(metrics.execution_count, 1U);
  EXPECT_EQ(metrics.max, us(5));
  EXPECT_EQ(metrics.total, us(105));
  EXPECT_EQ(worked->metrics().total_executions, 1U);
  EXPECT_EQ(worked->metrics().total_duration, us(5 + 1'000 + 100));
}

TEST(Metrics, ASourceRunIsOneExecution) {
  WorkClock clock;
  Session session(Graph::build(manifest_of({node("s", "Counter", {{"count", 5}})}, {}),
                               registry_of({test::counter_type()})),
                  {.clock = clock.clock()}, [](const Output&) {});
  session.run_sources();
  EXPECT_EQ(session.metrics().total_executions, 1U);
  EXPECT_EQ(session.metrics().nodes[0].execution_count, 1U);
}

TEST(Metrics, OverheadIsWhatTheClockReadsCost) {
  WorkClock clock{.per_read = Time(10)};
  Session session(
      Graph::build(manifest_of({node("p", "Pass")}, {}), registry_of({test::type_of("Pass")})),
      {.clock = clock.clock()}, [](const Output&) {});
  const int calibration = clock.reads;
  EXPECT_EQ(session.metrics().metrics_overhead, Time(0)) << "nothing ran yet";
  session.push(text_packet("x"));
  EXPECT_EQ(clock.reads - calibration, 6) << "around the run, the node and the sink";
  EXPECT_EQ(session.metrics().metrics_overhead, Time(60));
}

TEST(Metrics, SwitchedOffTheClockIsNotRead) {
  Worked worked({node("a", "Work", {{"before_us", 5}})}, {}, false);
  worked->push(text_packet("x"));
  worked->finish();
  EXPECT_EQ(worked.clock().reads, 0);
  EXPECT_EQ(worked.node(0).execution_count, 1U) << "counting costs nothing";
  EXPECT_EQ(worked.node(0).total, Time(0));
  EXPECT_EQ(worked->metrics().total_duration, Time(0));
  EXPECT_EQ(worked->metrics().metrics_overhead, Time(0));
}

TEST(Metrics, AFailedCallIsNoSuccess) {
  int calls = 0;
  NodeType type = test::type_of("Third", Behaviour{.process = [&](const Packet&, Emitter&) {
                                  if (++calls == 3) throw std::runtime_error("no");
                                }});
  test::TestSession run(registry_of({type}), manifest_of({node("t", "Third")}, {}));
  run->push(text_packet("x"));
  run->push(text_packet("x"));
  test::node_failure([&] { run->push(text_packet("x")); });
  const NodeMetrics metrics = run->metrics().nodes[0];
  EXPECT_EQ(metrics.execution_count, 3U);
  EXPECT_EQ(metrics.success_count, 2U);
  EXPECT_EQ(metrics.error_count, 1U);
}

TEST(Metrics, NameTheGraphTheNodesAndTheirRuntimes) {
  GraphOptions options;
  options.foreign["own"] = {test::type_of("MyNode"), "python only"};
  Manifest manifest = manifest_of({node("p", "Pass"), node("own", "MyNode")}, {});
  manifest.name = "call";
  const test::TestSession run(
      Graph::build(manifest, registry_of({test::type_of("Pass")}), options));
  const Metrics metrics = const_cast<test::TestSession&>(run)->metrics();
  EXPECT_EQ(metrics.pipeline_id, "call");
  ASSERT_EQ(metrics.nodes.size(), 2U);
  EXPECT_EQ(metrics.nodes[0].node_id, "p");
  EXPECT_EQ(metrics.nodes[0].node_type, "Pass");
  EXPECT_EQ(metrics.nodes[0].runtime, "native");
  EXPECT_EQ(metrics.nodes[0].runtime_reason, "native implementation available");
  EXPECT_EQ(metrics.nodes[1].runtime, "python");
  EXPECT_EQ(metrics.nodes[1].runtime_reason, "python only");
}

double resident_bytes_now() {
  std::ifstream statm("/proc/self/statm");
  double all_pages = 0;
  double resident_pages = 0;
  statm >> all_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double resident_bytes_at_most() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

TEST(Metrics, PeakMemoryIsThatOfTheProcess) {
  test::TestSession run(registry_of({test::type_of("Pass")}), manifest_of({node("p", "Pass")}, {}));
  const std::vector<char> touched(16U << 20U, 1);
  const auto peak = static_cast<double>(run->metrics().peak_memory_bytes);
  constexpr double kNotYetCounted = 1024 * 1024;  // the kernel counts pages in batches
  EXPECT_GT(peak, resident_bytes_now() - kNotYetCounted);
  EXPECT_LT(peak, resident_bytes_at_most() + kNotYetCounted);
  EXPECT_GT(peak, static_cast<double>(touched.size()));
}

std::vector<std::string> member_names(const Value& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : *object.as_object()) names.emplace_back(name);
  return names;
}

TEST(MetricsValue, HasTheNamesOfTheOldMetrics) {
  Metrics metrics;
  metrics.nodes.resize(1);
  const Value value = metrics_to_value(metrics);
  EXPECT_THAT(member_names(value),
              ElementsAre("pipeline_id", "total_executions", "total_duration_us",
                          "total_duration_ms", "peak_memory_bytes", "peak_memory_mb",
                          "node_metrics", "metrics_overhead_us", "duration_bucket_bounds_us"));
  EXPECT_THAT(member_names(value.as_object()->find("node_metrics")->as_array()->front()),
              ElementsAre("node_id", "node_type", "runtime", "runtime_reason", "execution_count",
                          "success_count", "error_count", "success_rate", "total_duration_us",
                          "avg_duration_us", "min_duration_us", "max_duration_us",
                          "p50_duration_us", "p95_duration_us", "p99_duration_us",
                          "p999_duration_us", "duration_bucket_counts", "allocated_bytes",
                          "peak_memory_bytes", "retry_count", "drop_count"));
}

TEST(MetricsValue, AQueueAddsItsFields) {
  Metrics metrics;
  QueueMetrics& queue = metrics.nodes.emplace_back().queue.emplace();
  queue.depth = 3;
  queue.total = us(300);
  queue.max = us(200);
  queue.wait.p99 = us(198);
  queue.wait.bucket_counts[0] = 4;
  const Value value = metrics_to_value(metrics);
  const Object& one = *value.as_object()->find("node_metrics")->as_array()->front().as_object();
  EXPECT_EQ(*one.find("queue_depth"), Value(3));
  EXPECT_DOUBLE_EQ(one.find("queue_wait_avg_us")->number(), 75.0);
  EXPECT_DOUBLE_EQ(one.find("queue_wait_max_us")->number(), 200.0);
  EXPECT_DOUBLE_EQ(one.find("queue_wait_p99_us")->number(), 198.0);
  EXPECT_EQ(one.find("queue_wait_bucket_counts")->as_array()->size(), kLatencyBounds.size() + 1);
}

TEST(MetricsJson, IsTheTextOfTheValue) {
  Metrics metrics;
  metrics.pipeline_id = "a \"name\"";
  metrics.total_duration = us(7);
  for (const int nodes : {0, 1, 3}) {
    metrics.nodes.resize(static_cast<std::size_t>(nodes));
    if (nodes == 3) {
      metrics.nodes[1].queue.emplace().wait.bucket_counts[3] = 4;
      metrics.nodes[2].breaker_state = "open";
      metrics.nodes[2].latency.p99 = Time(1'234'567);
    }
    for (const int indent : {-1, 2}) {
      EXPECT_EQ(metrics_to_json(metrics, indent), to_json(metrics_to_value(metrics), indent));
    }
  }
}

TEST(MetricsValue, ConvertsUnitsAndDividesByTheExecutions) {
  Metrics metrics;
  metrics.total_duration = std::chrono::milliseconds(5);
  metrics.peak_memory_bytes = 3U << 20U;
  metrics.metrics_overhead = Time(1'500);
  metrics.nodes.push_back({.node_id = "a",
                           .execution_count = 4,
                           .success_count = 3,
                           .error_count = 1,
                           .total = us(100),
                           .min = us(10),
                           .max = us(60)});
  const Value value = metrics_to_value(metrics);
  const Object& all = *value.as_object();
  EXPECT_DOUBLE_EQ(all.find("total_duration_us")->number(), 5'000.0);
  EXPECT_DOUBLE_EQ(all.find("total_duration_ms")->number(), 5.0);
  EXPECT_DOUBLE_EQ(all.find("peak_memory_mb")->number(), 3.0);
  EXPECT_DOUBLE_EQ(all.find("metrics_overhead_us")->number(), 1.5);
  const Object& one = *all.find("node_metrics")->as_array()->front().as_object();
  EXPECT_DOUBLE_EQ(one.find("success_rate")->number(), 0.75);
  EXPECT_DOUBLE_EQ(one.find("avg_duration_us")->number(), 25.0);
  EXPECT_DOUBLE_EQ(one.find("min_duration_us")->number(), 10.0);
  EXPECT_DOUBLE_EQ(one.find("max_duration_us")->number(), 60.0);
}

TEST(MetricsValue, RateAverageAndMinimumAreZeroWhenNothingRan) {
  test::TestSession run(registry_of({test::type_of("Pass")}), manifest_of({node("p", "Pass")}, {}));
  const Value value = metrics_to_value(run->metrics());
  const Object& one = *value.as_object()->find("node_metrics")->as_array()->front().as_object();
  for (const char* name : {"success_rate", "avg_duration_us", "min_duration_us"}) {
    EXPECT_EQ(*one.find(name), Value(0.0)) << name;
  }
}

}  // namespace
}  // namespace remotemedia

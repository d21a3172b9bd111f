// The text format by the rules of promtool: names, units, suffixes, types, escapes, histograms.

#include "remotemedia/graph/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace remotemedia {
namespace {

using testing::HasSubstr;
using testing::Not;

Metrics example() {
  Metrics metrics;
  metrics.pipeline_id = "a \"call\"\n\\ here";
  metrics.total_executions = 7;
  metrics.total_duration = std::chrono::milliseconds(1'500);
  metrics.peak_memory_bytes = 1U << 20U;
  NodeMetrics& node = metrics.nodes.emplace_back();
  node.node_id = "rate";
  node.node_type = "AudioResampleNode";
  node.runtime = "native";
  node.success_count = 6;
  node.error_count = 1;
  node.total = std::chrono::microseconds(250);
  node.latency.bucket_counts = {3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  node.allocated_bytes = 1'920;
  node.peak_memory_bytes = 960;
  return metrics;
}

std::vector<std::string> lines_of(const Metrics& metrics) {
  std::istringstream text(metrics_to_prometheus(metrics));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(Prometheus, EverySampleBelongsToTheFamilyAboveIt) {
  const std::regex help("# HELP (remotemedia(?:_[a-z]+)+) [A-Z].*\\.");
  const std::regex type("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  const std::regex sample(
      R"re(([a-z_]+)\{([a-z_]+="(?:[^"\\]|\\\\|\\"|\\n)*"(?:,|(?=\})))+\} [0-9.e+-]+)re");
  std::string family;
  std::string kind;
  std::map<std::string, std::string> kinds;
  Metrics metrics = example();
  metrics.nodes.front().queue.emplace();
  for (const std::string& line : lines_of(metrics)) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      family = match[1];
      EXPECT_FALSE(kinds.contains(family)) << "twice: " << family;
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], family);
      kinds[family] = kind = match[2];
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      const std::string rest = match[1].str().substr(family.size());
      EXPECT_THAT(line, testing::StartsWith(family));
      if (kind == "histogram") {
        EXPECT_TRUE(rest == "_bucket" || rest == "_sum" || rest == "_count") << line;
      } else {
        EXPECT_EQ(rest, "") << line;
      }
    }
  }
  EXPECT_EQ(kinds.size(), 12U);
  for (const auto& [name, of] : kinds) {
    const bool is_total = name.ends_with("_total");
    EXPECT_EQ(is_total, of == "counter") << name;
    if (of == "histogram") {
      EXPECT_TRUE(name.ends_with("_seconds")) << name;
    }
    for (const char* unit : {"_ms", "_us", "milli", "micro", "_mb", "kilo"}) {
      EXPECT_THAT(name, Not(HasSubstr(unit)));
    }
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      EXPECT_FALSE(name.ends_with(suffix)) << name;
    }
  }
}

TEST(Prometheus, HistogramsAreCumulativeAndEndWithAll) {
  const std::string text = metrics_to_prometheus(example());
  const std::string labels = R"(pipeline="a \"call\"\n\\ here",node="rate")";
  const std::string name = "remotemedia_node_process_seconds";
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"5e-05\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"0.0001\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"1\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"2.5\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{" + labels + "} 0.00025\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{" + labels + "} 6\n"));
}

TEST(Prometheus, SaysWhatWasCounted) {
  Metrics metrics = example();
  metrics.pipeline_id = "call";
  const std::string text = metrics_to_prometheus(metrics);
  for (
      const char* line :
      {R"(remotemedia_pipeline_executions_total{pipeline="call"} 7)",
       R"(remotemedia_pipeline_seconds_total{pipeline="call"} 1.5)",
       R"(remotemedia_process_peak_memory_bytes{pipeline="call"} 1048576)",
       R"(remotemedia_node_info{pipeline="call",node="rate",type="AudioResampleNode",runtime="native"} 1)",
       R"(remotemedia_packets_total{pipeline="call",node="rate",result="success"} 6)",
       R"(remotemedia_packets_total{pipeline="call",node="rate",result="error"} 1)",
       R"(remotemedia_node_allocated_bytes_total{pipeline="call",node="rate"} 1920)",
       R"(remotemedia_node_peak_memory_bytes{pipeline="call",node="rate"} 960)"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("queue"))) << "there is none";
}

TEST(Prometheus, ShowsQueuesWhereThereAreAny) {
  Metrics metrics = example();
  metrics.pipeline_id = "call";
  QueueMetrics& queue = metrics.nodes.front().queue.emplace();
  queue.depth = 4;
  queue.total = std::chrono::seconds(2);
  queue.wait.bucket_counts.back() = 2;
  const std::string text = metrics_to_prometheus(metrics);
  EXPECT_THAT(text, HasSubstr(R"(remotemedia_queue_depth{pipeline="call",node="rate"} 4)"));
  EXPECT_THAT(text,
              HasSubstr(R"(remotemedia_node_queue_seconds_sum{pipeline="call",node="rate"} 2)"));
  EXPECT_THAT(text,
              HasSubstr(R"(remotemedia_node_queue_seconds_count{pipeline="call",node="rate"} 2)"));
}

}  // namespace
}  // namespace remotemedia

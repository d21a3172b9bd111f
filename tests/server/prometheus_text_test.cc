#include "server/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remotemedia::server {
namespace {

using testing::HasSubstr;

TEST(PrometheusText, SumsTheShardsAndCountsEachBucketWithThoseBelow) {
  std::vector<ShardStatistics> shards(2);
  shards[0].datagrams_received = 3;
  shards[1].datagrams_received = 4;
  shards[0].processing.bucket_counts[0] = 5;
  shards[1].processing.bucket_counts[2] = 1;
  shards[0].processing_total = std::chrono::milliseconds(2);
  const SessionCounts counts{.opened = 9, .refused = 2, .failed = 0, .ended = 8};
  const std::map<int, std::uint64_t> statuses{{201, 9}, {429, 2}};
  const std::string text = prometheus_text(
      {.shards = shards, .counts = counts, .sessions = 1, .sockets = 1, .statuses = statuses});
  EXPECT_THAT(text, HasSubstr("remotemedia_server_datagrams_total{direction=\"received\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_sessions 1\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_http_responses_total{status=\"429\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_processing_seconds_bucket{le=\"5e-05\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_processing_seconds_bucket{le=\"0.00025\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_processing_seconds_bucket{le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("remotemedia_server_processing_seconds_sum 0.002\n"));
}

}  // namespace
}  // namespace remotemedia::server

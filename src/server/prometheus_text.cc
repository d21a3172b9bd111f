#include "server/prometheus_text.h"

#include "remotemedia/base/version.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace remotemedia::server {
namespace {

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    append("# HELP remotemedia_{0} {2}\n# TYPE remotemedia_{0} {1}\n", name, type, help);
  }
  template <typename Number>
  void sample(Number value, std::string_view labels = {}, std::string_view suffix = {}) {
    append("remotemedia_{}{}", name_, suffix);
    if (!labels.empty()) append("{{{}}}", labels);
    append(" {}\n", value);
  }
  template <typename Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(value);
  }
  std::string take() { return std::move(text_); }

 private:
  template <typename... Args>
  void append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string_view name_;
  std::string text_;
};

void write_sessions(Page& page, const ServerFigures& figures) {
  page.single("server_sessions", "gauge", "Sessions that are open.", figures.sessions);
  page.single("server_websockets", "gauge", "WebSockets that are open.", figures.sockets);
  page.single(
      "server_connections_refused_total", "counter",
      "Connections that were closed at once, as enough of all or of their address are open.",
      figures.refused_connections);
  page.family("server_sessions_total", "counter", "Sessions by what became of their offer.");
  page.sample(figures.counts.opened, "result=\"opened\"");
  page.sample(figures.counts.refused, "result=\"refused\"");
  page.sample(figures.counts.failed, "result=\"failed\"");
  page.single("server_sessions_ended_total", "counter", "Sessions that are over.",
              figures.counts.ended);
  page.single("server_session_restarts_total", "counter",
              "Graphs that were made anew after a node had failed.", figures.counts.restarts);
  page.family("server_http_responses_total", "counter", "Answers of HTTP by status.");
  for (const auto& [status, count] : figures.statuses) {
    page.sample(count, fmt::format("status=\"{}\"", status));
  }
}

void write_network(Page& page, const std::vector<ShardStatistics>& shards) {
  ShardStatistics sum;
  for (const ShardStatistics& shard : shards) {
    sum.datagrams_received += shard.datagrams_received;
    sum.datagrams_sent += shard.datagrams_sent;
    sum.datagrams_unsent += shard.datagrams_unsent;
    sum.datagrams_unknown += shard.datagrams_unknown;
    sum.audio_packets += shard.audio_packets;
    sum.concealed_ms += shard.concealed_ms;
    for (std::size_t i = 0; i < sum.dropped.size(); ++i) sum.dropped[i] += shard.dropped[i];
  }
  page.family("server_datagrams_total", "counter", "UDP datagrams.");
  page.sample(sum.datagrams_received, "direction=\"received\"");
  page.sample(sum.datagrams_sent, "direction=\"sent\"");
  page.single("server_datagrams_unsent_total", "counter", "Datagrams that the kernel did not take.",
              sum.datagrams_unsent);
  page.family("server_datagrams_dropped_total", "counter",
              "Datagrams without effect, by reason; none is answered.");
  page.sample(sum.datagrams_unknown, "reason=\"unknown_session\"");
  for (std::size_t i = 0; i < sum.dropped.size(); ++i) {
    page.sample(sum.dropped[i], fmt::format("reason=\"{}\"", to_string(static_cast<rtc::Drop>(i))));
  }
  page.single("server_audio_packets_total", "counter", "Packets of audio that were decoded.",
              sum.audio_packets);
  page.single("server_concealed_seconds_total", "counter",
              "Audio that was made up, because packets were lost or late.",
              static_cast<double>(sum.concealed_ms) / 1000);
}

void write_processing(Page& page, const std::vector<ShardStatistics>& shards) {
  page.family(
      "server_processing_seconds", "histogram",
      "Time of a session's graph for 20 ms of audio, without nodes on threads of their own.");
  std::uint64_t count = 0;
  Time total{};
  for (const ShardStatistics& shard : shards) total += shard.processing_total;
  for (std::size_t i = 0; i <= kLatencyBounds.size(); ++i) {
    for (const ShardStatistics& shard : shards) count += shard.processing.bucket_counts[i];
    const std::string bound =
        i < kLatencyBounds.size() ? fmt::format("{}", seconds(kLatencyBounds[i])) : "+Inf";
    page.sample(count, fmt::format("le=\"{}\"", bound), "_bucket");
  }
  page.sample(seconds(total), {}, "_sum");
  page.sample(count, {}, "_count");
}

}  // namespace

std::string prometheus_text(const ServerFigures& figures) {
  Page page;
  page.family("build_info", "gauge", "Version of the library.");
  page.sample(1, fmt::format("version=\"{}\"", kVersion));
  write_sessions(page, figures);
  write_network(page, figures.shards);
  write_processing(page, figures.shards);
  return page.take();
}

}  // namespace remotemedia::server

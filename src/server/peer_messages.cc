// What a peer says to its page, and the page to it: docs/server.md has the table.

#include "remotemedia/base/version.h"
#include "server/clock.h"
#include "server/json.h"
#include "server/peer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace remotemedia::server {
namespace {

Value optional_ms(const std::optional<Time>& time) {
  return time ? Value(milliseconds(*time)) : Value();
}

Object drops_of(const rtc::EndpointStatistics& statistics) {
  Object drops;
  for (std::size_t i = 0; i < statistics.dropped.size(); ++i) {
    if (statistics.dropped[i] == 0) continue;
    drops.set(rtc::to_string(static_cast<rtc::Drop>(i)), statistics.dropped[i]);
  }
  return drops;
}

Value node_figures(const NodeMetrics& node) {
  const std::uint64_t count = std::max<std::uint64_t>(node.execution_count, 1);
  return Object{
      {"node_id", node.node_id},
      {"node_type", node.node_type},
      {"execution_count", node.execution_count},
      {"avg_duration_us", microseconds(node.total) / static_cast<double>(count)},
      {"p50_duration_us", microseconds(node.latency.p50)},
      {"p95_duration_us", microseconds(node.latency.p95)},
      {"p99_duration_us", microseconds(node.latency.p99)},
      {"error_count", node.error_count},
      {"drop_count", node.drop_count + (node.queue ? node.queue->dropped : 0)},
  };
}

}  // namespace

void Peer::send(const Value& message, Time now) {
  if (waiting_messages_.size() == kMaxWaitingMessages) {
    waiting_messages_.pop_front();
    ++dropped_messages_;
  }
  waiting_messages_.push_back(to_json(message));
  send_waiting(now);
}

void Peer::send_waiting(Time now) {
  while (channel_ && !waiting_messages_.empty()) {
    const std::string& text = waiting_messages_.front();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const bool sent = endpoint_.send_message(*channel_, rtc::MessageKind::text,
                                             std::span(bytes, text.size()), now);
    // What does not fit now may later, but for what is too long altogether.
    if (!sent && text.size() <= kMaxMessageBytes) return;
    if (!sent) ++dropped_messages_;
    waiting_messages_.pop_front();
  }
}

/// Of what the page has sent.
void Peer::complain(const std::string& problem, Time now) {
  send(Object{{"type", "error"}, {"fatal", false}, {"message", problem}}, now);
}

void Peer::take_message(std::string_view text, Time now) {
  const auto [message, problem] = parse_object(text);
  if (!problem.empty()) return complain("a message: " + problem, now);
  const std::string type = message ? text_of(*message, "type") : "";
  if (type.empty()) return complain("a message is no JSON object with a type", now);
  if (type == "cancel") {
    if (pipeline_) pipeline_->cancel();
    cancel_audio();
    return;
  }
  if (type == "message" && pipeline_ && pipeline_->accepts_text()) {
    take_text(text_of(*message, "message"), now);
  }
  if (host_.message) host_.message(options_.id, *message);
}

void Peer::take_text(const std::string& text, Time now) {
  Packet packet;
  packet.payload = text;
  packet.sequence = sequence_++;
  packet.metadata = Object{{"session_id", options_.id}, {"source", "webrtc"}};
  try {
    pipeline_->push(std::move(packet));
    deliver(pipeline_->take(), now);
  } catch (...) {
    fail(std::current_exception(), now);
  }
}

Value Peer::session_message() const {
  Object message{{"type", "session"},
                 {"session_id", options_.id},
                 {"version", kVersion},
                 {"input_rate", options_.endpoint.receive_rate},
                 {"output_rate", options_.endpoint.send_rate},
                 {"barge_in", options_.barge_in}};
  if (!pipeline_) return message;
  Value::Array nodes;
  for (const GraphNode& node : pipeline_->graph().nodes()) {
    nodes.emplace_back(Object{{"node_id", node.id}, {"node_type", node.type.name}});
  }
  message.set("accepts_text", pipeline_->accepts_text());
  message.set("pipeline", Object{{"name", pipeline_->graph().name()}, {"nodes", std::move(nodes)}});
  return message;
}

void Peer::report(Time now) {
  report_at_ = now + options_.metrics_interval;
  // An old report is worth nothing: it waits for no room.
  if (pipeline_ && waiting_messages_.empty()) send(metrics_message(now), now);
}

Object Peer::statistics(Time now) const {
  const rtc::EndpointStatistics figures = endpoint_.statistics();
  const rtc::AudioReceiverStatistics& received = figures.received;
  const LatencySummary processing = processing_->summary();
  const Time delay = received.delay + processing.p50 + figures.queued;
  return {{"duration_s", seconds(now - started_)},
          {"delay_ms", milliseconds(delay)},
          {"jitter_buffer_ms", milliseconds(received.delay)},
          {"jitter_target_ms", milliseconds(received.target_delay)},
          {"queued_ms", milliseconds(figures.queued)},
          {"rtt_ms", optional_ms(figures.round_trip)},
          {"peer_loss_percent", 100 * figures.peer_loss},
          {"packets", received.packets},
          {"lost", received.lost},
          {"recovered", received.recovered},
          {"late", received.late},
          {"concealed_ms", received.concealed_ms},
          {"longest_gap_ms", milliseconds(received.longest_gap)},
          {"packets_sent", figures.packets_sent},
          {"unplayed_frames", unplayed_frames_},
          {"dropped_messages", dropped_messages_},
          {"unknown_results", unknown_results_},
          {"dropped_results",
           dropped_results_of_ended_ + (pipeline_ ? pipeline_->dropped_results() : 0)},
          {"restarts", restarts_},
          {"missed_ms",
           1'000 * missed_frames_ / static_cast<std::uint64_t>(options_.endpoint.receive_rate)},
          {"drops", drops_of(figures)}};
}

Value Peer::metrics_message(Time now) {
  Object session = statistics(now);
  const auto packets = static_cast<std::uint64_t>(session.find("packets")->number());
  const auto lost = static_cast<std::uint64_t>(session.find("lost")->number());
  const std::uint64_t new_packets = packets - reported_packets_;
  const std::uint64_t new_lost = lost - reported_lost_;
  reported_packets_ = packets;
  reported_lost_ = lost;
  const auto expected = static_cast<double>(std::max<std::uint64_t>(new_packets + new_lost, 1));
  session.set("loss_percent", 100 * static_cast<double>(new_lost) / expected);

  const LatencySummary processing = processing_->summary();
  Value::Array nodes;
  for (const NodeMetrics& node : pipeline_->metrics().nodes) nodes.push_back(node_figures(node));
  return Object{{"type", "metrics"},
                {"timestamp", unix_ms()},
                {"session", std::move(session)},
                {"processing_us", Object{{"count", processing_->count()},
                                         {"p50", microseconds(processing.p50)},
                                         {"p99", microseconds(processing.p99)},
                                         {"max", microseconds(processing_max_)}}},
                {"nodes", std::move(nodes)}};
}

Value Peer::describe(Time now) const {
  const rtc::EndpointState state = endpoint_.state();
  Value::Array channels;
  for (const auto& [stream, label] : channels_) channels.emplace_back(label);
  const bool active =
      state == rtc::EndpointState::connected || state == rtc::EndpointState::interrupted;
  return Object{{"id", options_.id},
                {"state", to_string(state)},
                {"ice_state", state == rtc::EndpointState::interrupted ? "disconnected"
                              : active                                 ? "connected"
                                                                       : "checking"},
                {"data_channels", std::move(channels)},
                {"has_pipeline", pipeline_ != nullptr},
                {"is_active", active},
                {"listeners", listeners_.size()},
                {"statistics", statistics(now)}};
}

}  // namespace remotemedia::server

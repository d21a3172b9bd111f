#pragma once

#include "remotemedia/graph/latency_histogram.h"
#include "remotemedia/rtc/endpoint.h"
#include "server/outgoing_audio.h"
#include "server/peer_pipeline.h"
#include "server/speech_tracker.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace remotemedia::server {

/// Audio that goes to those who listen to a session.
using SharedSamples = std::shared_ptr<const std::vector<float>>;

struct PeerOptions {
  std::string id;
  std::string client;  ///< its IP address
  rtc::EndpointOptions endpoint;
  bool barge_in = false;
  OnFailure on_failure = OnFailure::end;
  Time metrics_interval{};
  Time max_age{};  ///< 0: no limit
};

/// What a peer needs of the shard that carries it. All but `datagram` are for its own thread.
struct PeerHost {
  std::function<void(const rtc::Address&, std::span<const std::uint8_t>)> datagram;
  /// A message of the page that is not answered here.
  std::function<void(const std::string& id, const Value& message)> message;
  /// A graph has failed and another one is wanted, by Peer::resume or Peer::end_with.
  std::function<void(const std::string& id, std::unique_ptr<PeerPipeline> failed)> restart;
  /// On the thread of data channels: Peer::take_data is wanted.
  std::function<void(const std::string& id)> data_waiting = {};
};

/// One who hears what a session is sent. Called on the session's thread.
struct Listener {
  std::string id;
  /// Mono audio at the session's send_rate.
  std::function<void(const SharedSamples&)> play;
  /// What is not played to the session any more, it does not hear either.
  std::function<void()> cancel_audio;
};

/// One browser: its WebRTC endpoint, its graph, its messages. Belongs to the thread of its shard;
/// time is an argument but for that of the graph, which is measured.
class Peer final : private rtc::EndpointSink {
 public:
  static constexpr std::size_t kMaxWaitingMessages = 64;
  static constexpr std::size_t kMaxMessageBytes = 64U << 10U;  ///< of one from a page
  /// Graphs that are made anew within kRestartSpan (OnFailure::restart); the next failure ends it.
  static constexpr std::size_t kMostRestarts = 3;
  static constexpr Time kRestartSpan = std::chrono::seconds(60);

  /// Without a pipeline it only plays what play() gives (a listener).
  Peer(PeerOptions options, std::shared_ptr<const rtc::Identity> identity,
       std::unique_ptr<PeerPipeline> pipeline, Time now);
  ~Peer() override;

  std::variant<std::string, rtc::Refusal> accept_offer(std::string_view sdp, Time now);
  /// Before anything else from its shard.
  void set_host(PeerHost host) { host_ = std::move(host); }

  void receive(const rtc::Address& source, std::span<std::uint8_t> datagram, Time now);
  void advance(Time now);
  [[nodiscard]] Time next_timeout() const;
  /// Whether its shard has many. Two frames of who is not heard are one visit then: nobody waits
  /// for an answer to the first, and what else comes of it comes up to 20 ms later.
  void set_crowded(bool crowded);
  /// Takes results of nodes on lanes.
  void collect(Time now);
  /// Takes what the thread of data channels has done.
  void take_data(Time now);

  /// To the page and to all who listen.
  void play(std::span<const float> samples, Time now);
  void cancel_audio();
  void send(const Value& message, Time now);
  /// Goes on with another graph after PeerHost::restart.
  void resume(std::unique_ptr<PeerPipeline> pipeline, Time now);
  /// Tells the page the reason, and ends a little later.
  void end_with(const std::string& message, Time now);
  void close(Time now);

  /// Who adds them bounds them.
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }
  void remove_listener(const std::string& id);

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] int send_rate() const { return options_.endpoint.send_rate; }
  [[nodiscard]] const rtc::Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] bool ended() const { return endpoint_.state() == rtc::EndpointState::ended; }
  [[nodiscard]] const std::string& end_reason() const { return end_reason_; }
  [[nodiscard]] const LatencyHistogram& processing() const { return *processing_; }
  [[nodiscard]] Time processing_total() const { return processing_total_; }
  /// As GET /connections shows it.
  [[nodiscard]] Value describe(Time now) const;
  [[nodiscard]] std::unique_ptr<PeerPipeline> take_pipeline() { return std::move(pipeline_); }

  Time scheduled{};                   ///< of the shard: when it advances this peer
  std::vector<rtc::Address> sources;  ///< of the shard: where datagrams of this peer come from
  std::vector<std::string> ufrags;    ///< of the shard: by which first datagrams name it

 private:
  void on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) override;
  void on_audio(const rtc::ReceivedAudio& audio) override;
  void on_state(rtc::EndpointState state, const char* reason) override;
  void on_channel_open(std::uint16_t channel, std::string_view label) override;
  void on_channel_closed(std::uint16_t channel) override;
  void on_message(const rtc::DataMessage& message) override;
  void on_data_waiting() override;

  void work(Time now);
  void run_graph(Time now);
  void push(AudioBuffer audio, Time time);
  void deliver(const std::vector<Packet>& results, Time now);
  void deliver_one(const Packet& packet, Time now);
  void deliver_audio(const Packet& packet, Time now);
  void note_speech(SpeechChange change, Time now);
  void fail(const std::exception_ptr& error, Time now);
  bool restart(Object& message, Time now);
  void take_message(std::string_view text, Time now);
  void take_text(const std::string& text, Time now);
  void complain(const std::string& problem, Time now);
  void send_waiting(Time now);
  void report(Time now);
  [[nodiscard]] Value session_message() const;
  [[nodiscard]] Value metrics_message(Time now);
  [[nodiscard]] Object statistics(Time now) const;

  PeerOptions options_;
  PeerHost host_;
  std::unique_ptr<PeerPipeline> pipeline_;
  rtc::Endpoint endpoint_;
  OutgoingAudio outgoing_;
  SpeechTracker speech_;
  Object origin_;                   ///< the metadata of incoming audio
  bool page_hears_speech_ = false;  ///< it was told of a start and of no end
  Time input_end_{};                ///< of the audio that has come
  Time started_;
  Time close_at_ = Time::max();
  Time report_at_ = Time::max();
  std::string end_reason_;

  // What the endpoint has given within a call, until the call is over.
  std::vector<std::pair<AudioBuffer, Time>> frames_;
  std::vector<std::string> messages_;
  std::string message_problem_;  ///< with one that was no such message
  bool channel_opened_ = false;

  std::optional<std::uint16_t> channel_;
  std::vector<std::pair<std::uint16_t, std::string>> channels_;
  std::deque<std::string> waiting_messages_;
  std::vector<Listener> listeners_;
  std::uint64_t sequence_ = 0;
  Time muted_before_{};  ///< audio of earlier input is not played any more (barge-in)
  std::unique_ptr<LatencyHistogram> processing_;  ///< of 20 ms of input
  Time processing_max_{};
  Time processing_total_{};
  std::uint64_t dropped_messages_ = 0;
  std::uint64_t unknown_results_ = 0;
  std::uint64_t unplayed_frames_ = 0;  ///< there was no room for
  std::vector<Time> restarted_;        ///< when, the last kMostRestarts
  std::uint64_t restarts_ = 0;
  std::uint64_t missed_frames_ = 0;             ///< came to no graph, or to one that failed
  std::uint64_t dropped_results_of_ended_ = 0;  ///< of graphs that have failed
  std::uint64_t reported_packets_ = 0;
  std::uint64_t reported_lost_ = 0;
};

}  // namespace remotemedia::server

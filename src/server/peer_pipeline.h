#pragma once

#include "remotemedia/graph/session.h"
#include "remotemedia/server/server.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::server {

/// The running graph of one session. Native nodes run inside push(); the results of nodes that may
/// block come from their threads. All wait here until they are taken: at most kMaxResults, of which
/// the oldest go.
class PeerPipeline {
 public:
  static constexpr std::size_t kMaxResults = 256;
  /// Packets that wait for a node on a thread of its own; past that the oldest go: 1.3 s of audio.
  static constexpr std::size_t kLaneCapacity = 64;

  /// `notify` is called on other threads when results wait that came outside of push(), or when a
  /// node has failed. It must not call back.
  PeerPipeline(const SessionSource& running, std::string session_id, std::function<void()> notify);
  ~PeerPipeline();

  /// Node error if a node fails, now or before.
  void push(Packet packet);
  std::vector<Packet> take();
  /// Of a node on a lane.
  [[nodiscard]] std::exception_ptr failure() const;
  /// Drops what is in flight.
  void cancel();
  /// End of input; waits for the nodes, no longer than `timeout`. Not on a thread that is in a
  /// hurry.
  void finish(Time timeout) noexcept;

  [[nodiscard]] const Graph& graph() const { return session_->graph(); }
  [[nodiscard]] Metrics metrics() const { return session_->metrics(); }
  [[nodiscard]] std::uint64_t dropped_results() const;
  /// What its input nodes take.
  [[nodiscard]] bool accepts_audio() const { return accepts_audio_; }
  [[nodiscard]] bool accepts_text() const { return accepts_text_; }
  /// Whether a call of a node may take long.
  [[nodiscard]] bool may_wait() const;

 private:
  void finish_input() noexcept;
  void finish_input_within(Time timeout) noexcept;

  struct Results;
  std::shared_ptr<Results> results_;
  std::unique_ptr<Session> session_;
  bool accepts_audio_ = false;
  bool accepts_text_ = false;
};

/// Whether all input nodes take such packets.
bool accepts(const Graph& graph, PayloadKind kind);
/// The highest rate at which Opus can be decoded and which all input nodes take as it is.
int input_rate(const Graph& graph);
/// What its audio is sent at, if it came in at `input_rate`.
int output_rate(const Graph& graph, int input_rate);

}  // namespace remotemedia::server

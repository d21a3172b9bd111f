#pragma once

#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"
#include "remotemedia/graph/queue_options.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace remotemedia {

class TraceRecorder;

struct SessionOptions {
  std::string id = {};         ///< given to the nodes
  bool enable_metrics = true;  ///< time every call of every node
  Clock clock = {};            ///< where metrics read the time; steady clock if empty
  /// Nodes that may block (NodeType::offloaded), and what is behind them, run on threads of their
  /// own, so that they hold up nobody else. Without lanes everything runs in the calls below.
  bool lanes = false;
  /// Branches of the graph are lanes too. For bulk work: a hand-over costs some microseconds.
  bool parallel_branches = false;
  QueueOptions queue = {};  ///< of lanes
  /// Nodes may ask for another one (NodePolicy::queue). Not for bulk work: it loses nothing.
  bool node_queues = true;
  /// The thread that calls is one that nodes on lanes wait for, e.g. of an event loop: after a
  /// failure a call does not wait for what else the lanes have, and close has to be given a time.
  bool lanes_wait_for_caller = false;
  /// Called once, on a worker's thread, when a node on a lane has failed: the error reaches the
  /// caller with the next call only. Must not throw.
  std::function<void(std::exception_ptr)> on_failure = {};
  /// Ends what nodes wait for that the session knows nothing of. Called by cancel() with the
  /// generation that begins, which may have begun already, and by stop() and close() with none,
  /// repeatedly; on their thread. Must not wait or throw.
  std::function<void(std::optional<std::uint32_t> generation)> on_cancel = {};
  /// Waits before a node's call is repeated; false to give up. If empty, it waits in real time, and
  /// no longer than until cancel() or stop().
  std::function<bool(Time)> wait = {};
  /// Gets every call of every node, which needs metrics and so turns them on; may be null.
  std::shared_ptr<TraceRecorder> trace = {};
};

/// One result: which output of the graph (index into Graph::outputs()) and the packet.
struct Output {
  std::size_t index = 0;
  Packet packet;
};

/// A running instance of a graph: its nodes, their state, its metrics. One thread at a time, except
/// cancel(), stop() and metrics(), which any thread may call.
///
/// Without lanes it is synchronous: push runs the nodes on the calling thread and hands each result
/// to the sink before it returns. With lanes the results of nodes that may block come later, on
/// other threads; the sink is still called by one thread at a time, and the results of each output
/// come in the same order as without lanes.
///
/// Order: a packet's results travel in waves. Within a wave the nodes run in graph order, and a
/// node with several inputs takes them in connection order. A wave is bounded: once a node has
/// emitted kWaveLimit packets, in one call or in several, the nodes behind it run before it goes
/// on. So less than 2 * kWaveLimit packets wait on a connection, whatever a node emits; before a
/// lane QueueOptions::capacity packets. A node with several inputs of which one comes from a lane
/// takes the packets of one push after those of the push before, each in connection order.
class Session {
 public:
  using Sink = std::function<void(Output)>;
  static constexpr std::size_t kWaveLimit = 64;

  /// Initialises all nodes in graph order; if one fails, those already initialised are cleaned up.
  Session(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Gives the packet to every input node; waits while a lane's queue is full (QueuePolicy::block).
  /// Node error if a node fails, or has failed on a lane; the session is then finished.
  /// Configuration error if the session is finished, or called from its own sink, or if the graph
  /// has no input.
  void push(Packet packet);
  /// As push, unless it had to wait at once: then it gives false and leaves the packet as it is.
  bool try_push(Packet& packet);
  /// Whether no queue that push would fill at once is full. Any thread.
  [[nodiscard]] bool has_room() const;
  /// Runs the source nodes to their end. For graphs that have any.
  void run_sources();
  /// End of a stream: all nodes give what they hold back, in graph order, and the session goes on
  /// with another one. Waits until the lanes have given it.
  void flush();
  /// End of input: flush, after which the session is finished. Repeatable.
  void finish();
  /// Begins finish, for callers without a thread that could wait: `ready` is called once finish
  /// would not wait, here or on a worker's thread, also after a failure and after stop(). It must
  /// not throw, nor destroy the session. Nothing but finish, cancel, stop and close may follow.
  void begin_finish(std::function<void()> ready);
  /// Drops everything that has been pushed: emit() gives false, nothing more of it is delivered,
  /// calls that wait return. The session goes on with a new generation (Packet::generation), whose
  /// first packet finds the nodes flushed of the old one. A sink that is called at this moment gets
  /// its packet; its generation tells that it is stale.
  void cancel() noexcept;
  /// Makes the running call return soon: emit() gives false and nothing more is delivered. Later
  /// calls do nothing; the session can only be closed.
  void stop() noexcept;
  /// Stops, and cleans up all nodes once no lane works; called by the destructor. Repeatable. From
  /// inside a run (a sink) it only stops.
  /// \return false if a node's call on a lane has not ended within the time: the lane cleans up
  ///   when it has, and the session can be destroyed before.
  bool close(std::optional<Time> timeout = std::nullopt) noexcept;

  [[nodiscard]] const Graph& graph() const;
  [[nodiscard]] Metrics metrics() const;

 private:
  class Engine;
  std::shared_ptr<Engine> engine_;
};

}  // namespace remotemedia

#pragma once

#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia {

class TraceRecorder;

struct SessionOptions {
  std::string id = {};         ///< given to the nodes
  bool enable_metrics = true;  ///< time every call of every node
  Clock clock = {};            ///< where metrics read the time; steady clock if empty
  /// Gets every call of every node, which needs metrics and so turns them on; may be null.
  std::shared_ptr<TraceRecorder> trace = {};
};

/// One result: which output of the graph (index into Graph::outputs()) and the packet.
struct Output {
  std::size_t index = 0;
  Packet packet;
};

/// A running instance of a graph: its nodes, their state, its metrics. Synchronous: push runs the
/// nodes on the calling thread and hands each result to the sink before it returns. One thread at a
/// time, except cancel(), which any thread may call.
///
/// Order: a packet's results travel in waves. Within a wave the nodes run in graph order, and a
/// node with several inputs takes them in connection order. A wave is bounded: once a node has
/// emitted kWaveLimit packets, in one call or in several, the nodes behind it run before it goes
/// on. So less than 2 * kWaveLimit packets wait on a connection, whatever a node emits.
class Session {
 public:
  using Sink = std::function<void(Output)>;
  static constexpr std::size_t kWaveLimit = 64;

  /// Initialises all nodes in graph order; if one fails, those already initialised are cleaned up.
  Session(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Gives the packet to every input node. Node error if a node fails; the session is then
  /// finished. Configuration error if the session is finished, or called from its own sink, or if
  /// the graph has no input.
  void push(Packet packet);
  /// Runs the source nodes to their end. For graphs that have any.
  void run_sources();
  /// End of input: flushes all nodes in graph order. Repeatable.
  void finish();
  /// Makes the running call return soon: emit() gives false and nothing more is delivered. Later
  /// calls do nothing; the session can only be closed.
  void cancel() noexcept;
  /// Cleans up all nodes; called by the destructor. Repeatable. From inside a run (a sink) it only
  /// cancels.
  void close() noexcept;

  [[nodiscard]] const Graph& graph() const { return *graph_; }
  [[nodiscard]] Metrics metrics() const;

 private:
  struct Node;
  class NodeEmitter;
  enum class State { ready, busy, finished, failed };
  /// Carries an exception of the sink past the nodes; no std::exception, so none takes it for its
  /// own.
  struct SinkFailure {
    std::exception_ptr cause;
  };

  void create_nodes();
  void initialize(Node& node);
  void process(Node& node, Packet packet);
  bool deliver(Node& node, Packet packet, std::uint16_t port);
  void send_out(Output output);
  /// Runs the nodes from a position of the graph's order on until none has a packet left.
  void run_wave(std::size_t from);
  /// Hands the node its packets, until the results fill a wave; false if some are left.
  bool drain(Node& node);
  Time now();
  /// Adds node id, type and stage to an exception of the node.
  template <typename Call>
  void guarded(Node& node, const char* stage, Call call);
  /// Guarded; counts the call's time as the node's, less the time spent in emit(), and returns it.
  template <typename Call>
  Time run_node(Node& node, const char* stage, Call call);
  /// Inside emit(): what the sink and later nodes do. Their time and failures are not `node`'s.
  template <typename Call>
  void elsewhere(Node& node, Call call);
  void check_ready() const;
  /// One entry from outside: state, total time, and the sink's own exceptions.
  template <typename Call>
  void run(Call call);

  std::shared_ptr<const Graph> graph_;
  SessionOptions options_;
  Sink sink_;
  std::vector<std::unique_ptr<Node>> nodes_;  ///< in manifest order
  State state_ = State::ready;
  std::atomic<bool> cancelled_{false};  ///< set by any thread; publishes nothing else
  std::exception_ptr failure_;          ///< of the current run, once it passed through an emit()
  std::uint64_t total_executions_ = 0;
  std::uint64_t clock_reads_ = 0;
  Time total_duration_{0};
  Time clock_cost_{0};
};

}  // namespace remotemedia

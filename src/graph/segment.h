#pragma once

#include "graph/inbox.h"
#include "graph/node_recorder.h"
#include "graph/session_control.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/node.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

namespace remotemedia {

/// Nodes that run one after another on one thread at a time: those of a session, or of a lane.
///
/// A packet's results travel in waves. Within a wave the nodes run in graph order, and a node with
/// several inputs takes them in connection order. A wave is bounded: once a node has emitted
/// kWaveLimit packets, in one call or in several, the nodes behind it run before it goes on.
class Segment {
 public:
  /// `indices` of nodes, in graph order.
  Segment(const Graph& graph, const std::vector<std::size_t>& indices, SessionControl& control);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  /// Port 0 of the node is an output of the graph.
  void make_output(std::size_t node, std::size_t output_index);
  /// The connection number `slot` of the node `to`, both in this segment.
  void connect(const Edge& edge, std::size_t slot);
  /// The same to a node of a lane.
  void connect(const Edge& edge, std::size_t slot, Inbox& inbox);
  /// Called when a wave has passed: what was emitted next is of a later epoch.
  void on_wave_end(std::function<void()> call) { wave_end_ = std::move(call); }

  /// Makes the node and initialises it.
  void initialize(std::size_t node);
  /// Before the calls for packets of a generation; the nodes forget what is left of an older one.
  void begin(std::uint32_t generation, Epoch epoch);
  void set_epoch(Epoch epoch) { epoch_ = epoch; }
  /// A packet for connection number `slot` of the node, which run_waves takes to it.
  void give(std::size_t node, std::size_t slot, Packet packet);
  void run_waves();
  /// Whether the node's calls may go on without a thread.
  [[nodiscard]] bool awaits(std::size_t node) const;
  /// As give and run_waves, for a node that awaits. False while its call waits: `resume` gets
  /// called, and then go_on has to be.
  bool begin_call(std::size_t node, Packet packet, AwaitingNode::Resume resume);
  bool go_on(std::size_t node, AwaitingNode::Resume resume);
  void run_source(std::size_t node);
  void flush(std::size_t node);
  /// Cleans up the node and drops its packets.
  void clean_up(std::size_t node) noexcept;

  [[nodiscard]] NodeMetrics metrics(std::size_t node) const;
  [[nodiscard]] std::uint64_t clock_reads() const { return clock_reads_.value(); }
  /// The time, counted as a reading of the clock; 0 without metrics.
  Time now();
  /// The present call is of no use any more.
  [[nodiscard]] bool is_stale() const { return !control_.is_current(generation_); }

 private:
  struct Node;
  struct Target;
  class NodeEmitter;

  Node& at(std::size_t node) { return *nodes_[position_of_[node]]; }
  void process(Node& node, Packet packet);
  void flush(Node& node, Emitter& out);
  bool deliver(Node& node, Packet packet, std::uint16_t port);
  void send(Node& from, const Target& to, Packet packet);
  void send_out(std::size_t output_index, Packet packet);
  /// Runs the nodes from a position on until none has a packet left.
  void run_wave(std::size_t from);
  /// Hands the node its packets, until the results fill a wave; false if some are left.
  bool drain(Node& node);
  /// Adds node id, type and stage to an exception of the node.
  template <typename Call>
  void guarded(Node& node, const char* stage, Call call);
  /// Guarded; counts the call's time as the node's, less the time spent in emit(), and returns it.
  template <typename Call>
  Time run_node(Node& node, const char* stage, Call call);
  /// Records a call that has ended: its time, which it gives, less that spent in emit().
  Time end_call(Node& node, const char* stage, Time start);
  /// One part of a call that may wait.
  template <typename Call>
  bool run_part(Node& node, Call call);
  void end_process(Node& node, Time spent);
  /// Inside emit(): what the sink and later nodes do. Their time and failures are not `node`'s.
  template <typename Call>
  void elsewhere(Node& node, Call call);

  SessionControl& control_;
  std::vector<std::unique_ptr<Node>> nodes_;  ///< in graph order
  std::vector<std::size_t> position_of_;      ///< in nodes_, by node index
  std::function<void()> wave_end_;
  std::exception_ptr failure_;  ///< of the current run, once it passed through an emit()
  std::uint32_t generation_ = 0;
  Epoch epoch_ = 0;
  Counter clock_reads_;
};

/// Carries an exception of the sink past the nodes; no std::exception, so none takes it for its
/// own.
struct SinkFailure {
  std::exception_ptr cause;
};

}  // namespace remotemedia

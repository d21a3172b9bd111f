#include "remotemedia/graph/session.h"

#include "graph/node_meter.h"
#include "graph/process_memory.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/trace.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace remotemedia {
namespace {

Time steady_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

// What one clock read costs, so that the metrics can state their own overhead.
Time clock_cost(const Clock& clock) {
  constexpr int kReads = 64;
  const Time start = clock();
  for (int i = 0; i < kReads; ++i) static_cast<void>(clock());
  return (clock() - start) / (kReads + 1);
}

// Rethrows the current exception with the node's name on it. What is no std::exception belongs to
// an embedding language and passes as it is.
[[noreturn]] void name_failure(const GraphNode& node, const char* stage) {
  try {
    throw;
  } catch (const Error& error) {
    std::throw_with_nested(
        NodeError(node.id, node.type.name, stage, error.message(), error.hint()));
  } catch (const std::exception& error) {
    std::throw_with_nested(NodeError(node.id, node.type.name, stage, error.what()));
  }
}

}  // namespace

/// A node of the running graph. Owned by the session; touched only by its thread.
struct Session::Node {
  /// The place of a connection at its far end.
  struct Target {
    Node* node = nullptr;
    std::size_t slot = 0;  ///< in the node's `pending`
    std::uint16_t port = 0;

    void put(Packet packet) const {
      packet.port = port;
      node->pending[slot].push_back(std::move(packet));
    }
  };
  struct OutputPort {
    std::vector<Target> targets;
    std::uint64_t next_sequence = 0;

    void put(Packet packet) const {
      for (std::size_t i = 0; i + 1 < targets.size(); ++i) targets[i].put(packet);
      if (!targets.empty()) targets.back().put(std::move(packet));
    }
  };

  Node(const GraphNode& node, std::size_t at, const SessionOptions& options)
      : definition(node), position(at), meter(options.enable_metrics) {
    if (options.trace) trace_index = options.trace->add_node(node.id, node.type.name);
    pending.resize(std::max<std::size_t>(1, node.incoming.size()));
    outputs.resize(node.type.outputs.size());
    wave_limit = node.type.is_source() ? 1 : kWaveLimit;
    metrics.node_id = node.id;
    metrics.node_type = node.type.name;
    metrics.runtime = to_string(node.runtime);
    metrics.runtime_reason = node.runtime_reason;
  }

  const GraphNode& definition;
  std::size_t position;  ///< in Graph::order()
  std::size_t wave_limit = 1;
  std::size_t output_index = 0;  ///< in Graph::outputs(), if it is one
  bool is_output = false;
  std::unique_ptr<NodeExecutor> executor;
  std::vector<std::vector<Packet>> pending;  ///< per incoming edge, in connection order
  std::vector<OutputPort> outputs;
  std::size_t waiting = 0;  ///< packets that the running call emitted since its last wave
  Time elsewhere{0};        ///< time inside emit(): sink and nested waves
  NodeMetrics metrics;
  NodeMeter meter;
  std::uint32_t trace_index = 0;  ///< in the trace, if there is one
};

/// A packet's way out of one node.
class Session::NodeEmitter final : public Emitter {
 public:
  NodeEmitter(Session& session, Node& node) : session_(session), node_(node) {}
  bool emit(Packet packet, std::uint16_t port) override {
    return session_.deliver(node_, std::move(packet), port);
  }

 private:
  Session& session_;
  Node& node_;
};

Session::Session(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink)
    : graph_(std::move(graph)), options_(std::move(options)), sink_(std::move(sink)) {
  if (!options_.clock) options_.clock = steady_time;
  if (options_.trace) options_.enable_metrics = true;
  if (options_.enable_metrics) clock_cost_ = clock_cost(options_.clock);
  create_nodes();
  try {
    for (const std::size_t index : graph_->order()) initialize(*nodes_[index]);
  } catch (...) {
    close();
    throw;
  }
}

Session::~Session() { close(); }

void Session::create_nodes() {
  const std::vector<GraphNode>& definitions = graph_->nodes();
  std::vector<std::size_t> position(definitions.size());
  for (std::size_t i = 0; i < graph_->order().size(); ++i) position[graph_->order()[i]] = i;
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    nodes_.push_back(std::make_unique<Node>(definitions[i], position[i], options_));
  }
  for (std::size_t i = 0; i < graph_->outputs().size(); ++i) {
    Node& node = *nodes_[graph_->outputs()[i]];
    node.is_output = true;
    node.output_index = i;
  }
  for (const std::unique_ptr<Node>& node : nodes_) {
    const std::vector<Edge>& incoming = node->definition.incoming;
    for (std::size_t slot = 0; slot < incoming.size(); ++slot) {
      Node::OutputPort& from = nodes_[incoming[slot].from]->outputs[incoming[slot].output_port];
      from.targets.push_back({node.get(), slot, incoming[slot].input_port});
    }
  }
}

void Session::initialize(Node& node) {
  guarded(node, "initialize", [&] {
    node.executor = node.definition.type.make(node.definition.parameters);
    node.executor->initialize({.node_id = node.definition.id,
                               .node_type = node.definition.type.name,
                               .session_id = options_.id,
                               .parameters = &node.definition.parameters,
                               .input = node.definition.input});
  });
}

template <typename Call>
void Session::guarded(Node& node, const char* stage, Call call) {
  try {
    call();
  } catch (...) {
    // What failed inside emit() is another's fault and named already, whatever the node made of it.
    if (failure_) std::rethrow_exception(failure_);
    ++node.metrics.error_count;
    name_failure(node.definition, stage);
  }
  // The node caught what emit() threw, and ended as if all was well.
  if (failure_) std::rethrow_exception(failure_);
}

template <typename Call>
Time Session::run_node(Node& node, const char* stage, Call call) {
  NodeEmitter emitter(*this, node);
  node.waiting = 0;
  node.elsewhere = Time{0};
  const NodeMeter::Call measured(node.meter);
  const Time start = options_.enable_metrics ? now() : Time{0};
  guarded(node, stage, [&] { call(emitter); });
  if (!options_.enable_metrics) return Time{0};
  const Time end = now();
  const Time spent = end - start - node.elsewhere;
  node.metrics.total += spent;
  if (options_.trace) options_.trace->add_call(node.trace_index, stage, start, end, spent);
  return spent;
}

void Session::process(Node& node, Packet packet) {
  NodeMetrics& metrics = node.metrics;
  ++metrics.execution_count;
  const Time spent = run_node(node, "process", [&](Emitter& emitter) {
    node.executor->process(std::move(packet), emitter);
  });
  metrics.max = std::max(metrics.max, spent);
  metrics.min = metrics.success_count == 0 ? spent : std::min(metrics.min, spent);
  ++metrics.success_count;
  node.meter.add_duration(spent);
}

bool Session::deliver(Node& node, Packet packet, std::uint16_t port) {
  if (failure_) std::rethrow_exception(failure_);  // a node caught it and went on
  if (cancelled_.load(std::memory_order_relaxed)) return false;
  if (port >= node.outputs.size()) {
    throw std::logic_error("emitted on a port that the node type does not declare");
  }
  Node::OutputPort& output = node.outputs[port];
  packet.sequence = output.next_sequence++;
  if (port == 0 && node.is_output) {
    packet.port = 0;
    elsewhere(node, [&] { send_out({node.output_index, std::move(packet)}); });
  } else {
    output.put(std::move(packet));
    node.waiting += output.targets.size();
    if (node.waiting >= node.wave_limit) {
      elsewhere(node, [&] { run_wave(node.position + 1); });
      node.waiting = 0;
    }
  }
  return !cancelled_.load(std::memory_order_relaxed);
}

template <typename Call>
void Session::elsewhere(Node& node, Call call) {
  const NodeMeter::Elsewhere unmeasured;
  const Time start = options_.enable_metrics ? now() : Time{0};
  try {
    call();
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
  if (options_.enable_metrics) node.elsewhere += now() - start;
}

void Session::send_out(Output output) {
  try {
    sink_(std::move(output));
  } catch (...) {
    // The receiver's own error is no node's fault: it passes the nodes unnamed.
    throw SinkFailure{std::current_exception()};
  }
}

void Session::run_wave(std::size_t from) {
  const std::vector<std::size_t>& order = graph_->order();
  std::vector<std::size_t> stopped;  // nodes with packets left, in graph order
  for (std::size_t position = from;; position = stopped.back(), stopped.pop_back()) {
    for (; position < order.size(); ++position) {
      if (!drain(*nodes_[order[position]])) stopped.push_back(position);
    }
    // The last one first: before it takes more, all that it gave has left the graph.
    if (stopped.empty()) return;
  }
}

bool Session::drain(Node& node) {
  std::size_t emitted = 0;
  for (std::vector<Packet>& packets : node.pending) {
    for (auto next = packets.begin(); next != packets.end(); ++next) {
      if (cancelled_.load(std::memory_order_relaxed)) break;
      if (emitted >= node.wave_limit) {
        packets.erase(packets.begin(), next);
        return false;
      }
      process(node, std::move(*next));
      emitted += node.waiting;
    }
    packets.clear();
  }
  return true;
}

void Session::check_ready() const {
  if (state_ == State::busy) {
    refuse("the session", "busy", "idle", "do not call it from its own sink");
  }
  if (state_ != State::ready) refuse("the session", "finished", "running", "start another one");
}

template <typename Call>
void Session::run(Call call) {
  check_ready();
  state_ = State::busy;
  const Time start = options_.enable_metrics ? now() : Time{0};
  try {
    call();
    state_ = State::ready;
  } catch (const SinkFailure& failure) {
    state_ = State::failed;
    failure_ = nullptr;
    std::rethrow_exception(failure.cause);
  } catch (...) {
    state_ = State::failed;
    failure_ = nullptr;
    throw;
  }
  if (options_.enable_metrics) total_duration_ += now() - start;
}

void Session::push(Packet packet) {
  if (graph_->inputs().empty()) {
    refuse("the input", describe(packet), "none", "the graph's sources produce their own data");
  }
  packet.port = 0;
  run([&] {
    ++total_executions_;
    for (const std::size_t index : graph_->inputs()) nodes_[index]->pending[0].push_back(packet);
    run_wave(0);
  });
}

void Session::run_sources() {
  run([&] {
    ++total_executions_;
    for (const std::size_t index : graph_->sources()) {
      if (cancelled_.load(std::memory_order_relaxed)) return;
      process(*nodes_[index], Packet{});
      run_wave(nodes_[index]->position + 1);
    }
  });
}

void Session::finish() {
  if (state_ == State::finished) return;
  run([&] {
    for (const std::size_t index : graph_->order()) {
      if (cancelled_.load(std::memory_order_relaxed)) return;
      Node& node = *nodes_[index];
      run_node(node, "flush", [&](Emitter& emitter) { node.executor->flush(emitter); });
      run_wave(node.position + 1);
    }
  });
  state_ = State::finished;
}

void Session::cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }

void Session::close() noexcept {
  if (state_ == State::busy) return cancel();
  if (state_ == State::ready) state_ = State::finished;
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (node->executor) node->executor->cleanup();
    node->executor.reset();
    node->pending.clear();  // an aborted run left packets that hold the caller's memory
  }
}

Time Session::now() {
  ++clock_reads_;
  return options_.clock();
}

Metrics Session::metrics() const {
  Metrics metrics;
  metrics.pipeline_id = graph_->name();
  metrics.total_executions = total_executions_;
  metrics.total_duration = total_duration_;
  metrics.peak_memory_bytes = peak_memory_bytes();
  metrics.metrics_overhead = clock_cost_ * clock_reads_;
  for (const std::unique_ptr<Node>& node : nodes_) {
    node->meter.fill(metrics.nodes.emplace_back(node->metrics));
  }
  return metrics;
}

}  // namespace remotemedia

#include "remotemedia/graph/session.h"

#include "remotemedia/base/check.h"
#include "remotemedia/base/error.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <sys/resource.h>
#include <utility>

namespace remotemedia {
namespace {

Time steady_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;  // Linux reports kilobytes
}

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
  Node(const GraphNode& node, std::size_t at) : definition(node), position(at) {
    pending.resize(std::max<std::size_t>(1, node.incoming.size()));
    sequence.resize(std::max<std::size_t>(1, node.type.outputs.size()));
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
  /// Where emitted packets go: per outgoing edge the successor and its slot in `pending`.
  std::vector<std::pair<Node*, std::size_t>> successors;
  std::vector<std::uint64_t> sequence;  ///< next, per output port
  std::size_t waiting = 0;              ///< packets emitted since the last wave
  Time elsewhere{0};                    ///< time inside emit(): sink and nested waves
  NodeMetrics metrics;
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
    nodes_.push_back(std::make_unique<Node>(definitions[i], position[i]));
  }
  for (std::size_t i = 0; i < graph_->outputs().size(); ++i) {
    Node& node = *nodes_[graph_->outputs()[i]];
    node.is_output = true;
    node.output_index = i;
  }
  std::vector<std::size_t> used(definitions.size());
  for (std::size_t to = 0; to < definitions.size(); ++to) {
    for (const Edge& edge : definitions[to].incoming) {
      const auto& outgoing = definitions[edge.from].outgoing;
      const auto slot =
          static_cast<std::size_t>(std::ranges::find_if(outgoing,
                                                        [&](const Edge& e) {
                                                          return e.to == to &&
                                                                 e.input_port == edge.input_port &&
                                                                 e.output_port == edge.output_port;
                                                        }) -
                                   outgoing.begin());
      auto& successors = nodes_[edge.from]->successors;
      successors.resize(outgoing.size());
      successors[slot] = {nodes_[to].get(), used[to]++};
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
}

template <typename Call>
Time Session::timed(Node& node, Call call) {
  if (!options_.enable_metrics) {
    call();
    return Time{0};
  }
  node.elsewhere = Time{0};
  const Time start = now();
  call();
  const Time spent = now() - start - node.elsewhere;
  node.metrics.total += spent;
  return spent;
}

void Session::process(Node& node, Packet packet) {
  NodeEmitter emitter(*this, node);
  NodeMetrics& metrics = node.metrics;
  ++metrics.execution_count;
  Time spent{0};
  guarded(node, "process", [&] {
    spent = timed(node, [&] { node.executor->process(std::move(packet), emitter); });
  });
  metrics.max = std::max(metrics.max, spent);
  metrics.min = metrics.success_count == 0 ? spent : std::min(metrics.min, spent);
  ++metrics.success_count;
}

bool Session::deliver(Node& node, Packet packet, std::uint16_t port) {
  if (failure_) std::rethrow_exception(failure_);  // a node caught it and went on
  if (cancelled_.load(std::memory_order_relaxed)) return false;
  if (port >= node.definition.type.outputs.size()) {
    throw std::logic_error("emitted on a port that the node type does not declare");
  }
  packet.sequence = node.sequence[port]++;
  if (port == 0 && node.is_output) {
    elsewhere(node, [&] { send_out({node.output_index, std::move(packet)}); });
    return !cancelled_.load(std::memory_order_relaxed);
  }
  const std::vector<Edge>& outgoing = node.definition.outgoing;
  for (std::size_t i = 0; i < outgoing.size(); ++i) {
    if (outgoing[i].output_port != port) continue;
    const auto& [successor, slot] = node.successors[i];
    successor->pending[slot].push_back(packet);
    successor->pending[slot].back().port = outgoing[i].input_port;
    ++node.waiting;
  }
  if (node.waiting >= node.wave_limit) {
    elsewhere(node, [&] { run_wave(node.position + 1); });
    node.waiting = 0;
  }
  return !cancelled_.load(std::memory_order_relaxed);
}

template <typename Call>
void Session::elsewhere(Node& node, Call call) {
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
  for (std::size_t position = from; position < order.size(); ++position) {
    drain(*nodes_[order[position]]);
  }
}

void Session::drain(Node& node) {
  for (std::vector<Packet>& packets : node.pending) {
    for (Packet& packet : packets) {
      if (cancelled_.load(std::memory_order_relaxed)) break;
      process(node, std::move(packet));
    }
    packets.clear();
  }
  node.waiting = 0;
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
    if (failure_) std::rethrow_exception(failure_);  // a node caught it
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
      process(*nodes_[index], Packet{});
      run_wave(nodes_[index]->position + 1);
    }
  });
}

void Session::finish() {
  if (state_ == State::finished) return;
  run([&] {
    for (const std::size_t index : graph_->order()) {
      Node& node = *nodes_[index];
      NodeEmitter emitter(*this, node);
      if (cancelled_.load(std::memory_order_relaxed)) return;
      guarded(node, "flush", [&] { timed(node, [&] { node.executor->flush(emitter); }); });
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
  for (const std::unique_ptr<Node>& node : nodes_) metrics.nodes.push_back(node->metrics);
  return metrics;
}

}  // namespace remotemedia

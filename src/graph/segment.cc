#include "graph/segment.h"

#include "graph/node_failure.h"
#include "graph/node_meter.h"
#include "graph/reliable_node.h"
#include "remotemedia/graph/trace.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace remotemedia {
namespace {

/// Takes what nobody wants.
class Discard final : public Emitter {
 public:
  bool emit(Packet /*packet*/, std::uint16_t /*port*/) override { return false; }
};

}  // namespace

/// The place of a connection at its far end.
struct Segment::Target {
  Node* node = nullptr;    ///< of this segment
  Inbox* inbox = nullptr;  ///< or of a lane
  std::size_t slot = 0;    ///< in the node's `pending`, or of the inbox
  std::uint16_t port = 0;
};

/// A node of the running graph. Owned by the segment; touched only by its thread.
struct Segment::Node {
  struct OutputPort {
    std::vector<Target> targets;
    std::uint64_t next_sequence = 0;
  };

  Node(const GraphNode& node, std::size_t at, const SessionOptions& options)
      : definition(node), position(at), meter(options.enable_metrics) {
    if (options.trace) trace_index = options.trace->add_node(node.id, node.type.name);
    pending.resize(std::max<std::size_t>(1, node.incoming.size()));
    outputs.resize(node.type.outputs.size());
    wave_limit = node.type.is_source() ? 1 : Session::kWaveLimit;
  }

  const GraphNode& definition;
  std::size_t position;  ///< in the segment
  std::size_t wave_limit = 1;
  std::size_t output_index = 0;  ///< in Graph::outputs(), if it is one
  bool is_output = false;
  std::unique_ptr<NodeExecutor> executor;
  AwaitingNode* awaiting = nullptr;  ///< the executor, if its calls may go on without a thread
  Time began{0};                     ///< of a call that may wait
  std::vector<std::vector<Packet>> pending;  ///< per incoming edge, in connection order
  std::vector<OutputPort> outputs;
  std::size_t waiting = 0;  ///< packets that the running call emitted since its last wave
  Time elsewhere{0};        ///< time inside emit(): sink and nested waves
  NodeRecorder recorder;
  NodeMeter meter;
  std::uint32_t trace_index = 0;  ///< in the trace, if there is one
  ReliabilityCounters reliability;
};

/// A packet's way out of one node.
class Segment::NodeEmitter final : public Emitter {
 public:
  NodeEmitter(Segment& segment, Node& node) : segment_(segment), node_(node) {}
  bool emit(Packet packet, std::uint16_t port) override {
    return segment_.deliver(node_, std::move(packet), port);
  }

 private:
  Segment& segment_;
  Node& node_;
};

Segment::Segment(const Graph& graph, const std::vector<std::size_t>& indices,
                 SessionControl& control)
    : control_(control), position_of_(graph.nodes().size()) {
  for (const std::size_t index : indices) {
    position_of_[index] = nodes_.size();
    nodes_.push_back(std::make_unique<Node>(graph.nodes()[index], nodes_.size(), control.options));
  }
}

Segment::~Segment() = default;

void Segment::make_output(std::size_t node, std::size_t output_index) {
  at(node).is_output = true;
  at(node).output_index = output_index;
}

void Segment::connect(const Edge& edge, std::size_t slot) {
  at(edge.from).outputs[edge.output_port].targets.push_back(
      {.node = &at(edge.to), .slot = slot, .port = edge.input_port});
}

void Segment::connect(const Edge& edge, std::size_t slot, Inbox& inbox) {
  at(edge.from).outputs[edge.output_port].targets.push_back(
      {.inbox = &inbox, .slot = slot, .port = edge.input_port});
}

void Segment::initialize(std::size_t node) {
  Node& made = at(node);
  const GraphNode& definition = made.definition;
  guarded(made, "initialize", [&] {
    made.executor =
        make_reliable(definition.type.make(definition.parameters), definition.policy,
                      {.clock = control_.options.clock,
                       .wait = [this](Time time) { return control_.wait(time, generation_); },
                       .cancelled = [this] { return is_stale(); }},
                      made.reliability);
    made.executor->initialize({.node_id = definition.id,
                               .node_type = definition.type.name,
                               .session_id = control_.options.id,
                               .parameters = &definition.parameters,
                               .input = definition.input});
    auto* awaiting = dynamic_cast<AwaitingNode*>(made.executor.get());
    if (awaiting != nullptr && awaiting->awaits()) made.awaiting = awaiting;
  });
}

void Segment::begin(std::uint32_t generation, Epoch epoch) {
  failure_ = nullptr;
  epoch_ = epoch;
  if (generation == generation_) return;
  generation_ = generation;
  Discard discard;
  for (const std::unique_ptr<Node>& node : nodes_) {
    for (std::vector<Packet>& packets : node->pending) packets.clear();
    flush(*node, discard);
  }
}

void Segment::give(std::size_t node, std::size_t slot, Packet packet) {
  at(node).pending[slot].push_back(std::move(packet));
}

void Segment::run_waves() { run_wave(0); }

bool Segment::awaits(std::size_t node) const {
  return nodes_[position_of_[node]]->awaiting != nullptr;
}

bool Segment::begin_call(std::size_t node, Packet packet, AwaitingNode::Resume resume) {
  Node& called = at(node);
  called.recorder.begin_process();
  called.waiting = 0;
  called.elsewhere = Time{0};
  called.began = now();
  NodeEmitter emitter(*this, called);
  return run_part(called, [&] {
    return called.awaiting->begin(std::move(packet), emitter, std::move(resume));
  });
}

bool Segment::go_on(std::size_t node, AwaitingNode::Resume resume) {
  Node& called = at(node);
  NodeEmitter emitter(*this, called);
  return run_part(called, [&] { return called.awaiting->go_on(emitter, std::move(resume)); });
}

template <typename Call>
bool Segment::run_part(Node& node, Call call) {
  bool has_ended = true;
  {
    const NodeMeter::Call measured(node.meter);
    guarded(node, "process", [&] { has_ended = call(); });
  }
  if (!has_ended) return false;
  end_process(node, end_call(node, "process", node.began));
  run_wave(node.position + 1);
  return true;
}

void Segment::run_source(std::size_t node) {
  process(at(node), Packet{});
  run_wave(at(node).position + 1);
}

void Segment::flush(std::size_t node) {
  NodeEmitter emitter(*this, at(node));
  flush(at(node), emitter);
  run_wave(at(node).position + 1);
}

void Segment::flush(Node& node, Emitter& out) {
  run_node(node, "flush", [&] { node.executor->flush(out); });
}

void Segment::clean_up(std::size_t node) noexcept {
  Node& used = at(node);
  if (used.executor) used.executor->cleanup();
  used.awaiting = nullptr;
  used.executor.reset();
  used.pending.clear();  // an aborted run left packets that hold the caller's memory
}

NodeMetrics Segment::metrics(std::size_t node) const {
  const Node& measured = *nodes_[position_of_[node]];
  NodeMetrics metrics = measured.recorder.metrics(measured.definition);
  measured.reliability.add_to(metrics);
  measured.meter.fill(metrics);
  return metrics;
}

template <typename Call>
void Segment::guarded(Node& node, const char* stage, Call call) {
  try {
    call();
  } catch (...) {
    // What failed inside emit() is another's fault and named already, whatever the node made of it.
    if (failure_) std::rethrow_exception(failure_);
    if (is_stale()) return;  // the call was cancelled: that is how it ended
    node.recorder.add_error();
    name_failure(node.definition.id, node.definition.type.name, stage);
  }
  // The node caught what emit() threw, and ended as if all was well.
  if (failure_) std::rethrow_exception(failure_);
}

template <typename Call>
Time Segment::run_node(Node& node, const char* stage, Call call) {
  node.waiting = 0;
  node.elsewhere = Time{0};
  const NodeMeter::Call measured(node.meter);
  const Time start = now();
  guarded(node, stage, call);
  return end_call(node, stage, start);
}

Time Segment::end_call(Node& node, const char* stage, Time start) {
  if (!control_.is_measuring()) return Time{0};
  const Time end = now();
  const Time spent = end - start - node.elsewhere;
  node.recorder.add_time(spent);
  if (TraceRecorder* trace = control_.options.trace.get()) {
    trace->add_call(node.trace_index, stage, start, end, spent);
  }
  return spent;
}

void Segment::process(Node& node, Packet packet) {
  node.recorder.begin_process();
  NodeEmitter emitter(*this, node);
  end_process(
      node, run_node(node, "process", [&] { node.executor->process(std::move(packet), emitter); }));
}

void Segment::end_process(Node& node, Time spent) {
  node.recorder.end_process(spent);
  node.meter.add_duration(spent);
}

bool Segment::deliver(Node& node, Packet packet, std::uint16_t port) {
  if (failure_) std::rethrow_exception(failure_);  // a node caught it and went on
  if (is_stale()) return false;
  if (port >= node.outputs.size()) {
    throw std::logic_error("emitted on a port that the node type does not declare");
  }
  Node::OutputPort& output = node.outputs[port];
  packet.sequence = output.next_sequence++;
  packet.generation = generation_;
  if (port == 0 && node.is_output) {
    packet.port = 0;
    elsewhere(node, [&] { send_out(node.output_index, std::move(packet)); });
    return !is_stale();
  }
  for (std::size_t i = 0; i + 1 < output.targets.size(); ++i) send(node, output.targets[i], packet);
  if (!output.targets.empty()) send(node, output.targets.back(), std::move(packet));
  node.waiting += output.targets.size();
  if (node.waiting >= node.wave_limit) {
    elsewhere(node, [&] { run_wave(node.position + 1); });
    node.waiting = 0;
  }
  return !is_stale();
}

void Segment::send(Node& from, const Target& to, Packet packet) {
  packet.port = to.port;
  if (to.node != nullptr) {
    to.node->pending[to.slot].push_back(std::move(packet));
    return;
  }
  const Time start = now();
  static_cast<void>(to.inbox->put({.packet = std::move(packet),
                                   .epoch = epoch_,
                                   .generation = generation_,
                                   .queued = start,
                                   .slot = to.slot}));
  from.elsewhere += now() - start;
}

template <typename Call>
void Segment::elsewhere(Node& node, Call call) {
  const NodeMeter::Elsewhere unmeasured;
  const Time start = now();
  try {
    call();
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
  node.elsewhere += now() - start;
}

void Segment::send_out(std::size_t output_index, Packet packet) {
  std::unique_lock lock(control_.sink_mutex, std::defer_lock);
  if (control_.has_lanes) lock.lock();
  try {
    control_.sink({output_index, std::move(packet)});
  } catch (...) {
    // The receiver's own error is no node's fault: it passes the nodes unnamed.
    throw SinkFailure{std::current_exception()};
  }
}

void Segment::run_wave(std::size_t from) {
  std::vector<std::size_t> stopped;  // positions with packets left, in order
  for (std::size_t position = from;; position = stopped.back(), stopped.pop_back()) {
    for (; position < nodes_.size(); ++position) {
      if (!drain(*nodes_[position])) stopped.push_back(position);
    }
    if (wave_end_) wave_end_();
    // The last one first: before it takes more, all that it gave has left the graph.
    if (stopped.empty()) return;
  }
}

bool Segment::drain(Node& node) {
  std::size_t emitted = 0;
  for (std::vector<Packet>& packets : node.pending) {
    for (auto next = packets.begin(); next != packets.end(); ++next) {
      if (is_stale()) break;
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

Time Segment::now() {
  if (!control_.is_measuring()) return Time{0};
  clock_reads_.add(1);
  return control_.options.clock();
}

}  // namespace remotemedia

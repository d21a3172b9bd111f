#include "graph/graph_builder.h"

#include "graph/manifest_problem.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <string_view>
#include <utility>

namespace remotemedia {
namespace {

std::string label(const GraphNode& node) {
  return fmt::format("'{}' ({})", node.id, node.type.name);
}

// Kinds that both ends name; empty lists take or give anything.
bool kinds_meet(const Port& output, const Port& input) {
  if (output.kinds.empty() || input.kinds.empty()) return true;
  return std::ranges::any_of(output.kinds, [&](PayloadKind kind) {
    return std::ranges::find(input.kinds, kind) != input.kinds.end();
  });
}

std::string kind_list(const Port& port) {
  std::string list;
  for (const PayloadKind kind : port.kinds) {
    list += fmt::format("{}{}", list.empty() ? "" : " or ", to_string(kind));
  }
  return list;
}

// Of a field, or of what it stands in; `field` is a JSON pointer below the node without its first
// slash.
int line_of(const ManifestNode& node, std::string_view field) {
  while (true) {
    if (const auto line = node.lines.find(field); line != node.lines.end()) return line->second;
    const std::size_t parent = field.rfind('/');
    if (parent == std::string_view::npos) return node.line;
    field = field.substr(0, parent);
  }
}

/// Raises the error at a field of a node.
[[noreturn]] void refuse_node(const ManifestNode& node, const std::string& field,
                              const std::string& message, const std::string& hint) {
  refuse_manifest(message, node.pointer.empty() ? "" : node.pointer + "/" + field,
                  line_of(node, field), hint);
}

const char* type_field(const ManifestNode& node) {
  return node.lines.contains("type") ? "type" : "node_type";
}

Parameters checked_parameters(const ManifestNode& node, const NodeType& type) {
  ParameterProblem problem;
  auto parameters =
      check_parameters(type.parameters, type.refused_parameters, node.params, &problem);
  if (!parameters) {
    refuse_node(node, "params" + child_pointer("", problem.name),
                fmt::format("node '{}' ({}): {}", node.id, type.name, problem.message),
                problem.hint);
  }
  if (type.check) {
    try {
      type.check(*parameters);
    } catch (const Error& error) {
      refuse_node(node, "params",
                  fmt::format("node '{}' ({}): {}", node.id, type.name, error.message()),
                  error.hint());
    }
  }
  return *std::move(parameters);
}

}  // namespace

GraphBuilder::GraphBuilder(const Manifest& manifest, const NodeRegistry& registry,
                           const GraphOptions& options)
    : manifest_(manifest), registry_(registry), options_(options), graph_(new Graph()) {}

std::shared_ptr<const Graph> GraphBuilder::build() {
  graph_->name_ = manifest_.name;
  graph_->warnings_ = manifest_.warnings;
  if (manifest_.nodes.empty()) {
    refuse_manifest("the graph has no nodes", "/nodes", 0, "add at least one node");
  }
  for (const ManifestNode& node : manifest_.nodes) add_node(node);
  for (const ManifestConnection& connection : manifest_.connections) add_edge(connection);
  sort();
  for (const std::size_t index : graph_->order_) resolve_format(index);
  classify();
  return graph_;
}

void GraphBuilder::add_node(const ManifestNode& node) {
  // A manifest that came from text was checked for this; one that a program put together was not.
  if (std::ranges::find(graph_->nodes_, node.id, &GraphNode::id) != graph_->nodes_.end()) {
    refuse_node(node, "id", "Duplicate node ID: " + node.id, "give each node an id of its own");
  }
  const auto foreign = options_.foreign.find(node.id);
  if (foreign != options_.foreign.end()) {
    add_foreign(node, foreign->second);
  } else {
    add_native(node);
  }
}

void GraphBuilder::add_foreign(const ManifestNode& node, const ForeignNode& foreign) {
  check_streaming(node, foreign.type);
  GraphNode& added = graph_->nodes_.emplace_back();
  added.id = node.id;
  added.type = foreign.type;
  added.parameters = Parameters(node.params);
  added.hint = node.runtime_hint;
  added.policy = policy_of(node, added.type);
  added.runtime = Runtime::python;
  added.runtime_reason = foreign.reason;
}

void GraphBuilder::add_native(const ManifestNode& node) {
  const NodeType* type = registry_.find(node.node_type);
  if (type == nullptr) {
    refuse_node(node, type_field(node), "Unknown node type: " + node.node_type,
                did_you_mean(node.node_type, registry_.names()));
  }
  Parameters parameters = checked_parameters(node, *type);
  if (!node.isolate.is_null() && node.isolate != Value(false)) {
    refuse_node(
        node, "isolate",
        fmt::format("node '{}' ({}): a built-in node cannot be isolated", node.id, type->name),
        "only a Python node of your own can have a process of its own");
  }
  if (!type->make || node.runtime_hint == RuntimeHint::python) {
    refuse_node(node, type->make ? "runtime_hint" : type_field(node),
                fmt::format("node '{}' ({}) {}", node.id, type->name,
                            type->make ? "has runtime_hint python" : "runs in Python only"),
                "run the graph from Python: Pipeline.from_file(...)");
  }
  check_streaming(node, *type);
  GraphNode& added = graph_->nodes_.emplace_back();
  added.id = node.id;
  added.type = *type;
  added.parameters = std::move(parameters);
  added.hint = node.runtime_hint;
  added.policy = policy_of(node, added.type);
  added.runtime = Runtime::native;
  added.runtime_reason =
      node.runtime_hint == RuntimeHint::native ? "hint native" : "native implementation available";
}

// The graph's defaults reach only the nodes that they suit; what a node asks for itself has to.
NodePolicy GraphBuilder::policy_of(const ManifestNode& node, const NodeType& type) const {
  NodePolicy policy = node.policy;
  const bool takes_packets = !type.is_source() && !type.streaming;
  const auto refuse_policy = [&](const char* field, const std::string& problem, const char* hint) {
    refuse_node(node, field, fmt::format("node '{}' ({}): {}", node.id, type.name, problem), hint);
  };
  if (!takes_packets) {
    const char* field = policy.retry                       ? "retry"
                        : policy.circuit_breaker           ? "circuit_breaker"
                        : policy.on_error == OnError::skip ? "on_error"
                                                           : nullptr;
    if (field == nullptr) return policy;
    refuse_policy(field,
                  fmt::format("'{}' needs a node that takes one packet at a time; this one {}",
                              field, type.is_source() ? "is a source" : "is streaming"),
                  "remove it");
  }
  if (policy.retry && !type.repeatable) {
    refuse_policy("retry", "'retry' needs a node type that may be called twice with one packet",
                  "types that may are marked repeatable; a class of yours sets is_repeatable");
  }
  if (!policy.retry && type.repeatable) policy.retry = manifest_.defaults.retry;
  if (!policy.circuit_breaker) policy.circuit_breaker = manifest_.defaults.circuit_breaker;
  return policy;
}

void GraphBuilder::check_streaming(const ManifestNode& node, const NodeType& type) {
  if (!node.is_streaming || *node.is_streaming == type.streaming) return;
  refuse_node(
      node, "is_streaming",
      fmt::format("node '{}' says is_streaming {}, but {} is {}", node.id, *node.is_streaming,
                  type.name, type.streaming ? "streaming" : "not streaming"),
      "remove the field");
}

void GraphBuilder::add_edge(const ManifestConnection& connection) {
  std::vector<GraphNode>& nodes = graph_->nodes_;
  Edge edge;
  edge.from = index_of(connection, connection.from, "Source");
  edge.to = index_of(connection, connection.to, "Target");
  edge.output_port = find_port(connection, nodes[edge.from], true);
  edge.input_port = find_port(connection, nodes[edge.to], false);
  for (const Edge& other : nodes[edge.from].outgoing) {
    if (other.to == edge.to && other.output_port == edge.output_port &&
        other.input_port == edge.input_port) {
      refuse_manifest(
          fmt::format("the connection {} -> {} stands twice", connection.from, connection.to),
          connection.pointer, connection.line, "remove one: a packet would arrive twice");
    }
  }
  const Port& output = nodes[edge.from].type.outputs[edge.output_port];
  const Port& input = nodes[edge.to].type.inputs[edge.input_port];
  if (!kinds_meet(output, input)) {
    refuse_manifest(fmt::format("{} gives {}, but {} takes {}", label(nodes[edge.from]),
                                kind_list(output), label(nodes[edge.to]), kind_list(input)),
                    connection.pointer, connection.line);
  }
  nodes[edge.from].outgoing.push_back(edge);
  nodes[edge.to].incoming.push_back(edge);
}

std::size_t GraphBuilder::index_of(const ManifestConnection& connection, const std::string& id,
                                   const char* role) const {
  const auto node = std::ranges::find(graph_->nodes_, id, &GraphNode::id);
  if (node == graph_->nodes_.end()) {
    refuse_manifest(fmt::format("{} node not found: {}", role, id), connection.pointer,
                    connection.line, "a connection names two nodes of the graph");
  }
  return static_cast<std::size_t>(node - graph_->nodes_.begin());
}

std::uint16_t GraphBuilder::find_port(const ManifestConnection& connection, const GraphNode& node,
                                      bool output) const {
  const std::vector<Port>& ports = output ? node.type.outputs : node.type.inputs;
  const std::string& name = output ? connection.output_port : connection.input_port;
  const char* side = output ? "output" : "input";
  if (ports.empty()) {
    refuse_manifest(
        fmt::format("{} has no {}", label(node), side), connection.pointer, connection.line,
        output ? "it is a sink: end the chain there" : "it is a source: start the chain there");
  }
  const auto port = std::ranges::find(ports, name, &Port::name);
  if (port == ports.end()) {
    std::vector<std::string> names;
    for (const Port& known : ports) names.push_back(known.name);
    refuse_manifest(fmt::format("{} has no {} port '{}'", label(node), side, name),
                    connection.pointer, connection.line, did_you_mean(name, names));
  }
  return static_cast<std::uint16_t>(port - ports.begin());
}

// Kahn's algorithm; the smallest index among the ready nodes goes first, so the order is fixed.
void GraphBuilder::sort() {
  const std::vector<GraphNode>& nodes = graph_->nodes_;
  std::vector<std::size_t> waiting;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    waiting.push_back(nodes[i].incoming.size());
    if (waiting[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    graph_->order_.push_back(next);
    for (const Edge& edge : nodes[next].outgoing) {
      if (--waiting[edge.to] == 0) ready.push(edge.to);
    }
  }
  if (graph_->order_.size() != nodes.size()) {
    refuse_cycle(find_cycle(waiting));
  }
}

// Every node that still waits has a predecessor that waits; walking back from any of them must
// repeat.
std::vector<std::size_t> GraphBuilder::find_cycle(const std::vector<std::size_t>& waiting) const {
  const std::vector<GraphNode>& nodes = graph_->nodes_;
  const auto waits = [&](std::size_t i) { return waiting[i] > 0; };
  std::size_t at = 0;
  while (!waits(at)) ++at;
  std::vector<std::size_t> walked;
  while (std::ranges::find(walked, at) == walked.end()) {
    walked.push_back(at);
    at = std::ranges::find_if(nodes[at].incoming, [&](const Edge& e) {
           return waits(e.from);
         })->from;
  }
  walked.erase(walked.begin(), std::ranges::find(walked, at));
  std::ranges::reverse(walked);
  std::rotate(walked.begin(), std::ranges::min_element(walked), walked.end());
  return walked;
}

void GraphBuilder::refuse_cycle(const std::vector<std::size_t>& cycle) const {
  const std::vector<GraphNode>& nodes = graph_->nodes_;
  std::string path;
  for (const std::size_t index : cycle) path += nodes[index].id + " -> ";
  const auto closing = std::ranges::find_if(manifest_.connections, [&](const auto& connection) {
    return connection.from == nodes[cycle.back()].id && connection.to == nodes[cycle.front()].id;
  });
  refuse_manifest("Cycle detected: " + path + nodes[cycle.front()].id, closing->pointer,
                  closing->line, "remove one of these connections");
}

void GraphBuilder::resolve_format(std::size_t index) {
  GraphNode& node = graph_->nodes_[index];
  const GraphNode* giver = nullptr;
  for (const Edge& edge : node.incoming) {
    const GraphNode& from = graph_->nodes_[edge.from];
    if (edge.input_port != 0 || edge.output_port != 0) continue;
    if (giver == nullptr || (node.input.rate == 0 && from.output.rate != 0)) {
      giver = &from;
      node.input = from.output;
    }
    // Whatever arrives must suit the node, though only one format can be told to it beforehand.
    static_cast<void>(resolve_from(index, from.output, &from));
  }
  node.output = resolve_from(index, node.input, giver);
}

StreamFormat GraphBuilder::resolve_from(std::size_t index, const StreamFormat& input,
                                        const GraphNode* giver) const {
  const GraphNode& node = graph_->nodes_[index];
  if (!node.type.resolve) return input;
  try {
    return node.type.resolve(node.parameters, input);
  } catch (const Error& error) {
    const ManifestNode& written = manifest_.nodes[index];
    const std::string subject =
        giver == nullptr ? fmt::format("node {}", label(node))
                         : fmt::format("input of node {} from {}", label(node), label(*giver));
    refuse_manifest(fmt::format("{}: {}", subject, error.message()), written.pointer, written.line,
                    error.hint());
  }
}

void GraphBuilder::classify() {
  for (std::size_t i = 0; i < graph_->nodes_.size(); ++i) {
    const GraphNode& node = graph_->nodes_[i];
    if (node.type.is_source()) {
      graph_->sources_.push_back(i);
    } else if (node.incoming.empty()) {
      graph_->inputs_.push_back(i);
    }
    const bool leads_on =
        std::ranges::any_of(node.outgoing, [](const Edge& edge) { return edge.output_port == 0; });
    if (!node.type.is_sink() && !leads_on) graph_->outputs_.push_back(i);
  }
}

std::shared_ptr<const Graph> Graph::build(const Manifest& manifest, const NodeRegistry& registry,
                                          const GraphOptions& options) {
  return GraphBuilder(manifest, registry, options).build();
}

}  // namespace remotemedia

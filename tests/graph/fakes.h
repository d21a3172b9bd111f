#pragma once

#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::test {

/// What a fake node does; an absent function does nothing, and an absent `process` passes on.
struct Behaviour {
  std::function<void(const NodeContext&)> initialize = {};
  std::function<void(Packet, Emitter&)> process = {};
  std::function<void(Emitter&)> flush = {};
  std::function<void()> cleanup = {};
};

class FakeNode final : public NodeExecutor {
 public:
  explicit FakeNode(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}
  void initialize(const NodeContext& context) override {
    if (behaviour_.initialize) behaviour_.initialize(context);
  }
  void process(Packet packet, Emitter& out) override {
    if (behaviour_.process) {
      behaviour_.process(std::move(packet), out);
    } else {
      out.emit(std::move(packet));
    }
  }
  void flush(Emitter& out) override {
    if (behaviour_.flush) behaviour_.flush(out);
  }
  void cleanup() noexcept override {
    if (behaviour_.cleanup) behaviour_.cleanup();
  }

 private:
  Behaviour behaviour_;
};

/// A type whose nodes each get a behaviour of their own, made from their parameters.
inline NodeType type_of(std::string name, std::function<Behaviour(const Parameters&)> behave) {
  NodeType type{.name = std::move(name), .summary = "A fake.", .category = "general"};
  type.make = [behave = std::move(behave)](const Parameters& parameters) {
    return std::make_unique<FakeNode>(behave(parameters));
  };
  return type;
}

inline NodeType type_of(std::string name, Behaviour behaviour = {}) {
  return type_of(std::move(name), [behaviour](const Parameters&) { return behaviour; });
}

/// The same type with other ports.
inline NodeType with_ports(NodeType type, std::vector<Port> inputs, std::vector<Port> outputs) {
  type.inputs = std::move(inputs);
  type.outputs = std::move(outputs);
  return type;
}

inline ManifestNode node(std::string id, std::string type, Object params = {}) {
  ManifestNode result;
  result.id = std::move(id);
  result.node_type = std::move(type);
  result.params = std::move(params);
  return result;
}

inline ManifestConnection wire(std::string from, std::string to,
                               std::string output_port = "default",
                               std::string input_port = "default") {
  ManifestConnection result;
  result.from = std::move(from);
  result.to = std::move(to);
  result.output_port = std::move(output_port);
  result.input_port = std::move(input_port);
  return result;
}

inline Manifest manifest_of(std::vector<ManifestNode> nodes,
                            std::vector<ManifestConnection> connections) {
  Manifest manifest;
  manifest.name = "test";
  manifest.nodes = std::move(nodes);
  manifest.connections = std::move(connections);
  return manifest;
}

inline NodeRegistry registry_of(std::vector<NodeType> types) {
  NodeRegistry registry;
  for (NodeType& type : types) registry.add(std::move(type));
  return registry;
}

inline Packet text_packet(std::string text) {
  Packet packet;
  packet.payload = std::move(text);
  return packet;
}

inline Packet number_packet(int number) {
  Packet packet;
  packet.payload = Value(number);
  return packet;
}

/// What a packet of the fakes holds, as text.
inline std::string content(const Packet& packet) {
  if (const std::string* text = packet.text()) return *text;
  if (const Value* value = packet.json()) return to_json(*value);
  return describe(packet);
}

/// A session and what came out of it, as "<output node>:<content>".
class TestSession {
 public:
  TestSession(std::shared_ptr<const Graph> graph, SessionOptions options = {})
      : session_(std::move(graph), std::move(options), [this](const Output& output) {
          const Graph& g = session_.graph();
          results_.push_back(g.nodes()[g.outputs()[output.index]].id + ":" +
                             content(output.packet));
        }) {}
  TestSession(const NodeRegistry& registry, const Manifest& manifest)
      : TestSession(Graph::build(manifest, registry)) {}

  Session* operator->() { return &session_; }
  [[nodiscard]] const std::vector<std::string>& results() const { return results_; }

 private:
  std::vector<std::string> results_;
  Session session_;
};

}  // namespace remotemedia::test

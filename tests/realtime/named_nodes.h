#pragma once

#include "realtime/tripwire.h"
#include "remotemedia/nodes/builtin.h"

#include <memory>
#include <string>
#include <utility>

namespace remotemedia::test {

/// Says which node runs, and lets it run.
class NamedNode final : public NodeExecutor {
 public:
  explicit NamedNode(std::unique_ptr<NodeExecutor> node) : node_(std::move(node)) {}

  void initialize(const NodeContext& context) override {
    name_ = context.node_type + " '" + context.node_id + "'";
    node_->initialize(context);
  }
  void process(Packet packet, Emitter& out) override {
    const RunningNode running(name_.c_str());
    node_->process(std::move(packet), out);
  }
  void flush(Emitter& out) override {
    const RunningNode running(name_.c_str());
    node_->flush(out);
  }
  void cleanup() noexcept override { node_->cleanup(); }

 private:
  std::unique_ptr<NodeExecutor> node_;
  std::string name_;
};

/// The built-in types, whose nodes are named in the tripwire's reports.
inline const NodeRegistry& named_nodes() {
  static const NodeRegistry registry = [] {
    NodeRegistry all;
    for (const NodeType* type : builtin_nodes().types()) {
      NodeType named = *type;
      if (type->make) {
        named.make = [make = type->make](const Parameters& parameters) {
          return std::make_unique<NamedNode>(make(parameters));
        };
      }
      all.add(std::move(named));
    }
    return all;
  }();
  return registry;
}

}  // namespace remotemedia::test

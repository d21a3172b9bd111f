#pragma once

#include "graph/fakes.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::test {

/// Results that other threads give, as "<output>:<content>".
class Results {
 public:
  Session::Sink sink() {
    return [this](const Output& output) {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::to_string(output.index) + ":" + content(output.packet));
    };
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

inline std::shared_ptr<const Graph> graph_of(std::vector<NodeType> types,
                                             std::vector<ManifestNode> nodes,
                                             std::vector<ManifestConnection> wires = {}) {
  return Graph::build(manifest_of(std::move(nodes), std::move(wires)),
                      registry_of(std::move(types)));
}

}  // namespace remotemedia::test

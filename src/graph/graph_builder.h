#pragma once

#include <memory>
#include <string>
#include <vector>

#include "remotemedia/graph/graph.h"

namespace remotemedia {

/// Turns a manifest into a graph, in the order in which a user would want the mistakes reported: nodes,
/// connections, cycles, formats.
class GraphBuilder {
 public:
  GraphBuilder(const Manifest& manifest, const NodeRegistry& registry, const GraphOptions& options);
  std::shared_ptr<const Graph> build();

 private:
  void add_node(const ManifestNode& node);
  void add_foreign(const ManifestNode& node, const ForeignNode& foreign);
  void add_native(const ManifestNode& node);
  void check_streaming(const ManifestNode& node, const NodeType& type) const;
  void add_edge(const ManifestConnection& connection);
  [[nodiscard]] std::uint16_t find_port(const ManifestConnection& connection, const GraphNode& node,
                                        bool output) const;
  void sort();
  [[nodiscard]] std::string cycle_path(const std::vector<std::size_t>& waiting) const;
  void resolve_formats();
  void resolve_format(std::size_t index);
  void classify();

  const Manifest& manifest_;
  const NodeRegistry& registry_;
  const GraphOptions& options_;
  std::shared_ptr<Graph> graph_;
};

}  // namespace remotemedia

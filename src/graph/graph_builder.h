#pragma once

#include "remotemedia/graph/graph.h"

#include <memory>
#include <string>
#include <vector>

namespace remotemedia {

/// Turns a manifest into a graph, in the order in which a user would want the mistakes reported:
/// nodes, connections, cycles, formats.
class GraphBuilder {
 public:
  GraphBuilder(const Manifest& manifest, const NodeRegistry& registry, const GraphOptions& options);
  std::shared_ptr<const Graph> build();

 private:
  void add_node(const ManifestNode& node);
  void add_foreign(const ManifestNode& node, const ForeignNode& foreign);
  void add_native(const ManifestNode& node);
  [[nodiscard]] NodePolicy policy_of(const ManifestNode& node, const NodeType& type) const;
  static void check_streaming(const ManifestNode& node, const NodeType& type);
  void add_edge(const ManifestConnection& connection);
  [[nodiscard]] std::size_t index_of(const ManifestConnection& connection, const std::string& id,
                                     const char* role) const;
  [[nodiscard]] std::uint16_t find_port(const ManifestConnection& connection, const GraphNode& node,
                                        bool output) const;
  void sort();
  /// The nodes of one cycle, the smallest index first.
  [[nodiscard]] std::vector<std::size_t> find_cycle(const std::vector<std::size_t>& waiting) const;
  [[noreturn]] void refuse_cycle(const std::vector<std::size_t>& cycle) const;
  void resolve_format(std::size_t index);
  [[nodiscard]] StreamFormat resolve_from(std::size_t index, const StreamFormat& input,
                                          const GraphNode* giver) const;
  void classify();

  const Manifest& manifest_;
  const NodeRegistry& registry_;
  const GraphOptions& options_;
  std::shared_ptr<Graph> graph_;
};

}  // namespace remotemedia

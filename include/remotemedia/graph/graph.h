#pragma once

#include "remotemedia/graph/manifest.h"
#include "remotemedia/graph/node_type.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia {

enum class Runtime { native, python };
const char* to_string(Runtime runtime);

/// A connection between nodes, by index.
struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint16_t output_port = 0;
  std::uint16_t input_port = 0;
};

struct GraphNode {
  std::string id;
  NodeType type;  ///< a copy: the graph outlives registry changes
  Parameters parameters;
  RuntimeHint hint = RuntimeHint::automatic;
  NodePolicy policy;  ///< with the graph's defaults, as far as the type allows them
  Runtime runtime = Runtime::native;
  std::string runtime_reason;  ///< e.g. "hint native", "python only"
  StreamFormat input;
  StreamFormat output;
  std::vector<Edge> incoming;  ///< in connection order
  std::vector<Edge> outgoing;  ///< in connection order
};

/// A node that the embedding language runs itself. Its type replaces the registry's, its parameters
/// are not checked again, and `type.make` builds the live object's executor.
struct ForeignNode {
  NodeType type;
  std::string reason;  ///< why it does not run native, e.g. "hint python"
};

struct GraphOptions {
  std::map<std::string, ForeignNode, std::less<>> foreign;  ///< by node id
};

/// A validated manifest: nodes, edges, order, resolved runtimes and formats. Immutable, shared by
/// its sessions.
class Graph {
 public:
  /// Everything that can be found before a run is found here: unknown types and parameters, ports,
  /// duplicate ids and edges, cycles, format mismatches. Manifest error with pointer, line and
  /// hint.
  static std::shared_ptr<const Graph> build(const Manifest& manifest, const NodeRegistry& registry,
                                            const GraphOptions& options = {});

  [[nodiscard]] const std::string& name() const { return name_; }
  /// In manifest order.
  [[nodiscard]] const std::vector<GraphNode>& nodes() const { return nodes_; }
  /// Indices of nodes; among ready nodes manifest order.
  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }
  /// Nodes that take the session's input: those without incoming edges that are no sources.
  [[nodiscard]] const std::vector<std::size_t>& inputs() const { return inputs_; }
  /// Nodes that produce their own input.
  [[nodiscard]] const std::vector<std::size_t>& sources() const { return sources_; }
  /// Nodes whose output port 0 leads nowhere: it is an output of the graph. Manifest order.
  [[nodiscard]] const std::vector<std::size_t>& outputs() const { return outputs_; }
  /// All nodes are continuous and none joins several connections: results of blocks may be joined.
  [[nodiscard]] bool continuous() const;
  /// {node_count, source_count, sink_count, execution_order}
  [[nodiscard]] Object info() const;
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Graph() = default;
  friend class GraphBuilder;

  std::string name_;
  std::vector<GraphNode> nodes_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> inputs_;
  std::vector<std::size_t> sources_;
  std::vector<std::size_t> outputs_;
  std::vector<std::string> warnings_;
};

/// Pictures of a graph: Mermaid flowchart and Graphviz dot text.
std::string to_mermaid(const Graph& graph);
std::string to_dot(const Graph& graph);

/// The published JSON Schema of manifest v1, with the parameters of every registered type.
Value manifest_schema(const NodeRegistry& registry);

}  // namespace remotemedia

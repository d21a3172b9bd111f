#pragma once

#include "remotemedia/graph/node.h"
#include "remotemedia/graph/parameter.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {

/// How the values of a metadata field combine when consecutive blocks of one stream become one
/// item.
enum class MetadataMerge { last, any, sum, concat, concat_intervals };

struct MetadataField {
  std::string name;
  std::string description;
  MetadataMerge merge = MetadataMerge::last;
  /// Its times are seconds from the start of the clip (numbers, also in lists, and `time_s` in
  /// objects); a node that makes one stream of clips shifts them.
  bool counts_from_clip = false;
};

struct Port {
  std::string name = "default";
  std::vector<PayloadKind> kinds = {};  ///< accepted or sent; empty = any
};

/// Everything the graph knows about a node type. Declared once, next to the node's code.
struct NodeType {
  std::string name;
  std::string summary;   ///< one sentence
  std::string category;  ///< "audio", "general" or "media"
  std::vector<ParameterSpec> parameters = {};
  std::vector<RefusedParameter> refused_parameters = {};
  std::vector<Port> inputs = {Port{}};  ///< empty = a source
  std::vector<Port> outputs = {Port{}};
  std::vector<MetadataField> metadata = {};  ///< what the node adds to its results' metadata
  std::vector<std::string> aliases = {};     ///< other names of the type

  /// Output blocks continue each other in time as the input blocks do, so that processing a clip in
  /// blocks and joining the results equals processing it whole.
  bool continuous = true;
  /// Needs the whole stream in one call.
  bool streaming = false;
  /// May block (Python, network, disk).
  bool offloaded = false;
  /// Calling process twice with the same packet is harmless.
  bool repeatable = false;
  /// Runs in Python too (in the Python SDK's fallback, or because only Python can run it).
  bool has_python = true;

  /// Native implementation; absent for types that run in Python only.
  std::function<std::unique_ptr<NodeExecutor>(const Parameters&)> make = {};
  /// Format of output port 0 from that of input port 0; the same if absent. A configuration
  /// error if the input cannot work, e.g. its rate is not the one in the parameters.
  std::function<StreamFormat(const Parameters&, const StreamFormat&)> resolve = {};
  /// Checks that no single parameter's range can express; a configuration error if one fails.
  std::function<void(const Parameters&)> check = {};

  [[nodiscard]] bool is_source() const { return inputs.empty(); }
  [[nodiscard]] bool is_sink() const { return outputs.empty(); }
};

/// The node types by name, sorted. Filled at start-up, then read-only and shared by all threads.
class NodeRegistry {
 public:
  /// A second type of the same name, or alias, is a std::logic_error.
  void add(NodeType type);
  /// By name or alias; nullptr if there is none.
  [[nodiscard]] const NodeType* find(std::string_view name) const;
  /// Sorted by name.
  [[nodiscard]] std::vector<const NodeType*> types() const;
  /// Names and aliases, sorted; for "did you mean".
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, NodeType, std::less<>> types_;
  std::map<std::string, std::string, std::less<>> aliases_;
};

/// Name, summary, ports, parameters, metadata and flags of a type, as `nodes describe --json`
/// prints them and as the Python SDK reads them.
Value describe_node_type(const NodeType& type);

}  // namespace remotemedia

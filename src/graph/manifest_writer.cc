#include "graph/manifest_policy.h"
#include "remotemedia/graph/manifest.h"

#include <utility>

namespace remotemedia {
namespace {

Value to_value(const ManifestNode& node) {
  Object object{{"id", node.id}, {"node_type", node.node_type}, {"params", node.params}};
  if (node.is_streaming) object.set("is_streaming", *node.is_streaming);
  if (node.runtime_hint != RuntimeHint::automatic) {
    object.set("runtime_hint", to_string(node.runtime_hint));
  }
  if (!node.capabilities.is_null()) object.set("capabilities", node.capabilities);
  if (!node.execution.is_null()) object.set("execution", node.execution);
  if (!node.isolate.is_null()) object.set("isolate", node.isolate);
  write_policy(node.policy, object);
  return object;
}

Value to_value(const ManifestConnection& connection) {
  Object object{{"from", connection.from}, {"to", connection.to}};
  if (connection.output_port != "default") object.set("output_port", connection.output_port);
  if (connection.input_port != "default") object.set("input_port", connection.input_port);
  return object;
}

}  // namespace

Value manifest_to_value(const Manifest& manifest) {
  Object metadata{{"name", manifest.name}};
  if (!manifest.description.empty()) metadata.set("description", manifest.description);
  if (!manifest.created_at.empty()) metadata.set("created_at", manifest.created_at);
  Value::Array nodes;
  for (const ManifestNode& node : manifest.nodes) nodes.push_back(to_value(node));
  Value::Array connections;
  for (const ManifestConnection& c : manifest.connections) connections.push_back(to_value(c));
  return Object{{"version", "v1"},
                {"metadata", std::move(metadata)},
                {"nodes", std::move(nodes)},
                {"connections", std::move(connections)}};
}

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/value.h"
#include "remotemedia/graph/document.h"
#include "remotemedia/graph/node_policy.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {

/// Most nodes and connections of one graph; bounds what a text can make us build.
inline constexpr std::size_t kMaxNodes = 1'000;
inline constexpr std::size_t kMaxConnections = 4'000;

enum class RuntimeHint { automatic, native, python };

/// "auto", "native" or "python".
const char* to_string(RuntimeHint hint);

struct ManifestNode {
  std::string id;
  std::string node_type;
  Object params;
  RuntimeHint runtime_hint = RuntimeHint::automatic;
  std::optional<bool> is_streaming;
  Value capabilities;   ///< checked, kept
  Value execution;      ///< checked, kept
  Value isolate;        ///< null, true, false or an object; checked, kept
  NodePolicy policy;    ///< what to do about failures
  std::string pointer;  ///< where it stands, e.g. "/nodes/0"
  int line = 0;
  /// Of its fields, e.g. "node_type" and "params/quality" (JSON pointers below `pointer`).
  std::map<std::string, int, std::less<>> lines;
};

struct ManifestConnection {
  std::string from;
  std::string to;
  std::string output_port = "default";
  std::string input_port = "default";
  std::string pointer;
  int line = 0;
};

/// The text form of a graph, version v1, checked for shape (not yet for node types).
struct Manifest {
  std::string name;
  std::string description;
  std::string created_at;
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  Object config;                      ///< second dialect: its `config`, or empty
  NodePolicy defaults;                ///< second dialect: of nodes that have none and allow it
  std::vector<std::string> warnings;  ///< e.g. removed runtimes that now mean python
};

/// Reads either dialect of version v1 (see docs/manifest.md). Manifest error with pointer, line and
/// hint.
Manifest parse_manifest(std::string_view text, TextFormat format);
Manifest parse_manifest(const Document& document);
/// Always v1, which has no `config`. Fields that were not given are left out, but for `params` and
/// `connections`.
Value manifest_to_value(const Manifest& manifest);

}  // namespace remotemedia

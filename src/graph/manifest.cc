#include "remotemedia/graph/manifest.h"

#include "graph/ascii.h"
#include "graph/manifest_fields.h"
#include "graph/manifest_policy.h"
#include "graph/shown.h"
#include "remotemedia/base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <string>
#include <utility>

namespace remotemedia {
namespace {

/// The two ways of writing version v1 that users' documents show.
struct Dialect {
  const char* node_type;
  const char* connections;
  const char* output_port;
  const char* input_port;
};
constexpr Dialect kV1{"node_type", "connections", "output_port", "input_port"};
constexpr Dialect kSecond{"type", "edges", "output_key", "input_key"};

const Dialect& other_than(const Dialect& dialect) { return &dialect == &kV1 ? kSecond : kV1; }

// A text that mixes the dialects was put together from two sources; guessing would hide that.
void refuse_mixture(const Fields& fields, const Dialect& dialect,
                    std::initializer_list<const char * Dialect::*> names) {
  for (const auto name : names) {
    const char* foreign = other_than(dialect).*name;
    if (fields.find(foreign) == nullptr) continue;
    fields.refuse_field(foreign, fmt::format("'{}' belongs to the other dialect", foreign),
                        fmt::format("with this version it is called '{}'", dialect.*name));
  }
}

bool is_id(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) {
    return is_ascii_letter_or_digit(c) || c == '_' || c == '-';
  });
}

// RFC 3339, with an upper-case T and Z: 2026-01-31T12:00:00, a fraction or none, Z or an offset.
bool is_date_time(const std::string& text) {
  static const std::regex shape(
      "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
      "T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]{1,9})?"
      "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])");
  constexpr std::size_t kLongest = 40;
  return text.size() <= kLongest && std::regex_match(text, shape);
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; }));
}

const Dialect& read_dialect(const Fields& root) {
  if (root.find("manifest") != nullptr) {
    root.refuse_field("manifest", "this is a manifest with its input around it",
                      "give the object under \"manifest\" alone, and its input to the run");
  }
  const Value& version = root.require("version");
  const String* text = version.as_string();
  if (text != nullptr && *text == "v1") return kV1;
  // YAML reads an unquoted 1.0 as a number.
  if ((text != nullptr && *text == "1.0") || version == Value(1.0)) return kSecond;
  root.refuse_field("version", "Unsupported manifest version: " + shown(version),
                    "this release reads \"v1\" (and \"1.0\")");
}

void read_metadata(const Fields& root, const Dialect& dialect, Manifest& manifest) {
  if (root.find("metadata") == nullptr && &dialect == &kSecond) {
    manifest.name = "pipeline";
    return;
  }
  const Fields metadata = root.object("metadata", "metadata");
  metadata.allow_only({"name", "description", "created_at"});
  manifest.name = metadata.text("name");
  constexpr std::size_t kMaxName = 255;
  const std::size_t length = count_characters(manifest.name);
  if (length < 1 || length > kMaxName) {
    metadata.refuse_field(
        "name", fmt::format("the name has {} characters, expected 1..{}", length, kMaxName));
  }
  manifest.description = metadata.text_or("description", "");
  manifest.created_at = metadata.text_or("created_at", "");
  if (!manifest.created_at.empty() && !is_date_time(manifest.created_at)) {
    metadata.refuse_field("created_at",
                          fmt::format("'{}' is no date and time", manifest.created_at),
                          "write it as 2026-01-31T12:00:00Z");
  }
}

RuntimeHint read_hint(const Fields& node, const std::string& id, Manifest& manifest) {
  const std::string hint = node.text_or("runtime_hint", "auto");
  if (hint == "auto") return RuntimeHint::automatic;
  if (hint == "native" || hint == "rust") return RuntimeHint::native;
  if (hint == "python" || hint == "cpython") return RuntimeHint::python;
  if (hint == "rust_python" || hint == "cpython_wasm") {
    manifest.warnings.push_back(
        fmt::format("node '{}': the runtime '{}' no longer exists; it runs as 'python'", id, hint));
    return RuntimeHint::python;
  }
  node.refuse_field("runtime_hint", fmt::format("unknown runtime_hint '{}'", hint),
                    "known: auto, native, python (rust is the old name of native)");
}

Value read_capabilities(const Fields& node) {
  if (node.find("capabilities") == nullptr) return {};
  const Fields all = node.object("capabilities", "capabilities");
  all.allow_only({"gpu", "cpu", "memory_gb"});
  all.check_number("memory_gb", 0);
  if (all.find("gpu") != nullptr) {
    const Fields gpu = all.object("gpu", "capabilities.gpu");
    gpu.allow_only({"type", "min_memory_gb", "required"});
    static_cast<void>(gpu.require("type"));
    gpu.check_choice("type", {"cuda", "rocm", "metal", "vulkan", "any"});
    gpu.check_number("min_memory_gb", 0);
    gpu.check_bool("required");
  }
  if (all.find("cpu") != nullptr) {
    const Fields cpu = all.object("cpu", "capabilities.cpu");
    cpu.allow_only({"cores", "arch"});
    cpu.check_number("cores", 1);
    cpu.check_choice("arch", {"x86_64", "aarch64", "arm", "any"});
  }
  return *node.find("capabilities");
}

Value read_execution(const Fields& node) {
  if (node.find("execution") == nullptr) return {};
  const Fields execution = node.object("execution", "execution");
  execution.allow_only({"placement", "reason", "fallback"});
  const std::string placement = execution.text_or("placement", "anywhere");
  static_cast<void>(execution.text_or("reason", ""));
  static_cast<void>(execution.text_or("fallback", ""));
  const bool elsewhere = placement.ends_with("remote") || placement.ends_with("wasi") ||
                         placement.ends_with("browser");
  if (elsewhere && !placement.starts_with("prefer_")) {
    execution.refuse_field("placement", fmt::format("placement '{}' is not supported", placement),
                           "nodes run in this process: use \"local\" or remove it");
  }
  const bool known = placement == "anywhere" || placement == "native" || placement == "host" ||
                     placement == "local" || placement.starts_with("requires_") ||
                     placement.starts_with("prefer_");
  if (!known) {
    execution.refuse_field("placement", fmt::format("unknown placement '{}'", placement),
                           "known: anywhere, native, host, local, requires_*, prefer_*");
  }
  return *node.find("execution");
}

// Whether, and how, a node of the user's has a process of its own; only Python can do that.
Value read_isolation(const Fields& node) {
  const Value* isolate = node.find("isolate");
  if (isolate == nullptr) return {};
  if (isolate->as_bool() != nullptr) return *isolate;
  if (isolate->as_object() == nullptr) {
    node.refuse_field("isolate", fmt::format("'isolate' is {}, expected true, false or an object",
                                             shown(*isolate)));
  }
  const Fields fields = node.object("isolate", "isolate");
  fields.allow_only({"restart", "max_restarts", "start_timeout_s"});
  fields.check_choice("restart", {"never", "on_failure"});
  fields.check_number("max_restarts", 1);
  fields.check_number("start_timeout_s", 0);
  return *isolate;
}

void refuse_host(const Fields& node) {
  const Value* host = node.find("host");
  if (host == nullptr) return;
  const std::string text = node.text("host");
  const std::size_t colon = text.find(':');
  const bool well_formed = colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
                           text.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  node.refuse_field("host",
                    well_formed
                        ? fmt::format("node on host '{}': remote nodes are not supported", text)
                        : fmt::format("host '{}' is not of the form name:port", text),
                    "remove it; nodes run in this process");
}

// Lines of everything that can still turn out wrong once the node type is known.
std::map<std::string, int, std::less<>> lines_of(const Fields& fields, const Object& params) {
  std::map<std::string, int, std::less<>> lines;
  for (const char* name : {"node_type", "type", "is_streaming", "runtime_hint", "params", "retry",
                           "circuit_breaker", "on_error", "isolate"}) {
    if (fields.find(name) != nullptr) lines.emplace(name, fields.line_of(name));
  }
  for (const auto& [name, value] : params) {
    const std::string path = "params" + child_pointer("", name);
    lines.emplace(path, fields.line_of(path));
  }
  return lines;
}

ManifestNode read_node(const Fields& fields, const Dialect& dialect, Manifest& manifest) {
  refuse_mixture(fields, dialect, {&Dialect::node_type});
  fields.allow_only({"id", dialect.node_type, "params", "is_streaming", "runtime_hint",
                     "capabilities", "host", "execution", "isolate", "retry", "circuit_breaker",
                     "timeout_ms", "on_error", "queue"});
  ManifestNode node;
  node.pointer = fields.pointer();
  node.line = fields.line();
  node.id = fields.text("id");
  if (!is_id(node.id)) {
    fields.refuse_field("id", fmt::format("'{}' is no node id", node.id),
                        "use letters, digits, _ and - only");
  }
  node.node_type = fields.text(dialect.node_type);
  if (node.node_type.empty()) fields.refuse_field(dialect.node_type, "the node type is empty");
  if (const Value* params = fields.find("params")) {
    const Object* object = params->as_object();
    if (object == nullptr) {
      fields.refuse_field("params", "'params' must be an object, not " + shown(*params));
    }
    node.params = *object;
  }
  node.lines = lines_of(fields, node.params);
  fields.check_bool("is_streaming");
  if (const Value* streaming = fields.find("is_streaming")) {
    node.is_streaming = *streaming->as_bool();
  }
  node.runtime_hint = read_hint(fields, node.id, manifest);
  node.capabilities = read_capabilities(fields);
  node.execution = read_execution(fields);
  node.isolate = read_isolation(fields);
  node.policy = read_policy(fields);
  refuse_host(fields);
  return node;
}

void read_nodes(const Document& document, const Fields& root, const Dialect& dialect,
                Manifest& manifest) {
  const Value::Array& list = root.array("nodes");
  if (list.empty()) root.refuse_field("nodes", "the graph has no nodes", "add at least one node");
  if (list.size() > kMaxNodes) {
    root.refuse_field("nodes",
                      fmt::format("{} nodes, at most {} are allowed", list.size(), kMaxNodes));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Fields fields(document, list[i], child_pointer("/nodes", i), "a node");
    ManifestNode node = read_node(fields, dialect, manifest);
    const auto twin = std::ranges::find(manifest.nodes, node.id, &ManifestNode::id);
    if (twin != manifest.nodes.end()) {
      fields.refuse_field("id", "Duplicate node ID: " + node.id,
                          fmt::format("{} has it already", twin->pointer));
    }
    manifest.nodes.push_back(std::move(node));
  }
}

std::string known_node(const Fields& fields, std::string_view end, const char* role,
                       const Manifest& manifest) {
  std::string id = fields.text(end);
  if (std::ranges::find(manifest.nodes, id, &ManifestNode::id) == manifest.nodes.end()) {
    std::vector<std::string> ids;
    for (const ManifestNode& node : manifest.nodes) ids.push_back(node.id);
    fields.refuse_field(end, fmt::format("Connection references unknown {} node: {}", role, id),
                        did_you_mean(id, ids));
  }
  return id;
}

void read_connections(const Document& document, const Fields& root, const Dialect& dialect,
                      Manifest& manifest) {
  if (root.find(dialect.connections) == nullptr) return;
  const Value::Array& list = root.array(dialect.connections);
  if (list.size() > kMaxConnections) {
    root.refuse_field(dialect.connections, fmt::format("{} connections, at most {} are allowed",
                                                       list.size(), kMaxConnections));
  }
  const std::string base = child_pointer("", dialect.connections);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Fields fields(document, list[i], child_pointer(base, i), "a connection");
    refuse_mixture(fields, dialect, {&Dialect::output_port, &Dialect::input_port});
    fields.allow_only({"from", "to", dialect.output_port, dialect.input_port});
    ManifestConnection connection;
    connection.pointer = fields.pointer();
    connection.line = fields.line();
    connection.from = known_node(fields, "from", "source", manifest);
    connection.to = known_node(fields, "to", "target", manifest);
    connection.output_port = fields.text_or(dialect.output_port, "default");
    connection.input_port = fields.text_or(dialect.input_port, "default");
    manifest.connections.push_back(std::move(connection));
  }
}

void read_config(const Fields& root, Manifest& manifest) {
  if (root.find("config") == nullptr) return;
  const Fields config = root.object("config", "config");
  config.allow_only({"enable_metrics", "retry_policy", "max_retries", "circuit_breaker_threshold"});
  config.check_bool("enable_metrics");
  manifest.defaults = read_default_policy(config);
  manifest.config = *root.find("config")->as_object();
}

}  // namespace

const char* to_string(RuntimeHint hint) {
  static constexpr const char* kNames[] = {"auto", "native", "python"};
  return kNames[static_cast<std::size_t>(hint)];
}

Manifest parse_manifest(std::string_view text, TextFormat format) {
  return parse_manifest(parse_document(text, format));
}

Manifest parse_manifest(const Document& document) {
  const Fields root(document, document.root, "", "a manifest");
  const Dialect& dialect = read_dialect(root);
  refuse_mixture(root, dialect, {&Dialect::connections});
  if (&dialect == &kV1) {
    root.allow_only({"version", "metadata", "nodes", "connections"});
  } else {
    root.allow_only({"version", "metadata", "nodes", "edges", "config"});
  }
  Manifest manifest;
  read_metadata(root, dialect, manifest);
  read_nodes(document, root, dialect, manifest);
  read_connections(document, root, dialect, manifest);
  read_config(root, manifest);
  return manifest;
}

}  // namespace remotemedia

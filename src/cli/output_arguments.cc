#include "cli/output_arguments.h"

#include "cli/program.h"
#include "remotemedia/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace remotemedia::cli {
namespace {

namespace fs = std::filesystem;

const GraphNode& output_node(const Graph& graph, std::size_t output) {
  return graph.nodes()[graph.outputs()[output]];
}

// A list may hold audio; what cannot be known before the run is found in it.
bool may_be_audio(PayloadKind kind) {
  return kind == PayloadKind::none || kind == PayloadKind::audio || kind == PayloadKind::list;
}

bool may_be_audio(const GraphNode& node) {
  const std::vector<PayloadKind>& kinds = node.type.outputs.front().kinds;
  const bool by_type =
      kinds.empty() || std::ranges::any_of(kinds, [](PayloadKind k) { return may_be_audio(k); });
  return by_type && may_be_audio(node.output.kind);
}

// Results of a node that says where in the stream each of them starts and ends are pieces of it,
// not its continuation.
bool cuts_clips(const NodeType& type) {
  const auto declares = [&](std::string_view name) {
    return std::ranges::find(type.metadata, name, &MetadataField::name) != type.metadata.end();
  };
  return declares("start_s") && declares("end_s");
}

bool gives_clips(const Graph& graph, std::size_t node) {
  std::vector<std::size_t> upstream{node};
  for (std::size_t i = 0; i < upstream.size(); ++i) {
    const GraphNode& at = graph.nodes()[upstream[i]];
    if (cuts_clips(at.type)) return true;
    for (const Edge& edge : at.incoming) {
      if (std::ranges::find(upstream, edge.from) == upstream.end()) upstream.push_back(edge.from);
    }
  }
  return false;
}

std::vector<std::string> audio_outputs(const Graph& graph) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    if (may_be_audio(output_node(graph, i))) ids.push_back(output_node(graph, i).id);
  }
  return ids;
}

std::size_t find_output(const Graph& graph, const std::string& id) {
  std::size_t output = 0;
  while (output < graph.outputs().size() && output_node(graph, output).id != id) ++output;
  return output;
}

// A name with '=' but without '/' before it asks for a node; "./a=b.wav" is the file of that name.
std::pair<std::string, std::string> split(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || argument.substr(0, equals).find('/') != std::string::npos) {
    return {"", argument};
  }
  return {argument.substr(0, equals), argument.substr(equals + 1)};
}

std::string only_audio_output(const Graph& graph, const std::string& path) {
  const std::vector<std::string> candidates = audio_outputs(graph);
  if (candidates.empty()) {
    throw UsageError(fmt::format("-o {}: graph '{}' has no audio output", path, graph.name()),
                     "leave -o out");
  }
  if (candidates.size() > 1) {
    std::vector<std::string> examples;
    examples.reserve(candidates.size());
    for (const std::string& id : candidates) examples.push_back(fmt::format("-o {}=FILE", id));
    throw UsageError(fmt::format("-o {}: graph '{}' has {} audio outputs", path, graph.name(),
                                 candidates.size()),
                     fmt::format("say which one: {}", fmt::join(examples, " ")));
  }
  return candidates.front();
}

void check_clip_number(const Graph& graph, std::size_t output, const fs::path& path) {
  const std::string folder = path.parent_path().string();
  if (folder.find(kClipNumber) != std::string::npos) {
    throw UsageError(
        fmt::format("-o {}: {} stands in the name of a folder", path.string(), kClipNumber),
        "put it into the file's name");
  }
  const bool numbered = path.filename().string().find(kClipNumber) != std::string::npos;
  if (numbered || !gives_clips(graph, graph.outputs()[output])) return;
  const fs::path example =
      path.parent_path() / (path.stem().string() + "-" + kClipNumber + path.extension().string());
  throw UsageError(fmt::format("-o {}: output '{}' gives separate clips, not one stream",
                               path.string(), output_node(graph, output).id),
                   fmt::format("number the files: -o '{}'", example.string()));
}

}  // namespace

std::vector<std::optional<fs::path>> assign_outputs(const Graph& graph,
                                                    const std::vector<std::string>& arguments) {
  std::vector<std::optional<fs::path>> paths(graph.outputs().size());
  for (const std::string& argument : arguments) {
    auto [id, path] = split(argument);
    if (path.empty()) throw UsageError(fmt::format("-o {}: the path is missing", argument));
    if (id.empty()) id = only_audio_output(graph, path);
    const std::size_t output = find_output(graph, id);
    if (output == paths.size()) {
      throw UsageError(
          fmt::format("-o {}: graph '{}' has no output '{}'", argument, graph.name(), id),
          fmt::format("{}; a file name with '=' is written ./{}",
                      did_you_mean(id, audio_outputs(graph)), argument));
    }
    if (paths[output]) throw UsageError(fmt::format("-o gives output '{}' two files", id));
    check_clip_number(graph, output, path);
    paths[output] = path;
  }
  return paths;
}

bool is_clip_of(const fs::path& pattern, const fs::path& file) {
  const std::string name = pattern.filename().string();
  const std::size_t at = name.find(kClipNumber);
  if (at == std::string::npos) return false;
  const std::string before = name.substr(0, at);
  const std::string after = name.substr(at + std::string_view(kClipNumber).size());
  const std::string other = file.filename().string();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return fs::absolute(pattern).parent_path().lexically_normal() ==
             fs::absolute(file).parent_path().lexically_normal() &&
         other.size() > before.size() + after.size() && other.starts_with(before) &&
         other.ends_with(after) &&
         std::all_of(other.begin() + static_cast<std::ptrdiff_t>(before.size()),
                     other.end() - static_cast<std::ptrdiff_t>(after.size()), is_digit);
}

}  // namespace remotemedia::cli

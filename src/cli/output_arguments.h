#pragma once

#include "remotemedia/graph/graph.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::cli {

/// What stands for the number of a clip in the path of an output.
inline constexpr const char* kClipNumber = "{n}";

/// The file of each output of the graph, in the order of Graph::outputs(), from arguments of the
/// form PATH or NODE=PATH. usage error if an argument does not fit the graph.
std::vector<std::optional<std::filesystem::path>> assign_outputs(
    const Graph& graph, const std::vector<std::string>& arguments);

/// Whether `file` has a name that a clip of the output `pattern` can get.
bool is_clip_of(const std::filesystem::path& pattern, const std::filesystem::path& file);

}  // namespace remotemedia::cli

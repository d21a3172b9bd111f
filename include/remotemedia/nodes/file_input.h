#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "remotemedia/graph/session.h"

namespace remotemedia {

/// Files enter a graph in blocks of this length: short against any memory limit, long against the cost
/// of a packet.
inline constexpr int kFileBlockMs = 100;

/// Frames done and, if the container says, in total (0 = not known). False stops the run.
using Progress = std::function<bool(std::uint64_t frames, std::uint64_t total_frames)>;

/// Streams an audio file into a session in blocks of kFileBlockMs, then finishes the session. Memory
/// does not depend on the file's length.
void run_file(Session& session, const std::filesystem::path& path, const Progress& progress = {});

}  // namespace remotemedia

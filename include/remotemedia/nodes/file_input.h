#pragma once

#include "remotemedia/graph/session.h"
#include "remotemedia/media/audio_file.h"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace remotemedia {

/// Files enter a graph in blocks of this length: short against any memory limit, long against the
/// cost of a packet.
inline constexpr int kFileBlockMs = 100;

/// Reads to the end of the file and gives each block to `send`, in the envelope of `prototype` with
/// the block's time; stops early when `send` gives false. An empty file gives one empty block.
void for_each_block(media::AudioReader& reader, const Packet& prototype,
                    const std::function<bool(Packet)>& send);

/// Frames done and, if the container says, in total (0 = not known). False stops the run.
using Progress = std::function<bool(std::uint64_t frames, std::uint64_t total_frames)>;

/// Streams an audio file into a session in blocks of kFileBlockMs, then finishes the session.
/// Memory does not depend on the file's length.
void run_file(Session& session, const std::filesystem::path& path, const Progress& progress = {});

}  // namespace remotemedia

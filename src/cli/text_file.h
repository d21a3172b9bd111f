#pragma once

#include <filesystem>
#include <string_view>

namespace remotemedia::cli {

/// I/O error if no file can be made at `path`: it is a folder, or its folder is missing or cannot
/// be written. For what is written only after a long run.
void check_text_output(const std::filesystem::path& path);

/// Writes the whole text or nothing: the file gets its name only when it is complete. I/O error as
/// above, and if the disk fails.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace remotemedia::cli

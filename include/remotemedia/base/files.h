#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace remotemedia {

/// Throws the I/O error "cannot read '<path>': <problem>; <hint>".
[[noreturn]] void fail_reading(const std::filesystem::path& path, std::string_view problem,
                               std::string_view hint = {});
/// Throws the I/O error "cannot write '<path>': <problem>; <hint>".
[[noreturn]] void fail_writing(const std::filesystem::path& path, std::string_view problem,
                               std::string_view hint = {});

/// Whether a path holds a NUL: the system would take the part before it for the whole.
bool has_nul(const std::filesystem::path& path);
inline constexpr std::string_view kNulProblem = "its name goes on after a NUL character";

/// Text of an errno value.
std::string system_message(int error_number);

/// The folder that a path names a file in; "." if it names none.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// I/O error if `path` is a folder, holds a NUL, or its folder is missing.
void check_is_file_name(const std::filesystem::path& path);

/// The file that a rename may replace to write to `path`: what a link names, not the link. I/O
/// error as above, and if it is a device or a pipe, which must stay what it is.
std::filesystem::path replaced_file(const std::filesystem::path& path);

}  // namespace remotemedia

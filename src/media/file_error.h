#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace remotemedia::media {

/// Throws the I/O error "cannot read '<path>': <problem>; <hint>".
[[noreturn]] void fail_reading(const std::filesystem::path& path, std::string_view problem,
                               std::string_view hint = {});
/// Throws the I/O error "cannot write '<path>': <problem>; <hint>".
[[noreturn]] void fail_writing(const std::filesystem::path& path, std::string_view problem,
                               std::string_view hint = {});

/// Text of an errno value.
std::string system_message(int error_number);

}  // namespace remotemedia::media

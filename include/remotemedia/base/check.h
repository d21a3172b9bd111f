#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace remotemedia {

/// Limits of every stream: lower rates carry no speech, higher ones exist only in laboratories.
inline constexpr int kMinRate = 8'000;
inline constexpr int kMaxRate = 192'000;
/// 7.1.4 has 12 channels and third-order ambisonics 16; the limit bounds what a header can make us
/// allocate.
inline constexpr int kMaxChannels = 32;

/// Throws the configuration error "<what> is <value>, expected <expected>; <hint>".
[[noreturn]] void refuse(std::string_view what, std::string_view value, std::string_view expected,
                         std::string_view hint = {});
[[noreturn]] void refuse(std::string_view what, std::integral auto value, std::string_view expected,
                         std::string_view hint = {}) {
  refuse(what, std::string_view(std::to_string(value)), expected, hint);
}
[[noreturn]] void refuse(std::string_view what, double value, std::string_view expected,
                         std::string_view hint = {});

/// Throws the type error "<message>; <hint>".
[[noreturn]] void refuse_type(const std::string& message, std::string hint = {});
/// Throws the I/O error "<message>; <hint>" about a file, or another place outside the process.
[[noreturn]] void fail_io(const std::string& message, std::string path, std::string hint = {});

/// Sample rate in Hz, kMinRate..kMaxRate. `what` names the argument, e.g. "Resampler: target_rate".
void check_rate(std::string_view what, long long rate);
/// Channel count, 1..kMaxChannels.
void check_channels(std::string_view what, long long channels);

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace remotemedia::cli::report {

/// Text from outside, safe between tags and inside quoted attributes of HTML and SVG. What is no
/// UTF-8, or a control character that markup cannot hold, becomes U+FFFD.
std::string escaped(std::string_view text);
/// The first bytes of a UTF-8 text, whole characters only, with an ellipsis if something was cut.
std::string shortened(std::string_view text, std::size_t max_bytes);

/// "0 s", "62.5 µs", "340 ms", "12.34 s", "4:05 min", "2:03:00 h".
std::string duration_text(double seconds);
/// A point in time with milliseconds: "7.250", "1:07.250", "2:01:07.250".
std::string clock_text(double seconds);
/// "1,234,567".
std::string count_text(std::uint64_t count);
/// "1 item", "2 items".
std::string counted(std::uint64_t count, std::string_view noun);
/// "62 %", "3.4 %", "<0.1 %"; of 0..1.
std::string percent_text(double share);
/// Three digits where they matter: "0.0042", "1.25", "238", "12,400".
std::string number_text(double value);
/// "48 MiB".
std::string bytes_text(std::uint64_t bytes);
/// "16 kHz", "44.1 kHz".
std::string rate_text(int rate);
/// "mono", "stereo", "6 channels".
std::string channels_text(int channels);
/// "−3.1 dBFS", "silent".
std::string level_text(double peak);
/// "16 bit", "32 bit", "float": how samples are kept.
std::string sample_text(SampleFormat format);

}  // namespace remotemedia::cli::report

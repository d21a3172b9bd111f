#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace remotemedia::cli::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Length of the UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

std::string_view replacement_of(char character) {
  switch (character) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
    case '\t':
      return {};
    default:
      return static_cast<unsigned char>(character) < 0x20 || character == 0x7F ? kReplacement
                                                                               : std::string_view();
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const std::string_view by = length == 0   ? kReplacement
                                : length == 1 ? replacement_of(text[0])
                                              : std::string_view();
    result += by.empty() ? text.substr(0, length) : by;
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return result;
}

std::string shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && continues(text[end])) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string duration_text(double seconds) {
  if (seconds <= 0.0) return "0 s";
  if (seconds < 0.001) return fmt::format("{:.3g} µs", seconds * 1e6);
  if (seconds < 0.9995) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 59.995) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string clock_text(double seconds) {
  const auto ms = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds) * 1e3));
  const std::uint64_t s = ms / 1000;
  if (s < 60) return fmt::format("{}.{:03}", s, ms % 1000);
  if (s < 3600) return fmt::format("{}:{:02}.{:03}", s / 60, s % 60, ms % 1000);
  return fmt::format("{}:{:02}:{:02}.{:03}", s / 3600, s / 60 % 60, s % 60, ms % 1000);
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string percent_text(double share) {
  const double percent = share * 100.0;
  if (percent <= 0.0) return "0 %";
  if (percent < 0.05) return "<0.1 %";
  return percent < 9.95 ? fmt::format("{:.1f} %", percent) : fmt::format("{:.0f} %", percent);
}

std::string number_text(double value) {
  return value < 999.5 ? fmt::format("{:.3g}", value)
                       : count_text(static_cast<std::uint64_t>(std::llround(value)));
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  return fmt::format("{} MiB", number_text(static_cast<double>(bytes) / kMebibyte));
}

std::string rate_text(int rate) { return fmt::format("{:.6g} kHz", rate / 1000.0); }

std::string channels_text(int channels) {
  if (channels == 1) return "mono";
  if (channels == 2) return "stereo";
  return fmt::format("{} channels", channels);
}

std::string level_text(double peak) {
  if (peak <= 0.0) return "silent";
  const double level = 20.0 * std::log10(peak);
  return fmt::format("{}{:.1f} dBFS", level < -0.05 ? "−" : "", std::abs(level));
}

std::string sample_text(SampleFormat format) {
  switch (format) {
    case SampleFormat::f32:
      return "float";
    case SampleFormat::i16:
      return "16 bit";
    case SampleFormat::i32:
      return "32 bit";
  }
  return {};
}

}  // namespace remotemedia::cli::report

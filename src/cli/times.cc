#include "cli/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace remotemedia::cli {

std::string spoken_duration(double seconds) {
  if (seconds < 59.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 3599.95) {
    const double minutes = std::floor((seconds + 0.05) / 60);
    return fmt::format("{:.0f} min {:04.1f} s", minutes, std::max(0.0, seconds - 60 * minutes));
  }
  const auto whole = std::llround(seconds);
  return fmt::format("{} h {:02} min {:02} s", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string clock_time(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string significant(double number) {
  if (number == 0) return "0";
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(std::fabs(number))));
  if (decimals >= 0) return fmt::format("{:.{}f}", number, std::min(decimals, 9));
  const double unit = std::pow(10.0, -decimals);
  return fmt::format("{:.0f}", std::round(number / unit) * unit);
}

}  // namespace remotemedia::cli

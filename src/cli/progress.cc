#include "cli/progress.h"

#include "cli/program.h"
#include "cli/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace remotemedia::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 300ms;
constexpr auto kInterval = 100ms;
constexpr std::size_t kMaxBar = 30;
/// A shorter bar says less than the percentage beside it.
constexpr std::size_t kMinBar = 10;

std::string bar(const Terminal& terminal, double share, std::size_t used) {
  const std::size_t room = terminal.columns() > used ? terminal.columns() - used : 0;
  const std::size_t width = std::min(room, kMaxBar);
  if (width < kMinBar) return "";
  const auto done = static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  std::string full;
  std::string rest;
  for (std::size_t i = 0; i < width; ++i) {
    (i < done ? full : rest) += terminal.has_unicode() ? "━" : i < done ? "#" : ".";
  }
  return terminal.good(full) + terminal.faint(rest);
}

/// Percentage, bar, position and total, speed, time left.
std::string progress_text(const Terminal& terminal, double position_s, double total_s,
                          double elapsed_s) {
  const double speed = elapsed_s > 0 ? position_s / elapsed_s : 0;
  const std::string pace = fmt::format("{} x real time", significant(speed));
  if (total_s <= 0) return fmt::format("{}  {}", clock_time(position_s), pace);
  const double share = std::clamp(position_s / total_s, 0.0, 1.0);
  const std::string left = speed > 0 ? clock_time((total_s - position_s) / speed) : "?";
  const std::string percent = fmt::format("{:3.0f}% ", std::floor(share * 100));
  const std::string text = fmt::format("  {} / {}  {}  {} left", clock_time(position_s),
                                       clock_time(total_s), pace, left);
  // The last column stays free: some terminals break the line there.
  return percent + bar(terminal, share, percent.size() + text.size() + 1) + text;
}

}  // namespace

ProgressLine::ProgressLine(double total_s) : total_s_(total_s), next_(start_ + kPatience) {}

void ProgressLine::update(double position_s) {
  if (!terminal_.is_terminal()) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  shown_ = true;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  print_to_stderr("\r\033[K" + progress_text(terminal_, position_s, total_s_, elapsed_s));
}

void ProgressLine::clear() {
  if (!shown_) return;
  shown_ = false;
  print_to_stderr("\r\033[K");
}

}  // namespace remotemedia::cli

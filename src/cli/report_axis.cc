#include "cli/report_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace remotemedia::cli::report {
namespace {

double round_step(double at_least) {
  constexpr std::array kSteps{1.0,    2.0,    5.0,    10.0,    15.0,   30.0,
                              60.0,   120.0,  300.0,  600.0,   900.0,  1800.,
                              3600.0, 7200.0, 10800., 21600.0, 43200., 86400.0};
  if (at_least > kSteps.back()) return std::ceil(at_least / kSteps.back()) * kSteps.back();
  if (at_least > 0.5) return *std::ranges::lower_bound(kSteps, at_least);
  const double decade = std::pow(10.0, std::floor(std::log10(at_least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (decade * factor >= at_least * (1.0 - 1e-9)) return decade * factor;
  }
  return decade * 10.0;
}

std::string tick_text(double time_s, double step_s, double duration_s) {
  if (duration_s < 1.0) return fmt::format("{:.4g} ms", time_s * 1e3);
  if (step_s < 1.0) return fmt::format("{:.1f}", time_s);
  const auto whole = static_cast<std::uint64_t>(std::llround(time_s));
  if (duration_s < 60.0) return std::to_string(whole);
  if (duration_s < 3600.0) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::vector<Tick> time_ticks(double duration_s) {
  constexpr double kMostTicks = 10.0;
  if (!(duration_s > 0.0)) return {};
  const double step = round_step(duration_s / kMostTicks);
  std::vector<Tick> ticks;
  for (std::size_t i = 0; static_cast<double>(i) * step <= duration_s * (1.0 + 1e-9); ++i) {
    const double time_s = static_cast<double>(i) * step;
    ticks.push_back({time_s, tick_text(time_s, step, duration_s)});
  }
  return ticks;
}

const char* tick_unit(double duration_s) {
  if (duration_s < 1.0) return "time";
  if (duration_s < 60.0) return "time in seconds";
  return duration_s < 3600.0 ? "time in min:s" : "time in h:min";
}

}  // namespace remotemedia::cli::report

#include "cli/report_waveform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

namespace remotemedia::cli::report {
namespace {

using Out = std::back_insert_iterator<std::string>;

// Height of a drawing, which the page stretches.
constexpr double kLaneUnits = 200.0;

// Full scale of the picture: the smallest round value that holds the peak.
double lane_scale(float peak) {
  for (const double scale : {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0}) {
    if (peak <= scale) return scale;
  }
  return std::pow(2.0, std::ceil(std::log2(peak)));
}

long height_of(double value, double scale) {
  return std::lround(kLaneUnits / 2.0 * (1.0 - std::clamp(value / scale, -1.0, 1.0)));
}

// A closed shape between an upper and a lower line, one step per column; heights as whole units
// relative to the step before, which is what keeps the page small.
template <typename Upper, typename Lower>
std::string band_path(std::size_t columns, Upper upper, Lower lower) {
  std::string path;
  Out out(path);
  long y = upper(0);
  fmt::format_to(out, "M0 {}h.5l", y);
  for (std::size_t i = 1; i < columns; ++i) {
    const long next = upper(i);
    fmt::format_to(out, "1 {} ", next - y);
    y = next;
  }
  const long bottom = lower(columns - 1);
  fmt::format_to(out, "0 0h.5V{}h-.5l", bottom);
  y = bottom;
  for (std::size_t i = columns - 1; i-- > 0;) {
    const long next = lower(i);
    fmt::format_to(out, "-1 {} ", next - y);
    y = next;
  }
  fmt::format_to(out, "0 0h-.5z");
  return path;
}

void draw_lane(Out out, const Envelope& lane, std::string_view name, double scale) {
  const std::size_t columns = lane.columns().size();
  const double width =
      static_cast<double>(lane.frames()) / static_cast<double>(lane.frames_per_column());
  fmt::format_to(out,
                 R"(<div class="lane"><span class="y top">{0:g}</span><span class="y">{1}</span>)"
                 R"(<span class="y bottom">−{0:g}</span><svg viewBox="0 0 {2:.6g} {3}" )"
                 R"(preserveAspectRatio="none" aria-hidden="true"><path class="outline" d=")",
                 scale, name, width, kLaneUnits);
  out = std::ranges::copy(
            band_path(
                columns, [&](std::size_t i) { return height_of(lane.columns()[i].max, scale); },
                [&](std::size_t i) { return height_of(lane.columns()[i].min, scale); }),
            out)
            .out;
  fmt::format_to(out, R"("/><path class="rms" d=")");
  out = std::ranges::copy(band_path(
                              columns, [&](std::size_t i) { return height_of(lane.rms(i), scale); },
                              [&](std::size_t i) { return height_of(-lane.rms(i), scale); }),
                          out)
            .out;
  fmt::format_to(out, "\"/></svg></div>\n");
}

}  // namespace

std::string waveform_rows(const Timeline& timeline) {
  std::string html;
  const double scale = lane_scale(timeline.peak());
  const std::vector<Envelope>& lanes = timeline.lanes();
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const char* name =
        lanes.size() == 2 ? (i == 0 ? "left" : "right") : (timeline.channels() > 1 ? "mix" : "");
    draw_lane(Out(html), lanes[i], name, scale);
  }
  return html;
}

}  // namespace remotemedia::cli::report

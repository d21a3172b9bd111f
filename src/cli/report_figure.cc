#include "cli/report_figure.h"

#include "cli/report_axis.h"
#include "cli/report_spectrogram_image.h"
#include "cli/report_text.h"
#include "cli/report_waveform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <vector>

namespace remotemedia::cli::report {
namespace {

using Out = std::back_insert_iterator<std::string>;

// Width of the drawings of marks, which the page stretches.
constexpr double kAxisUnits = 4000.0;

std::string spans_path(const SpanSet& set, double duration_s) {
  std::string path;
  Out out(path);
  // What is less than a unit apart is one mark; what is shorter than one is still seen.
  long begin = 0;
  long end = -1;
  const auto flush = [&] {
    if (end > begin) fmt::format_to(out, "M{} 0h{}v1H{}z", begin, end - begin, begin);
  };
  for (const Span& span : set.spans()) {
    const auto unit = [&](double time_s) {
      return std::lround(kAxisUnits * std::clamp(time_s / duration_s, 0.0, 1.0));
    };
    if (span.start_s >= duration_s) break;
    const long from = unit(span.start_s);
    const long to = std::max(from + 1, unit(span.end_s));
    if (from > end) {
      flush();
      begin = from;
    }
    end = std::max(end, to);
  }
  flush();
  return path;
}

void draw_marks(Out out, const std::string& speech, const std::vector<Tick>& ticks,
                double duration_s) {
  fmt::format_to(out,
                 R"(<svg class="marks" viewBox="0 0 {} 1" preserveAspectRatio="none" )"
                 R"(aria-hidden="true"><path class="speech" d="{}"/><path class="grid" d=")",
                 kAxisUnits, speech);
  for (const Tick& tick : ticks) {
    fmt::format_to(out, "M{:.1f} 0v1", kAxisUnits * tick.time_s / duration_s);
  }
  fmt::format_to(out, "\"/></svg>\n");
}

void draw_strip(Out out, std::string_view css, std::string_view name, const std::string& path) {
  fmt::format_to(out,
                 R"(<div class="strip {}"><span class="y">{}</span><svg viewBox="0 0 {} 1" )"
                 R"(preserveAspectRatio="none" aria-hidden="true"><path d="{}"/></svg></div>)"
                 "\n",
                 css, name, kAxisUnits, path);
}

void draw_axis(Out out, const std::vector<Tick>& ticks, double duration_s) {
  fmt::format_to(out, R"(<div class="axis" aria-hidden="true">)");
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    fmt::format_to(out, R"(<span{} style="left:{:.3f}%">{}</span>)",
                   i % 2 == 1 ? R"( class="odd")" : "", 100.0 * ticks[i].time_s / duration_s,
                   ticks[i].text);
  }
  fmt::format_to(out, "</div>\n");
}

std::string spoken_summary(const Timeline& timeline, const Speech& speech) {
  std::string text = fmt::format("Waveform and spectrogram of {} of {} audio, peak {}",
                                 duration_text(timeline.duration_s()),
                                 channels_text(timeline.channels()), level_text(timeline.peak()));
  if (speech.known()) {
    text += fmt::format("; speech in {}, {} in total", counted(speech.marked().count(), "place"),
                        duration_text(speech.marked().total_s()));
  }
  return text;
}

}  // namespace

std::string timeline_figure(const Timeline& timeline, const Speech& speech) {
  const double duration_s = timeline.duration_s();
  const std::vector<Tick> ticks = time_ticks(duration_s);
  const std::string marks = spans_path(speech.marked(), duration_s);
  std::string html;
  Out out(html);
  fmt::format_to(out,
                 R"(<figure class="timeline"><div class="plot" role="img" aria-label="{}">)"
                 "\n",
                 escaped(spoken_summary(timeline, speech)));
  draw_marks(out, marks, ticks, duration_s);
  if (speech.utterance_count() > 0) {
    draw_strip(out, "utterances", "utter.", spans_path(speech.utterance_union(), duration_s));
  }
  if (speech.has_segments()) draw_strip(out, "speech", "speech", marks);
  html += waveform_rows(timeline);
  html += spectrogram_row(timeline);
  draw_axis(out, ticks, duration_s);
  fmt::format_to(out, "</div><figcaption>{}</figcaption></figure>\n", tick_unit(duration_s));
  return html;
}

}  // namespace remotemedia::cli::report

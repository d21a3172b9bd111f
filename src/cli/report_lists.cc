#include "cli/report_lists.h"

#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace remotemedia::cli::report {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::size_t kMaxRows = 500;  // of spans in the page
constexpr std::size_t kOpenRows = 10;  // a longer list is closed but for its kFirstRows
constexpr std::size_t kFirstRows = 6;
constexpr std::size_t kMaxNodes = 200;  // those that took longest
constexpr std::size_t kMaxOutputs = 100;
constexpr std::size_t kMaxNameBytes = 80;

std::string and_more(std::uint64_t count, std::uint64_t shown) {
  if (count <= shown) return {};
  return fmt::format("<p class=\"more\">and {} more</p>\n", count_text(count - shown));
}

std::string output_name(const Graph& graph, std::size_t index) {
  const std::string& id = graph.nodes()[graph.outputs()[index]].id;
  return escaped(shortened(id, kMaxNameBytes));
}

// Rows [first, last) of the list.
std::string span_table(std::string_view caption, std::span<const Span> spans, std::size_t first,
                       std::size_t last) {
  std::string html;
  Out out(html);
  fmt::format_to(out,
                 "<table class=\"spans\"><caption>{}</caption><thead><tr><th scope=\"col\">#</th>"
                 "<th scope=\"col\">start</th><th scope=\"col\">end</th>"
                 "<th scope=\"col\">duration</th></tr></thead><tbody>\n",
                 caption);
  for (std::size_t i = first; i < last; ++i) {
    fmt::format_to(out, "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", i + 1,
                   clock_text(spans[i].start_s), clock_text(spans[i].end_s),
                   duration_text(spans[i].end_s - spans[i].start_s));
  }
  html += "</tbody></table>\n";
  return html;
}

std::string span_list(std::string_view noun, const std::vector<Span>& spans, std::uint64_t count,
                      double total_s) {
  const std::size_t shown = std::min({spans.size(), kMaxRows, SpanSet::kExactSpans});
  const std::size_t open = shown <= kOpenRows ? shown : kFirstRows;
  std::string html = span_table(
      fmt::format("{}, {} in total", counted(count, noun), duration_text(total_s)), spans, 0, open);
  if (open < shown) {
    html += fmt::format("<details><summary>{} to {}</summary>\n{}</details>\n", open + 1, shown,
                        span_table(counted(shown - open, noun), spans, open, shown));
  }
  return html + and_more(count, shown);
}

void audio_row(Out out, std::string_view name, const AudioResult& audio, std::string_view sample) {
  fmt::format_to(out,
                 "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{} {} {}</td><td>{}</td>"
                 "</tr>\n",
                 name, duration_text(audio.duration_s), count_text(audio.items),
                 rate_text(audio.rate), channels_text(audio.channels), sample,
                 level_text(audio.peak));
}

std::string milliseconds_text(double time_s) {
  const double ms = time_s * 1e3;
  return ms < 1000.0 ? fmt::format("{:.2f}", ms) : number_text(ms);
}

struct TimeRow {
  const char* css;   ///< class
  std::string name;  ///< as the next one, markup
  std::string type;
  double time_s = 0.0;
  double share = 0.0;
  std::uint64_t calls = 0;  ///< 0 = not counted in calls
  LatencySummary latency = {};
};

std::string microseconds_cell(Time time) {
  return fmt::format("<td>{:.1f}</td>", static_cast<double>(time.count()) * 1e-3);
}

void time_row(Out out, const TimeRow& row) {
  fmt::format_to(
      out,
      "<tr class=\"{}\"><th scope=\"row\">{}{}</th><td class=\"bar\"><svg viewBox=\"0 0 100 1\" "
      "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{:.2f}\" "
      "height=\"1\"/></svg></td><td>{}</td><td>{}</td>",
      row.css, row.name, row.type, 100.0 * std::clamp(row.share, 0.0, 1.0), percent_text(row.share),
      milliseconds_text(row.time_s));
  if (row.calls > 0) {
    fmt::format_to(out, "<td>{}</td><td>{:.1f}</td>{}{}{}</tr>\n", count_text(row.calls),
                   row.time_s * 1e6 / static_cast<double>(row.calls),
                   microseconds_cell(row.latency.p50), microseconds_cell(row.latency.p95),
                   microseconds_cell(row.latency.p99));
  } else {
    fmt::format_to(out, "<td></td><td></td><td></td><td></td><td></td></tr>\n");
  }
}

TimeRow row_of(const NodeMetrics& node, double whole_s) {
  const double time_s = seconds(node.total);
  return {
      .css = "of-node",
      .name = escaped(shortened(node.node_id, kMaxNameBytes)),
      .type = fmt::format("<small>{}</small>", escaped(shortened(node.node_type, kMaxNameBytes))),
      .time_s = time_s,
      .share = whole_s > 0.0 ? time_s / whole_s : 0.0,
      .calls = node.execution_count,
      .latency = node.latency};
}

}  // namespace

std::string cards(const std::vector<Card>& cards) {
  std::string html = "<dl class=\"cards\">\n";
  for (const Card& card : cards) {
    html += fmt::format("<div><dt>{}</dt><dd class=\"value\">{}</dd><dd>{}</dd></div>\n",
                        escaped(card.name), escaped(card.value), escaped(card.detail));
  }
  return html + "</dl>\n";
}

std::string speech_list(const Speech& speech) {
  std::string html;
  if (speech.utterance_count() > 0) {
    html += span_list("utterance", speech.utterances(), speech.utterance_count(),
                      speech.utterance_union().total_s());
  }
  if (speech.has_segments()) {
    const SpanSet& segments = speech.segments();
    html += segments.count() == 0 ? "<p>No speech was found.</p>\n"
                                  : span_list("speech segment", segments.spans(), segments.count(),
                                              segments.total_s());
  }
  return html;
}

std::string audio_table(const Graph& graph, const Timeline& input, const Results& results) {
  std::string html =
      "<table class=\"audio\"><caption>What went in and what came out</caption><thead><tr>"
      "<th scope=\"col\">audio</th><th scope=\"col\">duration</th><th scope=\"col\">blocks</th>"
      "<th scope=\"col\">format</th><th scope=\"col\">peak</th></tr></thead><tbody>\n";
  Out out(html);
  if (input.rate() > 0) {
    audio_row(out, "input",
              {.items = input.blocks(),
               .duration_s = input.duration_s(),
               .rate = input.rate(),
               .channels = input.channels(),
               .peak = input.peak()},
              {});
  }
  std::size_t rows = 0;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < results.audio().size(); ++i) {
    if (results.audio()[i].items == 0) continue;
    if (rows++ < kMaxOutputs) {
      audio_row(out, output_name(graph, i) + "<small>output</small>", results.audio()[i],
                sample_text(results.audio()[i].format));
    } else {
      ++left_out;
    }
  }
  html += "</tbody></table>\n";
  if (rows == 0) html += "<p>No audio came out.</p>\n";
  return html + and_more(left_out, 0);
}

std::string other_results(const Graph& graph, const Results& results) {
  if (results.other_count() == 0) return {};
  std::string html = fmt::format(
      "<table class=\"others\"><caption>{} without audio</caption><thead><tr><th scope=\"col\">time"
      "</th><th scope=\"col\">output</th><th scope=\"col\">kind</th><th scope=\"col\">result</th>"
      "</tr></thead><tbody>\n",
      counted(results.other_count(), "result"));
  for (const OtherResult& result : results.others()) {
    fmt::format_to(Out(html),
                   "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
                   clock_text(result.time_s), output_name(graph, result.output), result.kind,
                   escaped(result.text));
  }
  return html + "</tbody></table>\n" + and_more(results.other_count(), results.others().size());
}

std::string node_times(const Metrics& metrics, double wall_seconds) {
  double nodes_s = 0.0;
  for (const NodeMetrics& node : metrics.nodes) nodes_s += seconds(node.total);
  // Clocks that were read one after another may disagree by a little.
  const double whole_s = std::max(wall_seconds, nodes_s);

  std::vector<std::size_t> order(metrics.nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > kMaxNodes) {
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](std::size_t i) { return metrics.nodes[i].total; });
    order.resize(kMaxNodes);
    std::ranges::sort(order);
  }
  std::string html =
      "<table class=\"nodes\"><caption>Share of the processing time</caption><thead><tr>"
      "<th scope=\"col\">node</th><td></td><th scope=\"col\">share</th><th scope=\"col\">ms</th>"
      "<th scope=\"col\">calls</th><th scope=\"col\">µs per call</th><th scope=\"col\">p50</th>"
      "<th scope=\"col\">p95</th><th scope=\"col\">p99</th></tr></thead><tbody>\n";
  Out out(html);
  for (const std::size_t index : order) time_row(out, row_of(metrics.nodes[index], whole_s));
  const double rest_s = whole_s - nodes_s;
  time_row(out, {.css = "rest",
                 .name = "reading, writing and the rest",
                 .type = {},
                 .time_s = rest_s,
                 .share = whole_s > 0.0 ? rest_s / whole_s : 0.0});
  html += "</tbody></table>\n";
  return html + and_more(metrics.nodes.size(), order.size());
}

}  // namespace remotemedia::cli::report

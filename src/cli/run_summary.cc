#include "cli/graph_source.h"
#include "cli/run_result.h"
#include "cli/table.h"
#include "cli/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace remotemedia::cli {
namespace {

/// More segments than this are counted: they are seen better in the report.
constexpr std::size_t kMaxSegmentLines = 12;

std::string describe_audio(double duration_s, int rate, int channels) {
  return fmt::format("{}, {} Hz, {}", spoken_duration(duration_s), rate,
                     counted(static_cast<std::uint64_t>(channels), "channel"));
}

std::string describe_input(const InputResult& input) {
  if (!input.audio) return fmt::format("{}: {}", input.path, counted(input.items, "item"));
  return fmt::format("{}: {}, {} {}", input.path,
                     describe_audio(input.duration_s(), input.audio->rate, input.audio->channels),
                     input.audio->container, input.audio->codec);
}

std::string describe_output(const OutputResult& output, bool only_output) {
  std::string text = only_output ? "" : fmt::format("'{}' ", output.node);
  if (!output.path.empty()) text += output.path + ": ";
  if (output.packets == 0) return text + "nothing";
  if (output.rate == 0) return text + counted(output.packets, "result");
  text += fmt::format("{}, {}", describe_audio(output.duration_s(), output.rate, output.channels),
                      to_string(output.format));
  if (output.clip_count > 0) text += fmt::format(", in {}", counted(output.clip_count, "clip"));
  if (output.path.empty()) text += " (not written: no -o)";
  return text;
}

std::string interval(double start_s, double end_s) {
  return fmt::format("{:9.2f} .. {:.2f} s", start_s, end_s);
}

void print_speech(const Value::Array& segments, double audio_s) {
  const double speech_s = total_speech_s(segments);
  fmt::print("\nspeech: {} in {}, {:.0f} %\n", spoken_duration(speech_s),
             counted(segments.size(), "segment"), audio_s > 0 ? 100 * speech_s / audio_s : 0.0);
  const bool all = segments.size() <= kMaxSegmentLines;
  const std::size_t shown = all ? segments.size() : kMaxSegmentLines - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    const Value::Array& bounds = *segments[i].as_array();
    fmt::print("{}\n", interval(bounds[0].number(), bounds[1].number()));
  }
  if (!all) fmt::print("          ... {} more (--json lists all)\n", segments.size() - shown);
}

void print_clips(const OutputResult& output, const Terminal& terminal) {
  Table table({{"clip", Table::Align::right},
               {"start", Table::Align::right},
               {"end", Table::Align::right},
               {"length", Table::Align::right},
               {""}});
  for (std::size_t i = 0; i < output.clips.size(); ++i) {
    const Clip& clip = output.clips[i];
    table.add({std::to_string(i + 1), fmt::format("{:.2f} s", clip.start_s),
               fmt::format("{:.2f} s", clip.end_s),
               fmt::format("{:.2f} s", clip.end_s - clip.start_s), clip.path});
  }
  fmt::print("\n{}", table.text(terminal));
  if (output.clip_count > output.clips.size()) {
    fmt::print("... {} more\n", output.clip_count - output.clips.size());
  }
}

std::vector<std::string> time_row(const std::string& name, const std::string& type,
                                  const std::string& calls, double time_s, double wall_s) {
  return {name, type, calls, fmt::format("{:.2f} ms", time_s * 1e3),
          fmt::format("{:.1f} %", wall_s > 0 ? 100 * time_s / wall_s : 0.0)};
}

void print_times(const RunResult& result, const Terminal& terminal) {
  Table table({{"node"},
               {"type"},
               {"calls", Table::Align::right},
               {"time", Table::Align::right},
               {"share", Table::Align::right}});
  double rest_s = result.wall_s;
  for (const NodeMetrics& node : result.metrics.nodes) {
    table.add(time_row(node.node_id, node.node_type, std::to_string(node.execution_count),
                       seconds(node.total), result.wall_s));
    rest_s -= seconds(node.total);
  }
  table.add(time_row("", "files and all else", "", std::max(0.0, rest_s), result.wall_s));
  fmt::print("\n{}", table.text(terminal));
}

std::string describe_work(const RunResult& result, double audio_s) {
  if (audio_s > 0 || !result.input || result.input->audio) {
    return spoken_duration(audio_s) + " of audio";
  }
  return counted(result.input->items, "item");
}

void print_speed(const RunResult& result, const Terminal& terminal) {
  const double audio_s = result.audio_s();
  constexpr double kMebibyte = 1024.0 * 1024.0;
  std::string speed;
  if (audio_s > 0 && result.wall_s > 0) {
    speed = fmt::format(": {}, real-time factor {}",
                        terminal.strong(significant(audio_s / result.wall_s) + " x real time"),
                        significant(result.wall_s / audio_s));
  }
  fmt::print("\n{} in {} s{}; peak memory {:.0f} MB\n", describe_work(result, audio_s),
             significant(result.wall_s), speed,
             static_cast<double>(result.metrics.peak_memory_bytes) / kMebibyte);
}

void print_files(const RunResult& result, const Terminal& terminal) {
  Table table({{""}, {""}});
  table.add({"graph", result.graph->name()});
  if (result.input) table.add({"input", describe_input(*result.input)});
  for (const OutputResult& output : result.outputs) {
    table.add({"output", describe_output(output, result.outputs.size() == 1)});
  }
  if (!result.report_path.empty()) table.add({"report", result.report_path});
  if (!result.metrics_path.empty()) table.add({"metrics", result.metrics_path});
  if (!result.trace_path.empty()) table.add({"trace", result.trace_path});
  fmt::print("{}", table.text(terminal));
}

}  // namespace

void print_run(const RunResult& result) {
  const Terminal terminal(stdout);
  const bool printed = std::ranges::any_of(result.outputs, [](const OutputResult& output) {
    return output.kind == PayloadKind::text || output.kind == PayloadKind::json;
  });
  if (printed) fmt::print("\n");
  print_files(result, terminal);
  for (const OutputResult& output : result.outputs) {
    if (const auto* segments = output.speech_segments()) print_speech(*segments, result.audio_s());
    if (!output.clips.empty()) print_clips(output, terminal);
  }
  print_times(result, terminal);
  print_speed(result, terminal);
}

}  // namespace remotemedia::cli

#include "cli/run_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace remotemedia::cli {
namespace {

double number_or(const Object& metadata, std::string_view name, double otherwise) {
  const Value* value = metadata.find(name);
  return value != nullptr && value->is_number() ? value->number() : otherwise;
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value clips_to_value(const std::vector<Clip>& clips) {
  Value::Array list;
  for (const Clip& clip : clips) {
    list.emplace_back(Object{
        {"start_s", clip.start_s}, {"end_s", clip.end_s}, {"path", text_or_null(clip.path)}});
  }
  return list;
}

Value input_to_value(const InputResult& input) {
  if (!input.audio) return Object{{"path", input.path}, {"items", input.items}};
  return Object{{"path", input.path},
                {"duration_s", input.duration_s()},
                {"frames", input.frames},
                {"sample_rate", input.audio->rate},
                {"channels", input.audio->channels},
                {"container", input.audio->container},
                {"codec", input.audio->codec}};
}

Value output_to_value(const OutputResult& output) {
  Object value{{"node", output.node},
               {"kind", to_string(output.kind)},
               {"packets", output.packets},
               {"path", text_or_null(output.path)}};
  if (output.rate != 0) {
    value.set("duration_s", output.duration_s());
    value.set("frames", output.frames);
    value.set("sample_rate", output.rate);
    value.set("channels", output.channels);
    value.set("sample_format", to_string(output.format));
  }
  if (const Value::Array* segments = output.speech_segments()) {
    value.set("speech_s", total_speech_s(*segments));
    value.set("speech_segments", *segments);
  }
  value.set("clip_count", output.clip_count);
  value.set("clips", clips_to_value(output.clips));
  return value;
}

}  // namespace

void OutputResult::add(const Packet& packet, const std::string& file) {
  if (packets++ == 0) kind = packet.kind();
  if (const PacketList* list = packet.list()) {
    for (const Packet& part : **list) {
      if (const AudioBuffer* audio = part.audio()) add_audio(part, *audio, file);
    }
  } else if (const AudioBuffer* audio = packet.audio()) {
    add_audio(packet, *audio, file);
  }
}

void OutputResult::add_audio(const Packet& packet, const AudioBuffer& audio,
                             const std::string& file) {
  if (rate == 0) {
    rate = audio.rate();
    channels = audio.channels();
    format = audio.format();
  }
  frames += audio.frames();
  duration += frame_time(audio.frames(), audio.rate());
  const Value* segments = packet.metadata.find("speech_segments");
  const Value::Array* listed = speech_segments();
  if (segments != nullptr && (listed == nullptr || listed->size() < kMaxListed)) {
    joined.add(Object{{"speech_segments", *segments}});
  }
  if (!packet.ends_clip || ++clip_count > kMaxListed) return;
  const double start_s = number_or(packet.metadata, "start_s", seconds(packet.timestamp));
  const double end_s = number_or(packet.metadata, "end_s", start_s + audio.duration_s());
  clips.push_back({start_s, end_s, file});
}

const Value::Array* OutputResult::speech_segments() const {
  const Value* segments = joined.result().find("speech_segments");
  return segments == nullptr ? nullptr : segments->as_array();
}

double RunResult::audio_s() const {
  if (input && input->audio) return input->duration_s();
  double longest = 0;
  for (const OutputResult& output : outputs) longest = std::max(longest, output.duration_s());
  return longest;
}

double total_speech_s(const Value::Array& segments) {
  double total = 0;
  for (const Value& segment : segments) {
    const Value::Array* bounds = segment.as_array();
    if (bounds == nullptr || bounds->size() != 2) continue;
    total += (*bounds)[1].number() - (*bounds)[0].number();
  }
  return total;
}

Value run_to_value(const RunResult& result) {
  Value::Array outputs;
  for (const OutputResult& output : result.outputs) outputs.push_back(output_to_value(output));
  Value::Array warnings(result.graph->warnings().begin(), result.graph->warnings().end());
  const double audio_s = result.audio_s();
  return Object{{"status", "ok"},
                {"graph", result.graph->name()},
                {"input", result.input ? input_to_value(*result.input) : Value()},
                {"outputs", std::move(outputs)},
                {"report", text_or_null(result.report_path)},
                {"metrics_file", text_or_null(result.metrics_path)},
                {"trace_file", text_or_null(result.trace_path)},
                {"audio_s", audio_s},
                {"processing_s", result.wall_s},
                {"real_time_factor", audio_s > 0 ? Value(result.wall_s / audio_s) : Value()},
                {"times_real_time", audio_s > 0 ? Value(audio_s / result.wall_s) : Value()},
                {"metrics", metrics_to_value(result.metrics)},
                {"warnings", std::move(warnings)}};
}

void print_packet(const OutputResult& output, const Packet& packet, bool json, bool only_output) {
  const std::string* text = packet.text();
  if (json) {
    const Value value = text != nullptr ? Value(*text) : require_value(packet);
    fmt::print("{}\n", to_json(Object{{"node", output.node},
                                      {"time_s", seconds(packet.timestamp)},
                                      {text != nullptr ? "text" : "value", value}}));
    std::fflush(stdout);  // whoever reads them wants them as they come
    return;
  }
  const std::string shown = text != nullptr ? *text : to_json(require_value(packet));
  fmt::print("{}{}\n", only_output ? "" : output.node + ": ", shown);
  std::fflush(stdout);
}

}  // namespace remotemedia::cli

#include "cli/report.h"

#include "cli/report_figure.h"
#include "cli/report_graph.h"
#include "cli/report_lists.h"
#include "cli/report_page.h"
#include "cli/report_text.h"
#include "remotemedia/base/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::cli {

using namespace report;

namespace {

constexpr std::size_t kMaxTitleBytes = 200;
constexpr std::size_t kMaxTextBytes = 2'000;
constexpr std::size_t kMaxFiles = 20;

// Without the sample format: blocks are read as float whatever the file holds.
std::string input_format(const Timeline& audio) {
  if (audio.rate() == 0) return {};
  return fmt::format("{} {}", rate_text(audio.rate()), channels_text(audio.channels()));
}

void add_file(std::string& list, std::string_view what, std::string_view text) {
  if (text.empty()) return;
  list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", what, escaped(text));
}

Card duration_card(const Timeline& audio) {
  return {"Audio", duration_text(audio.duration_s()),
          audio.rate() > 0 ? input_format(audio) : "no audio was read"};
}

Card speed_card(double audio_seconds, double wall_seconds) {
  if (audio_seconds <= 0.0 || wall_seconds <= 0.0) return {"Speed", "–", "nothing to measure"};
  return {"Speed", number_text(audio_seconds / wall_seconds) + "×",
          "real time, factor " + number_text(wall_seconds / audio_seconds)};
}

Card speech_card(const Speech& speech, double audio_seconds) {
  const SpanSet& marked = speech.marked();
  const double share = audio_seconds > 0.0 ? std::min(1.0, marked.total_s() / audio_seconds) : 0.0;
  return {speech.has_segments() ? "Speech" : "Utterances", percent_text(share),
          fmt::format("{} in {}", duration_text(marked.total_s()),
                      speech.has_segments() ? counted(marked.count(), "segment")
                                            : counted(speech.utterance_count(), "utterance"))};
}

Card output_card(const Results& results) {
  const auto used =
      std::ranges::count_if(results.audio(), [](const AudioResult& r) { return r.items > 0; });
  const auto first =
      std::ranges::find_if(results.audio(), [](const AudioResult& r) { return r.items > 0; });
  if (first == results.audio().end()) {
    return {"Output", results.other_count() > 0 ? counted(results.other_count(), "result") : "–",
            "no audio"};
  }
  return {"Output", rate_text(first->rate),
          fmt::format("{} {}{}", channels_text(first->channels), sample_text(first->format),
                      used > 1 ? fmt::format(", {} outputs", used) : "")};
}

/// Adds the time until its end to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(std::chrono::nanoseconds& sum) : sum_(sum) {}
  ~Stopwatch() { sum_ += std::chrono::steady_clock::now() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::chrono::nanoseconds& sum_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

Report::Report(std::shared_ptr<const Graph> graph, ReportInfo info)
    : graph_(std::move(graph)), info_(std::move(info)), results_(graph_->outputs().size()) {}

void Report::add_input(const AudioBuffer& block) {
  const Stopwatch watch(own_time_);
  input_.add(block);
}

void Report::add_output(const Output& output) {
  const Stopwatch watch(own_time_);
  // Only where the results continue each other do they make one picture.
  if (graph_->inputs().empty() && output.index == 0 && graph_->continuous()) {
    if (const AudioBuffer* audio = output.packet.audio()) first_output_.add(*audio);
  }
  add_speech(output.packet);
  results_.add(output);
}

// A list, as a BufferNode makes it, says what its items say.
void Report::add_speech(const Packet& packet) {
  if (const PacketList* list = packet.list()) {
    for (const Packet& item : **list) add_speech(item);
  } else {
    speech_.add(packet.metadata);
  }
}

std::string Report::name() const {
  return shortened(graph_->name().empty() ? "Pipeline" : graph_->name(), kMaxTitleBytes);
}

std::string Report::header() const {
  std::string html = fmt::format("<header>\n<h1>{}</h1>\n", escaped(name()));
  if (!info_.description.empty()) {
    html += fmt::format("<p>{}</p>\n", escaped(shortened(info_.description, kMaxTextBytes)));
  }
  std::string files;
  add_file(files, "Input", info_.input.string());
  for (std::size_t i = 0; i < info_.outputs.size() && i < kMaxFiles; ++i) {
    add_file(files, "Output", info_.outputs[i].string());
  }
  if (info_.outputs.size() > kMaxFiles) {
    add_file(files, "Output", fmt::format("and {} more", info_.outputs.size() - kMaxFiles));
  }
  add_file(files, "Graph", info_.graph_file.string());
  add_file(files, "Finished", info_.finished_at);
  if (!files.empty()) html += "<dl class=\"files\">\n" + files + "</dl>\n";
  return html + "</header>\n";
}

std::string Report::html(const Metrics& metrics, double wall_seconds) const {
  const Timeline& audio = input_.empty() && graph_->inputs().empty() ? first_output_ : input_;
  const double audio_seconds = audio.duration_s();

  std::vector<Card> numbers{duration_card(audio),
                            {"Processing", duration_text(wall_seconds),
                             counted(metrics.total_executions, "block") + " through the graph"},
                            speed_card(audio_seconds, wall_seconds)};
  if (speech_.known()) numbers.push_back(speech_card(speech_, audio_seconds));
  numbers.push_back({"Memory", bytes_text(metrics.peak_memory_bytes), "peak of the program"});
  numbers.push_back(output_card(results_));

  const InputLabel input{info_.input.filename().string(), input_format(input_)};
  std::string body = "<main>\n" + header() + cards(numbers);
  if (!audio.empty()) body += section("Over time", timeline_figure(audio, speech_));
  body += "<div class=\"halves\">\n" + section("Speech", speech_list(speech_)) +
          section("Audio", audio_table(*graph_, input_, results_)) + "</div>\n";
  body += section("Other results", other_results(*graph_, results_));
  body += section("Where the time went", node_times(metrics, wall_seconds));
  body += section("Graph", graph_picture(*graph_, input, results_, metrics));
  body += fmt::format("</main>\n<footer>RemoteMedia SDK {}</footer>\n", kVersion);

  const std::string file = info_.input.filename().string();
  return page(file.empty() ? name() : fmt::format("{} · {}", name(), file), body);
}

}  // namespace remotemedia::cli

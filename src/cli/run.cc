#include "cli/run.h"

#include "cli/graph_source.h"
#include "cli/interruption.h"
#include "cli/output_arguments.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/recording_file.h"
#include "cli/report.h"
#include "cli/run_input.h"
#include "cli/run_result.h"
#include "cli/text_file.h"
#include "remotemedia/graph/trace.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace remotemedia::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string node_list(const Graph& graph, const std::vector<std::size_t>& indices) {
  std::vector<std::string> names;
  names.reserve(indices.size());
  for (const std::size_t index : indices) names.push_back("'" + graph.nodes()[index].id + "'");
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_input(const Graph& graph, const std::string& input) {
  if (input.empty() && !graph.inputs().empty()) {
    throw UsageError(fmt::format("graph '{}' takes its input at {}, but there is no -i",
                                 graph.name(), node_list(graph, graph.inputs())),
                     "add -i FILE");
  }
  if (!input.empty() && graph.inputs().empty()) {
    throw UsageError(fmt::format("graph '{}' takes no input, as {} reads its own", graph.name(),
                                 node_list(graph, graph.sources())),
                     "leave -i out");
  }
}

bool same_file(const fs::path& one, const fs::path& other) {
  std::error_code ignored;  // of a file that is not there yet
  return fs::absolute(one).lexically_normal() == fs::absolute(other).lexically_normal() ||
         fs::equivalent(one, other, ignored);
}

// A file that is written twice, or over what is read, is a slip of the hand.
void check_paths_differ(const RunOptions& options,
                        const std::vector<std::optional<fs::path>>& outputs) {
  std::vector<fs::path> read;
  std::vector<fs::path> written;
  for (const std::string& path : {options.input, options.graph}) {
    if (!path.empty() && path != "-") read.emplace_back(path);
  }
  const auto add = [&](const fs::path& path) {
    if (path.empty()) return;
    for (const fs::path& other : read) {
      if (same_file(path, other) || is_clip_of(path, other)) {
        throw UsageError(fmt::format("{} would be written over {}, which is read", path.string(),
                                     other.string()),
                         "give the result its own name");
      }
    }
    for (const fs::path& other : written) {
      if (same_file(path, other)) {
        throw UsageError(fmt::format("{} would be written twice", path.string()),
                         "give each file its own name");
      }
    }
    written.push_back(path);
  };
  for (const std::optional<fs::path>& output : outputs) add(output.value_or(fs::path()));
  add(options.report);
  add(options.metrics);
  add(options.record);
  add(options.trace);
}

std::string metrics_text(const Metrics& metrics, const std::string& path) {
  const fs::path extension = fs::path(path).extension();
  if (extension == ".prom" || extension == ".txt") return metrics_to_prometheus(metrics);
  return metrics_to_json(metrics, 2) + "\n";
}

std::string time_of_day() {
  return fmt::format("{:%Y-%m-%d %H:%M:%S %z}", fmt::localtime(std::time(nullptr)));
}

/// One run, from the checked command line to the files under their names.
class Run {
 public:
  Run(const RunOptions& options, Program& program)
      : options_(options), program_(program), source_(load_graph(options.graph, program)) {
    result_.graph = source_.graph;
    const Graph& graph = *source_.graph;
    check_input(graph, options.input);
    const auto paths = assign_outputs(graph, options.outputs);
    check_paths_differ(options, paths);
    if (!options.input.empty()) {
      input_.emplace(options.input);
      result_.input = {.path = input_->path(), .audio = input_->audio()};
    }
    if (!options.report.empty()) check_text_output(options.report);
    if (!options.metrics.empty()) check_text_output(options.metrics);
    if (!options.trace.empty()) {
      check_text_output(options.trace);
      trace_ = std::make_shared<TraceRecorder>(graph.name());
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      result_.outputs.emplace_back(graph, graph.nodes()[graph.outputs()[i]].id);
      files_.push_back(paths[i] ? std::make_unique<OutputFile>(*paths[i]) : nullptr);
    }
    if (!options.report.empty()) open_report(paths);
    if (options.record.empty()) return;
    check_can_be_recorded(graph, "--record");
    recording_.emplace(options.record, recording_info(graph, source_.manifest));
  }

  RunResult execute() {
    const Clock::time_point start = Clock::now();
    const Interruption interruption;
    run_session();
    close_files();
    result_.wall_s = seconds_since(start) - (report_ ? report_->own_seconds() : 0.0);
    write_texts();
    return std::move(result_);
  }

 private:
  void open_report(const std::vector<std::optional<fs::path>>& paths) {
    ReportInfo info{.description = source_.manifest.description,
                    .graph_file = options_.graph == "-" ? "" : options_.graph,
                    .input = options_.input,
                    .outputs = {}};
    for (const auto& path : paths) {
      if (path) info.outputs.push_back(*path);
    }
    report_.emplace(source_.graph, std::move(info));
  }

  void run_session() {
    Session session(source_.graph, {.id = "run", .trace = trace_},
                    [this](const Output& output) { take(output); });
    const Interruption::Watch watch(session);
    progress_.emplace(input_ ? input_->expected_s() : 0.0);
    if (!source_.graph->sources().empty()) session.run_sources();
    if (input_) feed(session);
    if (recording_) recording_->add_finish();
    if (Interruption::signal() == 0) session.finish();
    progress_.reset();
    if (Interruption::signal() != 0) throw Interrupted(Interruption::signal());
    result_.metrics = session.metrics();
  }

  void feed(Session& session) {
    InputResult& read = *result_.input;
    input_->feed([&](Packet packet) {
      if (const AudioBuffer* audio = packet.audio()) {
        read.frames += audio->frames();
        if (report_) report_->add_input(*audio);
      } else {
        ++read.items;
      }
      if (recording_) recording_->add_input(packet);
      session.push(std::move(packet));
      if (read.audio) progress_->update(read.duration_s());
      return Interruption::signal() == 0;
    });
  }

  // The session's sink.
  void take(const Output& output) {
    const Packet& packet = output.packet;
    OutputResult& result = result_.outputs[output.index];
    const std::unique_ptr<OutputFile>& file = files_[output.index];
    if (recording_) recording_->add_output(output);
    if (file) write(*file, packet, result.node);
    result.add(packet, file ? file->current_path() : "");
    if (report_) report_->add_output(output);
    if (!input_) progress_->update(result.duration_s());
    if (file || packet.audio() != nullptr || packet.list() != nullptr) return;
    progress_->clear();
    print_packet(result, packet, program_.json, result_.outputs.size() == 1);
  }

  static void write(OutputFile& file, const Packet& packet, const std::string& node) {
    try {
      file.write(packet);
    } catch (const Error& error) {
      if (error.details().contains("path")) throw;
      // What is wrong with the audio does not say yet whose audio it is.
      throw Error(error.code(),
                  fmt::format("output '{}' to {}: {}", node, file.path().string(), error.message()),
                  error.hint());
    }
  }

  // All or nothing: what can be wrong with any of them is found before the first gets its name.
  void close_files() {
    for (const std::unique_ptr<OutputFile>& file : files_) {
      if (file) file->check_audio_came();
    }
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!files_[i]) continue;
      files_[i]->close();
      result_.outputs[i].path = files_[i]->path().string();
    }
  }

  void write_texts() {
    if (recording_) recording_->close();
    if (report_) {
      report_->set_finished_at(time_of_day());
      write_text_file(options_.report, report_->html(result_.metrics, result_.wall_s));
      result_.report_path = options_.report;
    }
    if (trace_) {
      write_text_file(options_.trace, trace_->to_json());
      result_.trace_path = options_.trace;
    }
    if (options_.metrics.empty()) return;
    write_text_file(options_.metrics, metrics_text(result_.metrics, options_.metrics));
    result_.metrics_path = options_.metrics;
  }

  const RunOptions& options_;
  Program& program_;
  GraphSource source_;
  RunResult result_;
  std::optional<RunInput> input_;
  std::vector<std::unique_ptr<OutputFile>> files_;  ///< per output of the graph; may be null
  std::optional<Report> report_;
  std::optional<RecordingFile> recording_;
  std::shared_ptr<TraceRecorder> trace_;  ///< may be null
  std::optional<ProgressLine> progress_;
};

}  // namespace

int run_graph(const RunOptions& options, Program& program) {
  if (options.input == "-" && options.graph == "-") {
    throw UsageError("GRAPH and -i are both standard input", "give one of them as a file");
  }
  const RunResult result = Run(options, program).execute();
  if (program.json) {
    fmt::print("{}\n", to_json(run_to_value(result)));
  } else {
    print_run(result);
  }
  return success;
}

}  // namespace remotemedia::cli

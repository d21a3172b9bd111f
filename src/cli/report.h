#pragma once

#include "cli/report_results.h"
#include "cli/report_speech.h"
#include "cli/report_timeline.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"
#include "remotemedia/graph/session.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::cli {

/// What the page says of a run beside what the run itself tells. All of it may be empty.
struct ReportInfo {
  std::string description = {};                     ///< of the graph, from its manifest
  std::filesystem::path graph_file = {};            ///< where the manifest came from
  std::filesystem::path input = {};                 ///< the audio file that was read
  std::vector<std::filesystem::path> outputs = {};  ///< the files that were written
  std::string finished_at = {};                     ///< date and time as it shall be read
};

/// The page that `run --report` writes: one HTML file that needs nothing else, with the waveform,
/// spectrogram and speech of the input, the results, the time of each node and the graph.
///
/// Fed while the graph runs, on the thread that runs it. Memory is bounded whatever the length of
/// the stream, about 2 MB.
class Report {
 public:
  Report(std::shared_ptr<const Graph> graph, ReportInfo info);

  /// The next block that was read, before or after it was pushed. Blocks of one stream: what
  /// differs from the first one in rate or channels is left out.
  void add_input(const AudioBuffer& block);
  /// A result, as the session's sink gets it.
  void add_output(const Output& output);

  /// What add_input() and add_output() took, which is no part of the run.
  [[nodiscard]] double own_seconds() const {
    return std::chrono::duration<double>(own_time_).count();
  }

  /// Known only once the run is over.
  void set_finished_at(std::string text) { info_.finished_at = std::move(text); }
  /// The page. `wall_seconds` is the time that the run took, reading and writing included.
  [[nodiscard]] std::string html(const Metrics& metrics, double wall_seconds) const;

 private:
  void add_speech(const Packet& packet);
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string header() const;

  std::shared_ptr<const Graph> graph_;
  ReportInfo info_;
  report::Timeline input_;
  report::Timeline first_output_;  ///< shown where a graph reads its input itself
  report::Speech speech_;
  report::Results results_;
  std::chrono::nanoseconds own_time_{0};
};

}  // namespace remotemedia::cli

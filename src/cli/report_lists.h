#pragma once

#include "cli/report_results.h"
#include "cli/report_speech.h"
#include "cli/report_timeline.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"

#include <string>
#include <vector>

namespace remotemedia::cli::report {

/// A number that stands for the run: what it is, the number, and what it is made of.
struct Card {
  std::string name;
  std::string value;
  std::string detail;
};
std::string cards(const std::vector<Card>& cards);

/// Utterances, or else segments of speech, with start, end and duration. Closed when long.
std::string speech_list(const Speech& speech);

/// What went in and came out as audio: a row for the input, if there is any, and for each output.
std::string audio_table(const Graph& graph, const Timeline& input, const Results& results);

/// Results that are no audio. Empty if there are none.
std::string other_results(const Graph& graph, const Results& results);

/// Each node's share of the run, with a bar, and what was spent outside of nodes.
std::string node_times(const Metrics& metrics, double wall_seconds);

}  // namespace remotemedia::cli::report

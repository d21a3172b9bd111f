#include "cli/replay.h"

#include "cli/graph_source.h"
#include "cli/interruption.h"
#include "cli/recording_file.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/nodes/builtin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

/// Where a replay left the recording. Packets count from 0 on each output.
struct Divergence {
  std::string output;
  std::uint64_t packet = 0;
  PacketDifference what;
};

/// One replay. Inputs and outputs are read apart, so that it does not matter between which inputs
/// an output came.
class Replay {
 public:
  Replay(const ReplayOptions& options, Program& program)
      : inputs_(open_recording(options.recording)), outputs_(open_recording(options.recording)) {
    recorded_ = inputs_.info();
    if (options.graph.empty()) {
      source_.manifest = parse_manifest(Document{.root = recorded_.manifest, .lines = {}});
      source_.graph = Graph::build(source_.manifest, builtin_nodes());
    } else {
      source_ = load_graph(options.graph, program);
    }
    check_can_be_recorded(*source_.graph, options.recording);
    here_ = recording_info(*source_.graph, source_.manifest);
    if (here_.outputs != recorded_.outputs) {
      throw UsageError(
          fmt::format("the graph gives its results at {}, the recorded one at {}",
                      fmt::join(here_.outputs, ", "), fmt::join(recorded_.outputs, ", ")),
          "replay with a graph of the same outputs");
    }
    counts_.resize(here_.outputs.size());
  }

  void execute() {
    const Interruption interruption;
    Session session(source_.graph, {.id = "run"}, [&](const Output& output) {
      compare(output);
      if (divergence_) session_->stop();
    });
    session_ = &session;
    const Interruption::Watch watch(session);
    while (!divergence_ && Interruption::signal() == 0) {
      std::optional<RecordedInput> input = inputs_.next_input();
      if (!input) break;
      if (input->is_finish) {
        session.finish();
      } else {
        ++input_count_;
        session.push(std::move(input->packet));
      }
    }
    if (Interruption::signal() != 0) throw Interrupted(Interruption::signal());
    if (!divergence_) expect_no_more();
  }

  [[nodiscard]] bool is_equal() const { return !divergence_; }

  [[nodiscard]] Value to_value(const std::string& path) const {
    const auto side = [](const RecordingInfo& info) {
      return Object{{"library", info.library}, {"simd_target", info.simd}};
    };
    return Object{{"status", is_equal() ? "equal" : "different"},
                  {"recording", path},
                  {"graph", source_.graph->name()},
                  {"inputs", input_count_},
                  {"outputs", total()},
                  {"recorded_with", side(recorded_)},
                  {"replayed_with", side(here_)},
                  {"difference", is_equal() ? Value() : difference_to_value()}};
  }

  void print() const {
    if (is_equal()) {
      fmt::print("equal: {} in, {} out, bit for bit\n", counted(input_count_, "packet"),
                 counted(total(), "packet"));
    } else {
      fmt::print("different: output '{}', packet {}: {}\n", divergence_->output,
                 divergence_->packet, description());
    }
    if (recorded_.library != here_.library || recorded_.simd != here_.simd) {
      fmt::print("recorded with {} on {}, replayed with {} on {}\n", recorded_.library,
                 recorded_.simd, here_.library, here_.simd);
    }
  }

 private:
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }

  void compare(const Output& output) {
    if (divergence_) return;
    const std::uint64_t packet = counts_[output.index]++;
    const std::optional<RecordedOutput> expected = outputs_.next_output();
    const std::string& id = here_.outputs[output.index];
    if (!expected || expected->output != output.index) {
      const Value recorded = expected ? Value(here_.outputs[expected->output]) : Value();
      divergence_ = {id, packet, {"output", std::nullopt, std::nullopt, recorded, id}};
      return;
    }
    if (auto what = first_difference(expected->packet, output.packet)) {
      divergence_ = {id, packet, std::move(*what)};
    }
  }

  void expect_no_more() {
    const std::optional<RecordedOutput> missing = outputs_.next_output();
    if (!missing) return;
    const std::string& id = here_.outputs[missing->output];
    divergence_ = {id, counts_[missing->output], {"output", std::nullopt, std::nullopt, id, {}}};
  }

  [[nodiscard]] std::string description() const {
    const PacketDifference& what = divergence_->what;
    const auto shown = [](const Value& value) {
      return value.is_null() ? std::string("nothing") : to_json(value);
    };
    std::string place = what.field;
    if (what.frame) place += fmt::format(", frame {}, channel {}", *what.frame, *what.channel);
    return fmt::format("{}: recorded {}, replayed {}", place, shown(what.recorded),
                       shown(what.replayed));
  }

  [[nodiscard]] Value difference_to_value() const {
    const PacketDifference& what = divergence_->what;
    return Object{{"output", divergence_->output},
                  {"packet", divergence_->packet},
                  {"field", what.field},
                  {"frame", what.frame ? Value(*what.frame) : Value()},
                  {"channel", what.channel ? Value(*what.channel) : Value()},
                  {"recorded", what.recorded},
                  {"replayed", what.replayed}};
  }

  RecordingReader inputs_;
  RecordingReader outputs_;
  RecordingInfo recorded_;
  RecordingInfo here_;
  GraphSource source_;
  Session* session_ = nullptr;         ///< while it runs
  std::vector<std::uint64_t> counts_;  ///< of packets, per output
  std::uint64_t input_count_ = 0;
  std::optional<Divergence> divergence_;
};

}  // namespace

int replay(const ReplayOptions& options, Program& program) {
  Replay replay(options, program);
  replay.execute();
  if (program.json) {
    fmt::print("{}\n", to_json(replay.to_value(options.recording)));
  } else {
    replay.print();
  }
  return replay.is_equal() ? success : failure;
}

}  // namespace remotemedia::cli

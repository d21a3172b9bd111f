// remotemedia replay: runs a recording again and compares.

#include "cli/program.h"
#include "cli/replay.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace remotemedia::cli {
namespace {

constexpr const char* kReplayHelp = R"(Examples:
  remotemedia run speech.yaml -i talk.wav --record talk.rmrec
  remotemedia replay talk.rmrec
  remotemedia replay talk.rmrec --graph changed.yaml
  remotemedia replay talk.rmrec --json | jq .difference

Pushes the recorded packets through the recorded graph, or another one with the
same outputs, and compares bit for bit what comes out: samples, metadata, times.
Stops at the first difference and says where it is. Packets of an output, frames
and channels count from 0.

Exit codes: 0 equal; 1 different, or the recording is damaged; 2 wrong command
line; 130 interrupted.)";

}  // namespace

void add_replay_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("replay", "Run a recording again and compare");
  command->group("Commands")->footer(kReplayHelp);
  const auto options = std::make_shared<ReplayOptions>();
  command->add_option("RECORDING", options->recording, "What run --record has written")
      ->required()
      ->option_text(" ");
  command->add_option("--graph", options->graph, "Replay with this graph instead")
      ->option_text("FILE")
      ->type_name("FILE");
  command->add_flag("--json", program.json, "Print the result as JSON");
  command->callback([options, &program] {
    program.command = [options, &program] { return replay(*options, program); };
  });
}

}  // namespace remotemedia::cli

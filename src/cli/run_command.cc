// remotemedia run: streams an audio file through a graph.

#include "cli/graph_source.h"
#include "cli/run.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace remotemedia::cli {
namespace {

constexpr const char* kRunHelp = R"(Examples:
  remotemedia run speech.yaml -i talk.wav
  remotemedia run speech.yaml -i talk.wav -o out.flac --report report.html
  remotemedia run utterances.yaml -i talk.wav -o 'utterance-{n}.wav'
  remotemedia run two-outputs.yaml -i talk.wav -o clean=a.wav -o phone=b.opus
  remotemedia run speech.yaml -i talk.wav --metrics talk.prom --trace talk.json
  remotemedia run speech.yaml -i talk.wav --record talk.rmrec
  remotemedia run - -i talk.wav --json < speech.yaml | jq .real_time_factor
  echo '{"operation": "add", "args": [2, 3]}' | remotemedia run sum.yaml -i -

Reads wav, flac, ogg, opus, mp3, aiff, au and w64 of any length in constant
memory; items for graphs of text and numbers from a .jsonl file or standard
input. Text and JSON results are printed as they come. Without -o the audio is
processed and counted only.

Writes .wav (with the samples as the graph gives them), .flac, .ogg, .opus and
.mp3. {n} in the name of an output becomes 001, 002, ..., one file per clip; a
graph that cuts its input into clips needs it. A file name with '=' in it is
written ./a=b.wav.

Files get their names when they are complete: a failure or Ctrl-C leaves
nothing behind. Exit codes: 0 ok; 1 the graph, a file or the run failed; 2 wrong
command line; 130 interrupted.)";

}  // namespace

void add_run_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("run", "Send an audio file through a graph");
  command->group("Commands")->footer(kRunHelp);
  const auto options = std::make_shared<RunOptions>();
  add_graph_argument(*command, options->graph);
  command->add_option("-i,--input", options->input, "Audio file, or .jsonl or - for JSON items")
      ->option_text("FILE")
      ->type_name("FILE");
  command
      ->add_option("-o,--output", options->outputs,
                   "File for the audio that comes out.\n"
                   "NODE=FILE says which output is meant. Repeatable")
      ->allow_extra_args(false)
      ->option_text("[NODE=]FILE")
      ->type_name("FILE");
  command->add_option("--report", options->report, "Write a page with waveforms, speech and times")
      ->option_text("FILE.html")
      ->type_name("FILE");
  command
      ->add_option("--metrics", options->metrics,
                   "Write times and memory of each node as JSON, or\n"
                   "for Prometheus if the name ends in .prom or .txt")
      ->option_text("FILE")
      ->type_name("FILE");
  command->add_option("--trace", options->trace, "Write when each node ran, for Perfetto or Chrome")
      ->option_text("FILE.json")
      ->type_name("FILE");
  command->add_option("--record", options->record, "Keep inputs and results for replay")
      ->option_text("FILE.rmrec")
      ->type_name("FILE");
  command->add_flag("--json", program.json,
                    "Print a JSON line per text or JSON result,\n"
                    "then one about the run");
  command->callback([options, &program] {
    program.command = [options, &program] { return run_graph(*options, program); };
  });
}

}  // namespace remotemedia::cli

// The remotemedia program: finds the command, runs it, turns errors into exit codes.

#include "cli/program.h"
#include "remotemedia/base/log.h"
#include "remotemedia/base/nearest.h"
#include "remotemedia/base/version.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

constexpr const char* kProgramExamples = R"(Examples:
  remotemedia run speech.yaml -i talk.wav -o out.wav --report report.html
  remotemedia serve
  remotemedia validate speech.yaml
  remotemedia nodes describe VADNode
  remotemedia graph speech.yaml --mermaid

"remotemedia COMMAND --help" tells more. Exit codes: 0 ok; 1 a graph, a file or a
run failed; 2 wrong command line; 130 interrupted (128 + the signal's number).
Environment: REMOTEMEDIA_LOG_LEVEL (as --log-level), NO_COLOR.)";

constexpr std::array kLogLevels{
    std::pair{"debug", LogLevel::debug}, std::pair{"info", LogLevel::info},
    std::pair{"warning", LogLevel::warning}, std::pair{"error", LogLevel::error},
    std::pair{"off", LogLevel::off}};

void choose_log_level(const std::string& name) {
  const auto level = std::ranges::find_if(
      kLogLevels, [&](const auto& known) { return std::string_view(known.first) == name; });
  if (level == kLogLevels.end()) {
    throw UsageError(
        fmt::format("--log-level is '{}', expected debug, info, warning, error or off", name));
  }
  set_log_level(level->second);
}

void configure(CLI::App& app, Program& program) {
  app.name("remotemedia");
  app.set_version_flag("--version", std::string("remotemedia ") + kVersion,
                       "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.add_option_function<std::string>("--log-level", choose_log_level,
                                       "debug, info, warning (default), error or off")
      ->option_text("LEVEL")
      ->type_name("LEVEL");
  app.get_formatter()->label("Positionals", "Arguments");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->column_width(28);
  app.footer(kProgramExamples);
  // --log-level may follow the command. What CLI11 does not know is refused below, with the
  // nearest name that it does know.
  app.fallthrough();
  app.allow_extras();
  add_run_command(app, program);
#ifdef REMOTEMEDIA_WITH_SERVER
  add_serve_command(app, program);
#endif
  add_replay_command(app, program);
  add_validate_command(app, program);
  add_nodes_command(app, program);
  add_graph_command(app, program);
  add_doctor_command(app, program);
}

/// The innermost command that the line named.
CLI::App& chosen_app(CLI::App& app) {
  CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  return *chosen;
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

[[noreturn]] void refuse_extra(const CLI::App& chosen, const std::string& extra) {
  const std::string help = fmt::format("see '{} --help'", full_name(chosen));
  if (extra.starts_with("-")) {
    const std::string option = extra.substr(0, extra.find('='));
    const std::string known = nearest(option, option_names(chosen));
    throw UsageError(fmt::format("unknown option '{}'", option),
                     known.empty() ? help : fmt::format("did you mean '{}'?", known));
  }
  const std::vector<std::string> commands = command_names(chosen);
  if (!commands.empty()) {
    throw UsageError(fmt::format("unknown command '{}'", extra), did_you_mean(extra, commands));
  }
  throw UsageError(fmt::format("unexpected argument '{}'", extra), help);
}

void parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what(), fmt::format("see '{} --help'", full_name(chosen_app(app))));
  }
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) refuse_extra(chosen_app(app), extras.front());
}

int dispatch(CLI::App& app, Program& program, int argc, char** argv) {
  try {
    parse(app, argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // prints the help or the version
  }
  if (!program.command) {
    print_to_stderr(app.help());
    return wrong_usage;
  }
  const int code = program.command();
  if (std::fflush(stdout) != 0)
    throw Error("RM4000", "I/O error: cannot write to standard output", "");
  return code;
}

/// Otherwise a file that is opened later gets the number of a stream that the caller has closed:
/// reading the standard input would wait for ever, and what is printed would land in the file.
void occupy_closed_streams() {
  constexpr std::array<int, 3> kUselessModes = {O_WRONLY, O_RDONLY, O_WRONLY};  // 0, 1 fail
  for (int stream = 0; stream < static_cast<int>(kUselessModes.size()); ++stream) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", kUselessModes[stream]);
  }
}

int run_program(int argc, char** argv) {
  occupy_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit is an error, after which we clean up
  Program program;
  // Known before the line is parsed, as that is what may fail.
  program.json = std::any_of(argv, argv + argc,
                             [](const char* word) { return std::string_view(word) == "--json"; });
  try {
    CLI::App app("Runs media graphs: audio in, audio and speech segments out.");
    configure(app, program);
    return dispatch(app, program, argc, argv);
  } catch (const UsageError& error) {
    report_failure(error, program);
    return wrong_usage;
  } catch (const Interrupted& error) {
    report_failure(error, program);
    return signalled + error.signal();
  } catch (const Error& error) {
    report_failure(error, program);
  } catch (const std::exception& error) {
    report_failure(Error("RM0000", fmt::format("unexpected error: {}", error.what()), ""), program);
  }
  return failure;
}

}  // namespace
}  // namespace remotemedia::cli

int main(int argc, char** argv) { return remotemedia::cli::run_program(argc, argv); }

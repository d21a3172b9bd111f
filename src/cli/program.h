#pragma once

#include "remotemedia/base/error.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the name of the library
class App;
}

namespace remotemedia::cli {

/// What the program returns. A run that a signal ended gives kSignalled plus the signal's number:
/// 130 for Ctrl-C.
enum ExitCode : int { success = 0, failure = 1, wrong_usage = 2, signalled = 128 };

/// The command line is wrong in itself, or does not fit the graph it names.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message, std::string hint = {})
      : Error("RM9000", message, std::move(hint)) {}
};

/// A signal ended the run; everything was cleaned up.
class Interrupted : public Error {
 public:
  explicit Interrupted(int signal)
      : Error("RM9100", "interrupted, nothing was written", ""), signal_(signal) {}
  [[nodiscard]] int signal() const { return signal_; }

 private:
  int signal_;
};

/// What the command line asked for. The commands fill it while CLI11 parses; main runs it.
struct Program {
  bool json = false;
  std::string subject;           ///< the file that is being read, for messages about it
  std::function<int()> command;  ///< returns the exit code; empty if the line named no command
};

void add_run_command(CLI::App& app, Program& program);
void add_replay_command(CLI::App& app, Program& program);
void add_validate_command(CLI::App& app, Program& program);
void add_nodes_command(CLI::App& app, Program& program);
void add_graph_command(CLI::App& app, Program& program);
void add_doctor_command(CLI::App& app, Program& program);
void add_serve_command(CLI::App& app, Program& program);  ///< where the server is built

/// One paragraph on standard error and, with --json, an object on standard output.
void report_failure(const Error& error, const Program& program);
void report_warning(const std::string& warning);
/// Where standard error cannot be written, nobody can be told so: then nothing happens.
void print_to_stderr(const std::string& text);

}  // namespace remotemedia::cli

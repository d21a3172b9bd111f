// remotemedia doctor: what is installed, what it found on this machine, and whether it works.

#include "cli/environment.h"
#include "cli/program.h"
#include "cli/self_test.h"
#include "cli/table.h"
#include "remotemedia/base/version.h"
#include "remotemedia/nodes/builtin.h"
#include "remotemedia/nodes/installation.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

constexpr const char* kRuntimeReason =
    "this program has no other; nodes that need Python run through the Python SDK";
constexpr const char* kFooter =
    "Exit code 0 if all is well, 1 if the self-test fails, a variable has a wrong value, or "
    "a model's file is not the right one.";

std::string compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string fmt_version() {
  return fmt::format("{}.{}.{}", FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

struct Diagnosis {
  Installation installation = find_installation();
  std::vector<EnvironmentVariable> environment = read_environment();
  SelfTest self_test = run_self_test();

  [[nodiscard]] std::vector<std::string> problems() const {
    std::vector<std::string> found;
    if (!self_test.problem.empty()) found.push_back("self-test: " + self_test.problem);
    // One that is missing is no fault: an installation may do without it.
    if (!installation.silero_problem.empty() && !installation.silero_model.empty()) {
      found.push_back("Silero VAD: " + installation.silero_problem);
    }
    for (const EnvironmentVariable& variable : environment) {
      if (!variable.problem.empty()) found.push_back(variable.problem);
    }
    return found;
  }
};

Value strings(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

Value environment_to_value(const std::vector<EnvironmentVariable>& environment) {
  Value::Array variables;
  for (const EnvironmentVariable& variable : environment) {
    variables.emplace_back(Object{{"name", variable.name},
                                  {"value", variable.is_set ? Value(variable.value) : Value()},
                                  {"meaning", variable.meaning}});
  }
  return variables;
}

Value model_to_value(const Installation& here) {
  const bool is_there = !here.silero_model.empty();
  return Object{{"path", is_there ? Value(here.silero_model) : Value()},
                {"state", here.silero_problem.empty() ? "ok"
                          : is_there                  ? "wrong"
                                                      : "missing"},
                {"problem", here.silero_problem}};
}

std::string describe_model(const Installation& here) {
  return here.silero_problem.empty() ? here.silero_model : here.silero_problem;
}

void print_json(const Diagnosis& diagnosis) {
  const std::vector<std::string> problems = diagnosis.problems();
  const Installation& here = diagnosis.installation;
  const Value value = Object{
      {"status", problems.empty() ? "ok" : "problems"},
      {"version", kVersion},
      {"runtime", Object{{"name", "native"}, {"reason", kRuntimeReason}}},
      {"simd_target", here.simd_target},
      {"cpu", Object{{"model", cpu_model()}, {"cores", int(std::thread::hardware_concurrency())}}},
      {"compiler", compiler()},
      {"libraries",
       Object{{"sound", here.sound_library}, {"CLI11", CLI11_VERSION}, {"fmt", fmt_version()}}},
      {"audio_files", Object{{"readable", strings(here.readable_kinds)},
                             {"writable", strings(here.writable_suffixes)}}},
      {"models", Object{{"silero_vad", model_to_value(here)}}},
      {"node_types", builtin_nodes().types().size()},
      {"environment", environment_to_value(diagnosis.environment)},
      {"self_test", Object{{"audio_s", diagnosis.self_test.audio_s},
                           {"processing_s", diagnosis.self_test.processing_s}}},
      {"problems", strings(problems)}};
  fmt::print("{}\n", to_json(value, 2));
}

std::string describe_self_test(const SelfTest& test, const Terminal& terminal) {
  if (!test.problem.empty()) return terminal.bad("failed");
  return fmt::format(
      "{}, {:.0f} s of audio resampled, searched for speech and converted in {:.1f} ms",
      terminal.good("ok"), test.audio_s, test.processing_s * 1e3);
}

void print_environment(const std::vector<EnvironmentVariable>& environment,
                       const Terminal& terminal) {
  Table table({{"environment"}, {"value"}, {"meaning"}});
  for (const EnvironmentVariable& variable : environment) {
    table.add({variable.name, variable.is_set ? variable.value : "not set", variable.meaning});
  }
  fmt::print("\n{}", table.text(terminal));
}

void print_text(const Diagnosis& diagnosis) {
  const Terminal terminal(stdout);
  const Installation& here = diagnosis.installation;
  Table table({{""}, {""}});
  table.add({"remotemedia", kVersion});
  table.add({"runtime", fmt::format("native: {}", kRuntimeReason)});
  table.add({"SIMD target", here.simd_target});
  table.add({"CPU", fmt::format("{}, {} cores", cpu_model(), std::thread::hardware_concurrency())});
  table.add({"compiler", compiler()});
  table.add({"libraries", fmt::format("{}, CLI11 {}, fmt {}", here.sound_library, CLI11_VERSION,
                                      fmt_version())});
  table.add({"reads", fmt::format("{}", fmt::join(here.readable_kinds, ", "))});
  table.add({"writes", fmt::format("{}", fmt::join(here.writable_suffixes, ", "))});
  table.add({"Silero VAD", describe_model(here)});
  table.add({"node types", std::to_string(builtin_nodes().types().size())});
  table.add({"self-test", describe_self_test(diagnosis.self_test, terminal)});
  fmt::print("{}", table.text(terminal));
  print_environment(diagnosis.environment, terminal);
  for (const std::string& problem : diagnosis.problems()) {
    fmt::print("\n{} {}\n", terminal.bad("problem:"), problem);
  }
}

}  // namespace

void add_doctor_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("doctor", "Tell what is installed and whether it works");
  command->group("Commands")->footer(kFooter);
  command->add_flag("--json", program.json, "Print one JSON object");
  command->callback([&program] {
    program.command = [&program] {
      const Diagnosis diagnosis;
      program.json ? print_json(diagnosis) : print_text(diagnosis);
      return diagnosis.problems().empty() ? success : failure;
    };
  });
}

}  // namespace remotemedia::cli

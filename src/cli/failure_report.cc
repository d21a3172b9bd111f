#include "cli/program.h"
#include "remotemedia/base/value.h"

#include <fmt/format.h>

#include <cstdio>

namespace remotemedia::cli {

void report_failure(const Error& error, const Program& program) {
  const std::string place = program.subject.empty() ? "" : program.subject + ": ";
  print_to_stderr(fmt::format("remotemedia: {}{}\n", place, error.what()));
  if (!program.json) return;
  Object fields{{"code", error.code()}, {"message", error.message()}, {"hint", error.hint()}};
  if (!program.subject.empty()) fields.set("file", program.subject);
  for (const auto& [name, value] : error.details()) fields.set(name, value);
  std::puts(to_json(Object{{"status", "error"}, {"error", std::move(fields)}}).c_str());
}

void report_warning(const std::string& warning) {
  print_to_stderr(fmt::format("remotemedia: warning: {}\n", warning));
}

void print_to_stderr(const std::string& text) { std::fputs(text.c_str(), stderr); }

}  // namespace remotemedia::cli

#include "cli/program.h"
#include "remotemedia/base/value.h"

#include <fmt/format.h>

#include <cstdio>

namespace remotemedia::cli {

void report_failure(const Error& error, const Program& program) {
  const std::string place = program.subject.empty() ? "" : program.subject + ": ";
  fmt::print(stderr, "remotemedia: {}{}\n", place, error.what());
  if (!program.json) return;
  Object fields{{"code", error.code()}, {"message", error.message()}, {"hint", error.hint()}};
  if (!program.subject.empty()) fields.set("file", program.subject);
  for (const auto& [name, value] : error.details()) fields.set(name, value);
  fmt::print("{}\n", to_json(Object{{"status", "error"}, {"error", std::move(fields)}}));
}

void report_warning(const std::string& warning) {
  fmt::print(stderr, "remotemedia: warning: {}\n", warning);
}

}  // namespace remotemedia::cli

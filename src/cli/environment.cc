#include "cli/environment.h"

#include "remotemedia/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace remotemedia::cli {
namespace {

struct Known {
  const char* name;
  const char* meaning;
  std::vector<std::string> values;
};

const std::vector<Known>& known_variables() {
  static const std::vector<Known> known{
      {"REMOTEMEDIA_LOG_LEVEL",
       "what goes to the log on standard error; --log-level wins",
       {"debug", "info", "warning", "error", "off"}},
      {"REMOTEMEDIA_MODELS", "a folder to look for model weights first", {}},
      {"REMOTEMEDIA_SERVER_HOST", "where serve listens; --host wins", {}},
      {"REMOTEMEDIA_SERVER_PORT", "the port of serve; --port wins", {}},
      {"REMOTEMEDIA_RUNTIME",
       "for the Python SDK only: this program always runs native code",
       {"auto", "native", "python"}},
      {"REMOTEMEDIA_ENABLE_FALLBACK",
       "for the Python SDK only: false makes a missing native module an error",
       {"true", "false", "1", "0", "yes", "no", "on", "off"}}};
  return known;
}

/// Nothing is wrong with any value of a variable that lists none.
std::string check_value(const Known& known, const std::string& value) {
  if (known.values.empty()) return "";
  std::string lower = value;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  // The log reads its level as it is written; the Python SDK ignores case.
  const bool exact = std::string_view(known.name) == "REMOTEMEDIA_LOG_LEVEL";
  if (std::ranges::find(known.values, exact ? value : lower) != known.values.end()) return "";
  return fmt::format("{} is '{}', expected {}", known.name, value, fmt::join(known.values, ", "));
}

EnvironmentVariable read_known(const Known& known) {
  EnvironmentVariable variable{
      .name = known.name, .value = {}, .meaning = known.meaning, .problem = {}};
  const char* value = std::getenv(known.name);
  if (value == nullptr || *value == '\0') return variable;
  variable.value = value;
  variable.is_set = true;
  variable.problem = check_value(known, variable.value);
  return variable;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Known& known : known_variables()) names.emplace_back(known.name);
  return names;
}

}  // namespace

std::vector<EnvironmentVariable> read_environment() {
  std::vector<EnvironmentVariable> variables;
  for (const Known& known : known_variables()) variables.push_back(read_known(known));
  const std::vector<std::string> names = known_names();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (!name.starts_with("REMOTEMEDIA_")) continue;
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::string near = nearest(name, names);
    variables.push_back(
        {.name = name,
         .value = std::string(text.substr(std::min(text.size(), name.size() + 1))),
         .is_set = true,
         .meaning = "not read by this program",
         .problem =
             near.empty() ? "" : fmt::format("{} is unknown; did you mean {}?", name, near)});
  }
  return variables;
}

}  // namespace remotemedia::cli

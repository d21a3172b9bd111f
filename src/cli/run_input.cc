#include "cli/run_input.h"

#include "cli/text_input.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/document.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace remotemedia::cli {
namespace {

bool holds_items(const std::string& path) { return path == "-" || path.ends_with(".jsonl"); }

Packet parse_item(const std::string& line, const std::string& path, std::uint64_t number) {
  auto parsed = parse_json_value(line);
  if (const auto* const problem = std::get_if<std::string>(&parsed)) {
    throw Error("RM1000",
                fmt::format("item in line {} of {} is no JSON: {}", number, path, *problem),
                R"(write one JSON value a line, texts in quotes: "like this")");
  }
  auto& value = std::get<Value>(parsed);
  if (const String* text = value.as_string()) return Packet{}.with(std::string(*text));
  return Packet{}.with(std::move(value));
}

}  // namespace

RunInput::RunInput(std::string path) : path_(std::move(path)) {
  if (holds_items(path_)) {
    if (path_ != "-") LineReader{path_};
    return;
  }
  reader_.emplace(path_);
  audio_ = reader_->info();
}

double RunInput::expected_s() const {
  return audio_ ? static_cast<double>(audio_->frames) / audio_->rate : 0.0;
}

void RunInput::feed(const std::function<bool(Packet)>& send) {
  if (reader_) {
    for_each_block(*reader_, Packet{}, send);
  } else {
    feed_items(send);
  }
}

void RunInput::feed_items(const std::function<bool(Packet)>& send) const {
  LineReader lines(path_);
  const std::string name = path_ == "-" ? "standard input" : path_;
  while (const std::optional<std::string> line = lines.next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    if (!send(parse_item(*line, name, lines.number()))) return;
  }
}

}  // namespace remotemedia::cli

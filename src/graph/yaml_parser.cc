// YAML through yaml-cpp's event interface: no node tree is built, so aliases cannot multiply.

#include "graph/document_builder.h"
#include "graph/manifest_problem.h"
#include "graph/text_parsers.h"
#include "remotemedia/base/error.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

// The whole text as a number, by the rules of std::from_chars.
template <typename Number, typename... Base>
std::optional<Number> read_number(std::string_view text, int line, Base... base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    refuse_manifest(fmt::format("the number {} is out of range", text), "", line);
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int line) {
  if (text.starts_with("0x") && !text.starts_with("0x-")) {
    return read_number<std::int64_t>(text.substr(2), line, 16);
  }
  if (text.starts_with("0o") && !text.starts_with("0o-")) {
    return read_number<std::int64_t>(text.substr(2), line, 8);
  }
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return read_number<std::int64_t>(text, line, 10);
}

std::optional<double> parse_float(std::string_view text, int line) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") {
    return negative ? -HUGE_VAL : HUGE_VAL;
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return std::nan("");
  // from_chars also reads "inf" and "nan", which are text in YAML.
  if (text.find_first_of("0123456789.") != 0) return std::nullopt;
  const std::optional<double> value = read_number<double>(text, line);
  return value && negative ? -*value : value;
}

Value plain_scalar(const std::string& text, int line) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto integer = parse_integer(text, line)) return *integer;
  if (const auto number = parse_float(text, line)) return *number;
  return text;
}

class Handler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { value(nullptr, mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse_manifest("aliases (*name) are not supported", "", line_of(mark), "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";  // "!": quoted
    if (!is_text) refuse_tag(tag, mark);
    Value scalar = is_text ? Value(text) : plain_scalar(text, line_of(mark));
    if (!expects_key()) {
      value(std::move(scalar), mark);
      return;
    }
    if (scalar.as_string() == nullptr) refuse_key(mark);
    if (text == "<<" && !is_text) {
      refuse_manifest("merge keys (<<) are not supported", "", line_of(mark),
                      "write the fields out");
    }
    builder_.key(text, line_of(mark));
    levels_.back() = Level::value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Level::sequence);
    builder_.begin_array(line_of(mark));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Level::key);
    builder_.begin_object(line_of(mark));
  }
  void OnMapEnd() override { close(); }

  Document take() { return builder_.take(); }

 private:
  /// What the innermost collection expects next.
  enum class Level { sequence, key, value };

  [[nodiscard]] bool expects_key() const {
    return !levels_.empty() && levels_.back() == Level::key;
  }
  void refuse_key(const YAML::Mark& mark) {
    if (expects_key()) {
      refuse_manifest("a field name must be text", "", line_of(mark), "put it in quotes");
    }
  }
  static void refuse_tag(const std::string& tag, const YAML::Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse_manifest(fmt::format("the tag {} is not supported", tag), "", line_of(mark),
                      "remove it");
    }
  }
  void value(Value scalar, const YAML::Mark& mark) {
    refuse_key(mark);
    builder_.scalar(std::move(scalar), line_of(mark));
    placed();
  }
  void open(const YAML::Mark& mark, const std::string& tag, Level level) {
    refuse_key(mark);
    refuse_tag(tag, mark);
    levels_.push_back(level);
  }
  void close() {
    builder_.end();
    levels_.pop_back();
    placed();
  }
  void placed() {
    if (!levels_.empty() && levels_.back() == Level::value) levels_.back() = Level::key;
  }

  DocumentBuilder builder_;
  std::vector<Level> levels_;
};

}  // namespace

Document parse_yaml(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Handler handler;
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(handler)) {
      refuse_manifest("the YAML text holds no document", "", 0);
    }
    Handler rest;
    if (parser.HandleNextDocument(rest)) {
      refuse_manifest("the text holds more than one YAML document", "", 0,
                      "keep one manifest per file");
    }
  } catch (const YAML::Exception& error) {
    refuse_manifest("the YAML text cannot be read: " + error.msg, "",
                    error.mark.is_null() ? 0 : line_of(error.mark));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse_manifest(fmt::format("the YAML text cannot be read: {}", error.what()), "", 0);
  }
  return handler.take();
}

}  // namespace remotemedia

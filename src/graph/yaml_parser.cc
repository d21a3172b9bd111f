// YAML through yaml-cpp's event interface: no node tree is built, so aliases cannot multiply.

#include "graph/document_builder.h"
#include "graph/manifest_problem.h"
#include "graph/text_parsers.h"
#include "remotemedia/base/error.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
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

// Infinities and NaN, by the names that the core schema gives them.
bool is_not_finite(std::string_view text) {
  constexpr std::string_view kNames[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
  return std::ranges::find(kNames, text) != std::end(kNames);
}

std::optional<double> parse_float(std::string_view text, int line) {
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  const std::string_view digits = text.substr(has_sign ? 1 : 0);
  if (is_not_finite(digits)) {
    refuse_manifest(fmt::format("the number {} has no JSON form", text), "", line,
                    "put it in quotes if it is text");
  }
  // from_chars also reads "inf" and "nan", which are text in YAML, and no "+".
  if (digits.find_first_of("0123456789.") != 0) return std::nullopt;
  return read_number<double>(text.starts_with('+') ? digits : text, line);
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

class YamlHandler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) {
      refuse_manifest("the text holds more than one YAML document", "", line_of(mark),
                      "keep one manifest per file");
    }
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    // For a value that was left out, yaml-cpp gives the place of what follows it.
    const bool is_of_key = !levels_.empty() && levels_.back() == Level::value;
    value(nullptr, is_of_key ? key_mark_ : mark);
  }
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
    key_mark_ = mark;
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
  void refuse_key(const YAML::Mark& mark) const {
    if (!expects_key()) return;
    // yaml-cpp takes what follows an unclosed bracket for a field name.
    refuse_manifest("a field name must be text", "", line_of(mark),
                    "put it in quotes, or close the bracket before it");
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
  YAML::Mark key_mark_;
  bool started_ = false;
};

}  // namespace

Document parse_yaml(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YamlHandler handler;
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(handler)) {
      refuse_manifest("the YAML text holds no document", "", 0);
    }
    static_cast<void>(parser.HandleNextDocument(handler));  // refused if there is one
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

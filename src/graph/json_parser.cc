// JSON through nlohmann's SAX parser. The library reports no positions, so it reads through an
// iterator that counts lines.

#include "graph/document_builder.h"
#include "graph/manifest_problem.h"
#include "graph/text_parsers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>

namespace remotemedia {
namespace {

struct LineCounter {
  int line = 1;
  int line_before_last = 1;  // the parser reads one character past a number, maybe a line end
};

class LineIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineIterator(const char* position, LineCounter* counter)
      : position_(position), counter_(counter) {}

  reference operator*() const { return *position_; }
  LineIterator& operator++() {
    counter_->line_before_last = counter_->line;
    if (*position_ == '\n') ++counter_->line;
    ++position_;
    return *this;
  }
  LineIterator operator++(int) {
    LineIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const LineIterator& a, const LineIterator& b) {
    return a.position_ == b.position_;
  }

 private:
  const char* position_;
  LineCounter* counter_;
};

class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Handler(const LineCounter& counter) : counter_(counter) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(std::int64_t value) override { return scalar(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      refuse_number(std::to_string(value));
    }
    return scalar(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& text) override {
    // The library turns integers of more than 64 bits into floats; a manifest does not mean that.
    if (text.find_first_of(".eE") == std::string::npos) refuse_number(text);
    return scalar(value);
  }
  bool string(std::string& value) override { return scalar(value); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    builder_.begin_object(line());
    return true;
  }
  bool key(std::string& name) override {
    builder_.key(std::move(name), line());
    return true;
  }
  bool end_object() override {
    builder_.end();
    return true;
  }
  bool start_array(std::size_t) override {
    builder_.begin_array(line());
    return true;
  }
  bool end_array() override {
    builder_.end();
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error ..."
    const std::string_view text = error.what();
    std::size_t start = text.find("syntax error");
    if (start == std::string_view::npos) start = text.find("] ") + 2;
    refuse_manifest(fmt::format("the JSON text cannot be read: {}", text.substr(start)), "",
                    line());
  }

  Document take() { return builder_.take(); }

 private:
  [[noreturn]] void refuse_number(const std::string& text) const {
    refuse_manifest(fmt::format("the number {} is out of range", text), "", line());
  }
  bool scalar(Value value) {
    builder_.scalar(std::move(value), line());
    return true;
  }
  [[nodiscard]] int line() const { return counter_.line_before_last; }

  const LineCounter& counter_;
  DocumentBuilder builder_;
};

}  // namespace

Document parse_json(std::string_view text) {
  LineCounter counter;
  Handler handler(counter);
  nlohmann::json::sax_parse(LineIterator(text.data(), &counter),
                            LineIterator(text.data() + text.size(), &counter), &handler);
  return handler.take();
}

}  // namespace remotemedia

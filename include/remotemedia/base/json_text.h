#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace remotemedia {

/// Writes JSON text piece by piece, for those who would make a tree of values only to write it. The
/// pieces must come in an order that is JSON: in an object a name before each value.
class JsonText {
 public:
  /// Appends to `out`. `indent` < 0 gives one line.
  explicit JsonText(std::string& out, int indent = -1) : out_(&out), indent_(indent) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void name(std::string_view name);

  void null() { plain("null"); }
  void value(bool value) { plain(value ? "true" : "false"); }
  void value(std::int64_t value);
  /// NaN and infinities become null.
  void value(double value);
  /// Invalid UTF-8 is replaced.
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }  // which would be a bool

 private:
  void begin(char open);
  void end(char close);
  /// Before each value: what parts it from the one before it.
  void next();
  void plain(std::string_view text);
  void quoted(std::string_view text);
  void break_line();

  std::string* out_;
  int indent_;
  std::size_t depth_ = 0;
  bool is_first_ = true;       ///< of its object or array
  bool follows_name_ = false;  ///< on its line
};

}  // namespace remotemedia

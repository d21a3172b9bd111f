#pragma once

#include "remotemedia/graph/document.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace remotemedia {

/// One object of a manifest while it is read: typed access to its fields, with errors that carry
/// the field's pointer and line.
class Fields {
 public:
  /// `what` names the object in messages, e.g. "a node". Manifest error if `value` is no object.
  Fields(const Document& document, const Value& value, std::string pointer, std::string_view what);

  /// Refuses every field that is not in `known`, naming those of later or earlier versions.
  void allow_only(std::initializer_list<std::string_view> known) const;

  [[nodiscard]] const Value* find(std::string_view name) const { return object_.find(name); }
  [[nodiscard]] const Value& require(std::string_view name) const;
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::string text_or(std::string_view name, std::string_view absent) const;
  [[nodiscard]] const Value::Array& array(std::string_view name) const;
  /// Fields of the object at `name`, which must be present.
  [[nodiscard]] Fields object(std::string_view name, std::string_view what) const;
  /// A whole number in minimum..maximum; `absent` if there is none.
  [[nodiscard]] int integer_or(std::string_view name, int absent, int minimum, int maximum) const;
  /// A number in minimum..maximum; `absent` if there is none.
  [[nodiscard]] double number_or(std::string_view name, double absent, int minimum,
                                 int maximum) const;
  /// A number of at least `minimum`, if the field is present.
  void check_number(std::string_view name, double minimum) const;
  /// One of `choices`, if the field is present.
  void check_choice(std::string_view name, std::initializer_list<std::string_view> choices) const;
  void check_bool(std::string_view name) const;

  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] std::string pointer_to(std::string_view name) const;
  [[nodiscard]] int line() const { return document_.line_of(pointer_); }
  /// Line of a value below this object; `path` is a JSON pointer without its first slash.
  [[nodiscard]] int line_of(std::string_view path) const;

  /// Raises the manifest error at this object or at one of its fields.
  [[noreturn]] void refuse(const std::string& message, const std::string& hint = {}) const;
  [[noreturn]] void refuse_field(std::string_view name, const std::string& message,
                                 const std::string& hint = {}) const;

 private:
  const Document& document_;
  const Object& object_;
  std::string pointer_;
  std::string what_;
};

}  // namespace remotemedia

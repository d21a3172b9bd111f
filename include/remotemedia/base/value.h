#pragma once

#include "remotemedia/base/blocks.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia {

class Value;

/// Text of a value, and a name in an object. Like all memory of values, that of a longer text is a
/// block (allocate_block).
using String = std::basic_string<char, std::char_traits<char>, BlockAllocator<char>>;

/// Members in the order they were added; names are unique. Small: lookup is linear.
class Object {
 public:
  using Member = std::pair<String, Value>;
  using Members = std::vector<Member, BlockAllocator<Member>>;
  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  [[nodiscard]] const Value* find(std::string_view name) const;
  [[nodiscard]] Value* find(std::string_view name);
  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Adds the member, or replaces its value in place.
  Value& set(std::string_view name, Value value);
  bool erase(std::string_view name);
  /// Memory for so many members at least.
  void reserve(std::size_t count);

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Members::const_iterator begin() const;
  [[nodiscard]] Members::const_iterator end() const;

  friend bool operator==(const Object&, const Object&);

 private:
  Members members_;
};

/// A JSON value: parameters, metadata, metrics and json payloads. Integers and floats stay apart.
class Value {
 public:
  using Array = std::vector<Value, BlockAllocator<Value>>;

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  /// Counts; the largest possible count fits, as no size reaches 2^63.
  Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(String(value)) {}
  Value(std::string_view value) : data_(String(value)) {}
  Value(const std::string& value) : data_(String(value)) {}
  Value(String value) : data_(std::move(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const double* as_double() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const String* as_string() const { return std::get_if<String>(&data_); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&data_); }
  [[nodiscard]] Array* as_array() { return std::get_if<Array>(&data_); }
  [[nodiscard]] Object* as_object() { return std::get_if<Object>(&data_); }

  [[nodiscard]] bool is_number() const { return as_int() != nullptr || as_double() != nullptr; }
  /// The number as a double; 0 for anything that is no number.
  [[nodiscard]] double number() const;
  /// "null", "boolean", "integer", "number", "string", "array" or "object".
  [[nodiscard]] const char* kind() const;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, String, Array, Object> data_;
};

/// JSON text. `indent` < 0 gives one line. NaN and infinities become null, invalid UTF-8 is
/// replaced.
std::string to_json(const Value& value, int indent = -1);

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {

enum class ParameterType { boolean, integer, number, string, path, any };

/// "boolean", "integer", "number", "string", "path" or "any".
const char* to_string(ParameterType type);

/// One parameter of a node type. The table of a type drives validation, the JSON Schema, `nodes
/// describe`, the Python constructors' checks and the documentation.
struct ParameterSpec {
  std::string name = {};
  ParameterType type = ParameterType::any;
  std::string description = {};  ///< one sentence, with the unit
  std::optional<Value> default_value =
      {};  ///< absent: the parameter is required, unless `nullable`
  std::optional<double> minimum = {};
  std::optional<double> maximum = {};
  std::vector<std::string> choices = {};  ///< for strings; compared without case
  std::string unit = {};                  ///< "Hz", "ms", "s", ...
  std::vector<std::string> aliases = {};  ///< accepted other names; both given is an error
  bool nullable = false;  ///< null (None) is allowed, and the default if none is given
};

/// A wrong name that users of older documents type, with what to say about it.
struct RefusedParameter {
  std::string name = {};
  std::string hint;  ///< e.g. "the input rate comes with the audio; use target_sample_rate"
};

/// The checked parameters of one node: every name of the table is present, under its own name.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(Object values) : values_(std::move(values)) {}

  // Access by a name that is not in the table, or by the wrong type, is a bug of ours: it throws
  // std::logic_error, and no input can cause it.
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] int integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] std::string string(std::string_view name) const;
  [[nodiscard]] const Value& value(std::string_view name) const;
  /// True if the value is null.
  [[nodiscard]] bool is_null(std::string_view name) const { return value(name).is_null(); }

  [[nodiscard]] const Object& values() const { return values_; }

 private:
  Object values_;
};

/// What is wrong with a parameter; the caller adds where.
struct ParameterProblem {
  std::string name;     ///< as given
  std::string message;  ///< e.g. "target_sample_rate is 0, expected 8000..192000 Hz"
  std::string hint;
};

/// Checks `given` against the table: unknown names, aliases, types, ranges, choices; fills in
/// defaults. A whole number is accepted for an integer (16000.0) and an integer for a number. The
/// first problem, in the order of `given` and then of the table, is returned through `problem`.
std::optional<Parameters> check_parameters(const std::vector<ParameterSpec>& table,
                                           const std::vector<RefusedParameter>& refused,
                                           const Object& given, ParameterProblem* problem);

/// `minimum` or `maximum` of a parameter, as an integer where the parameter is one.
Value limit_value(const ParameterSpec& spec, double limit);

/// JSON Schema (draft-07) of a table, as an object schema without additional properties.
Value parameter_schema(const std::vector<ParameterSpec>& table);

}  // namespace remotemedia

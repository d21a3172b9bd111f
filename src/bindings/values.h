#pragma once

#include "remotemedia/base/value.h"

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::bindings {

/// Plain Python objects: None, bool, int, float, str, list, dict.
nanobind::object to_python(const Value& value);
nanobind::dict to_python(const Object& object);
/// Text from a library or a file name; bytes that are no UTF-8 become surrogate escapes.
nanobind::str to_python(std::string_view text);

/// A JSON value from Python. Tuples count as lists, NumPy scalars as their numbers. `what` names
/// the value in the type error for anything else: other types, keys that are no str, integers
/// beyond 64 bits, more than 64 levels. NaN and infinities pass.
Value to_value(nanobind::handle value, std::string_view what);
Object to_object(nanobind::handle dict, std::string_view what);
/// Text in UTF-8; type error for lone surrogates, which it cannot hold.
std::string to_text(nanobind::handle text, std::string_view what);
/// The text of a str of Python's own type, for as long as that lives; nothing if it is none, or has
/// a lone surrogate, which Python shows when it refuses the text.
std::optional<std::string_view> plain_text(nanobind::handle text);
/// What Python's repr() shows, at most about 80 characters of it.
std::string shown(nanobind::handle value);
/// Name of a value's type, e.g. "dict".
std::string name_of_type(nanobind::handle value);

}  // namespace remotemedia::bindings

#pragma once

#include "remotemedia/base/value.h"

#include <optional>
#include <string_view>

namespace remotemedia::nodes {

/// "add", "subtract", "multiply", "divide", "power" or "modulo" as + - * / ^ %; nullopt if unknown.
std::optional<char> parse_operation(std::string_view name);

/// The result of `a <op> b`. Two integers give an integer where that is exact and fits 64 bits
/// (never for division), else a float. Modulo has the divisor's sign. configuration error for
/// division by zero and for a power that is no real number.
Value arithmetic(const Value& a, char op, const Value& b);

}  // namespace remotemedia::nodes

#include "nodes/arithmetic.h"

#include "remotemedia/base/check.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace remotemedia::nodes {
namespace {

std::optional<std::int64_t> integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) return std::nullopt;
  std::int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
  return result;
}

std::int64_t integer_modulo(std::int64_t a, std::int64_t b) {
  if (b == -1) return 0;  // INT64_MIN % -1 overflows
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::optional<std::int64_t> integer_result(std::int64_t a, char op, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case '+':
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case '-':
      return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case '*':
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case '%':
      return integer_modulo(a, b);
    case '^':
      return integer_power(a, b);
    default:
      return std::nullopt;
  }
}

double float_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0.0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double float_result(double a, char op, double b) {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return float_modulo(a, b);
    default:
      return std::pow(a, b);
  }
}

}  // namespace

std::optional<char> parse_operation(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kOperations{{{"add", '+'},
                                                                          {"subtract", '-'},
                                                                          {"multiply", '*'},
                                                                          {"divide", '/'},
                                                                          {"power", '^'},
                                                                          {"modulo", '%'}}};
  for (const auto& [known, op] : kOperations) {
    if (known == name) return op;
  }
  return std::nullopt;
}

Value arithmetic(const Value& a, char op, const Value& b) {
  const bool divides = op == '/' || op == '%' || (op == '^' && a.number() == 0 && b.number() < 0);
  if (divides && (op == '^' || b.number() == 0)) {
    refuse("divisor", "0", "another number", "Division by zero");
  }
  if (a.as_int() != nullptr && b.as_int() != nullptr) {
    if (const auto result = integer_result(*a.as_int(), op, *b.as_int())) return *result;
  }
  const double result = float_result(a.number(), op, b.number());
  if (op == '^' && std::isnan(result) && !std::isnan(a.number()) && !std::isnan(b.number())) {
    refuse("power of a negative number", b.number(), "a whole exponent");
  }
  return result;
}

}  // namespace remotemedia::nodes

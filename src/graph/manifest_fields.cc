#include "graph/manifest_fields.h"

#include "graph/manifest_problem.h"
#include "graph/shown.h"
#include "remotemedia/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

// Fields that other versions' documents show. Ignoring them would look like obeying them.
constexpr std::string_view kUnsupported[] = {
    "python_env", "docker",      "python_deps",        "fast_path",      "is_output_node",
    "parallel",   "max_workers", "media_capabilities", "auto_negotiate", "optimization"};

const Object& as_object(const Document& document, const Value& value, const std::string& pointer,
                        std::string_view what) {
  if (const Object* object = value.as_object()) return *object;
  refuse_manifest(fmt::format("{} must be an object, not {}", what, shown(value)), pointer,
                  document.line_of(pointer));
}

}  // namespace

Fields::Fields(const Document& document, const Value& value, std::string pointer,
               std::string_view what)
    : document_(document),
      object_(as_object(document, value, pointer, what)),
      pointer_(std::move(pointer)),
      what_(what) {}

void Fields::allow_only(std::initializer_list<std::string_view> known) const {
  for (const auto& [field, value] : object_) {
    const std::string_view name = field;
    if (std::ranges::find(known, name) != known.end()) continue;
    if (std::ranges::find(kUnsupported, name) != std::end(kUnsupported)) {
      refuse_field(name, fmt::format("field '{}' is not supported", name), "remove it");
    }
    const std::vector<std::string> names(known.begin(), known.end());
    refuse_field(name, fmt::format("unknown field '{}' in {}", name, what_),
                 did_you_mean(name, names));
  }
}

const Value& Fields::require(std::string_view name) const {
  if (const Value* value = find(name)) return *value;
  refuse(fmt::format("{} has no '{}'", what_, name), fmt::format("add \"{}\"", name));
}

std::string Fields::text(std::string_view name) const {
  const Value& value = require(name);
  if (const String* text = value.as_string()) return std::string(*text);
  refuse_field(name, fmt::format("'{}' must be text, not {}", name, shown(value)));
}

std::string Fields::text_or(std::string_view name, std::string_view absent) const {
  return find(name) == nullptr ? std::string(absent) : text(name);
}

const Value::Array& Fields::array(std::string_view name) const {
  const Value& value = require(name);
  if (const Value::Array* array = value.as_array()) return *array;
  refuse_field(name, fmt::format("'{}' must be a list, not {}", name, shown(value)));
}

Fields Fields::object(std::string_view name, std::string_view what) const {
  return Fields(document_, require(name), pointer_to(name), what);
}

int Fields::integer_or(std::string_view name, int absent, int minimum, int maximum) const {
  const Value* value = find(name);
  if (value == nullptr) return absent;
  const double number = value->number();
  if (value->is_number() && number >= minimum && number <= maximum &&
      number == std::floor(number)) {
    return static_cast<int>(number);
  }
  refuse_field(name, fmt::format("'{}' is {}, expected a whole number in {}..{}", name,
                                 shown(*value), minimum, maximum));
}

double Fields::number_or(std::string_view name, double absent, int minimum, int maximum) const {
  const Value* value = find(name);
  if (value == nullptr) return absent;
  if (value->is_number() && value->number() >= minimum && value->number() <= maximum) {
    return value->number();
  }
  refuse_field(name, fmt::format("'{}' is {}, expected a number in {}..{}", name, shown(*value),
                                 minimum, maximum));
}

void Fields::check_number(std::string_view name, double minimum) const {
  const Value* value = find(name);
  if (value == nullptr) return;
  if (value->is_number() && std::isfinite(value->number()) && value->number() >= minimum) return;
  refuse_field(name, fmt::format("'{}' is {}, expected a number of at least {}", name,
                                 shown(*value), minimum));
}

void Fields::check_choice(std::string_view name,
                          std::initializer_list<std::string_view> choices) const {
  const Value* value = find(name);
  if (value == nullptr) return;
  const String* text = value->as_string();
  const auto is_text = [text](std::string_view choice) { return choice == *text; };
  if (text != nullptr && std::ranges::any_of(choices, is_text)) return;
  refuse_field(name, fmt::format("'{}' is {}, expected one of {}", name, shown(*value),
                                 fmt::join(choices, ", ")));
}

void Fields::check_bool(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr || value->as_bool() != nullptr) return;
  refuse_field(name, fmt::format("'{}' is {}, expected true or false", name, shown(*value)));
}

std::string Fields::pointer_to(std::string_view name) const {
  return child_pointer(pointer_, name);
}

int Fields::line_of(std::string_view path) const {
  return document_.line_of(fmt::format("{}/{}", pointer_, path));
}

void Fields::refuse(const std::string& message, const std::string& hint) const {
  refuse_manifest(message, pointer_, line(), hint);
}

void Fields::refuse_field(std::string_view name, const std::string& message,
                          const std::string& hint) const {
  const std::string pointer = pointer_to(name);
  refuse_manifest(message, pointer, document_.line_of(pointer), hint);
}

}  // namespace remotemedia

#include "remotemedia/base/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace remotemedia {

Object::Object() = default;
Object::Object(std::initializer_list<Member> members) {
  members_.reserve(members.size());
  for (const Member& member : members) set(member.first, member.second);
}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

const Value* Object::find(std::string_view name) const {
  const auto it = std::ranges::find(members_, name, &Member::first);
  return it == members_.end() ? nullptr : &it->second;
}

Value* Object::find(std::string_view name) {
  const auto it = std::ranges::find(members_, name, &Member::first);
  return it == members_.end() ? nullptr : &it->second;
}

Value& Object::set(std::string_view name, Value value) {
  if (Value* present = find(name)) return *present = std::move(value);
  return members_.emplace_back(std::string(name), std::move(value)).second;
}

bool Object::erase(std::string_view name) {
  return std::erase_if(members_, [&](const Member& m) { return m.first == name; }) > 0;
}

void Object::reserve(std::size_t count) { members_.reserve(count); }
bool Object::empty() const { return members_.empty(); }
std::size_t Object::size() const { return members_.size(); }
std::vector<Object::Member>::const_iterator Object::begin() const { return members_.begin(); }
std::vector<Object::Member>::const_iterator Object::end() const { return members_.end(); }

bool operator==(const Object& a, const Object& b) {
  return a.size() == b.size() && std::ranges::all_of(a, [&](const Object::Member& m) {
           const Value* other = b.find(m.first);
           return other != nullptr && *other == m.second;
         });
}

double Value::number() const {
  if (const auto* i = as_int()) return static_cast<double>(*i);
  if (const auto* d = as_double()) return *d;
  return 0.0;
}

const char* Value::kind() const {
  static constexpr const char* kNames[] = {"null",   "boolean", "integer", "number",
                                           "string", "array",   "object"};
  return kNames[data_.index()];
}

namespace {

nlohmann::ordered_json to_nlohmann(const Value& value) {
  if (const auto* b = value.as_bool()) return *b;
  if (const auto* i = value.as_int()) return *i;
  if (const auto* d = value.as_double()) return *d;
  if (const auto* s = value.as_string()) return *s;
  if (const auto* array = value.as_array()) {
    auto json = nlohmann::ordered_json::array();
    for (const Value& item : *array) json.push_back(to_nlohmann(item));
    return json;
  }
  if (const auto* object = value.as_object()) {
    auto json = nlohmann::ordered_json::object();
    // Names are unique, so none has to be looked for.
    auto& members = json.get_ref<nlohmann::ordered_json::object_t&>();
    for (const auto& [name, member] : *object) members.emplace_back(name, to_nlohmann(member));
    return json;
  }
  return nullptr;
}

}  // namespace

std::string to_json(const Value& value, int indent) {
  return to_nlohmann(value).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace remotemedia

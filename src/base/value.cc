#include "remotemedia/base/value.h"

#include "remotemedia/base/json_text.h"

#include <algorithm>
#include <utility>

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
  return members_.emplace_back(String(name), std::move(value)).second;
}

bool Object::erase(std::string_view name) {
  return std::erase_if(members_, [&](const Member& m) { return m.first == name; }) > 0;
}

void Object::reserve(std::size_t count) { members_.reserve(count); }
bool Object::empty() const { return members_.empty(); }
std::size_t Object::size() const { return members_.size(); }
Object::Members::const_iterator Object::begin() const { return members_.begin(); }
Object::Members::const_iterator Object::end() const { return members_.end(); }

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

void write(const Value& value, JsonText& out) {
  if (const auto* b = value.as_bool()) {
    out.value(*b);
  } else if (const auto* i = value.as_int()) {
    out.value(*i);
  } else if (const auto* d = value.as_double()) {
    out.value(*d);
  } else if (const auto* s = value.as_string()) {
    out.value(std::string_view(*s));
  } else if (const auto* array = value.as_array()) {
    out.begin_array();
    for (const Value& item : *array) write(item, out);
    out.end_array();
  } else if (const auto* object = value.as_object()) {
    out.begin_object();
    for (const auto& [name, member] : *object) {
      out.name(name);
      write(member, out);
    }
    out.end_object();
  } else {
    out.null();
  }
}

}  // namespace

std::string to_json(const Value& value, int indent) {
  std::string text;
  JsonText out(text, indent);
  write(value, out);
  return text;
}

}  // namespace remotemedia

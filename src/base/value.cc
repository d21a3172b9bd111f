#include "remotemedia/base/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
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

/// Appends the text of a value; a tree of the library's own kind would be a copy of all of it.
class JsonWriter {
 public:
  JsonWriter(std::string& out, int indent) : out_(&out), indent_(indent) {}

  void write(const Value& value) {
    if (const auto* b = value.as_bool()) {
      *out_ += *b ? "true" : "false";
    } else if (const auto* i = value.as_int()) {
      write_integer(*i);
    } else if (const auto* d = value.as_double()) {
      *out_ += nlohmann::json(*d).dump();
    } else if (const auto* s = value.as_string()) {
      write_string(*s);
    } else if (const auto* array = value.as_array()) {
      write_items(*array, '[', ']', [this](const Value& item) { write(item); });
    } else if (const auto* object = value.as_object()) {
      write_items(*object, '{', '}', [this](const Object::Member& member) {
        write_string(member.first);
        *out_ += indent_ < 0 ? ":" : ": ";
        write(member.second);
      });
    } else {
      *out_ += "null";
    }
  }

 private:
  void write_integer(std::int64_t value) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_->append(digits.data(), end);
  }

  void write_string(std::string_view text) {
    const bool plain = std::ranges::all_of(
        text, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
    if (!plain) {
      *out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      return;
    }
    *out_ += '"';
    *out_ += text;
    *out_ += '"';
  }

  template <typename Items, typename WriteItem>
  void write_items(const Items& items, char open, char close, WriteItem write_item) {
    *out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) *out_ += ',';
      break_line();
      write_item(item);
    }
    --depth_;
    if (!first) break_line();
    *out_ += close;
  }

  void break_line() {
    if (indent_ < 0) return;
    *out_ += '\n';
    out_->append(depth_ * static_cast<std::size_t>(indent_), ' ');
  }

  std::string* out_;
  int indent_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string to_json(const Value& value, int indent) {
  std::string text;
  JsonWriter(text, indent).write(value);
  return text;
}

}  // namespace remotemedia

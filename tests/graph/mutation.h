#pragma once

#include "graph/dice.h"
#include "remotemedia/graph/document.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::test {

/// Words that a parser or the manifest reader treats in a way of its own.
inline constexpr std::string_view kTokens[] = {
    "{",         "}",       "[",        "]",
    ":",         ",",       "\"",       "'",
    "\n",        "\t",      "- ",       "? ",
    ": ",        "#",       "&a ",      "*a",
    "!!int ",    "!x ",     "<<: ",     "---\n",
    "...\n",     "| ",      ">-\n",     "%YAML 1.1\n",
    "null",      "true",    "~",        ".inf",
    ".nan",      "1e999",   "-0",       "9223372036854775808",
    "0x7f",      "\\u0000", "\\ud800",  "\xEF\xBB\xBF",
    "\xC3\xA9",  "\x80",    "\xFF",     std::string_view("\0", 1),
    "v1",        "\"1.0\"", "\"id\"",   "\"type\"",
    "node_type", "edges",   "\"from\"", "params"};

/// Changes a few bytes of a text: flips, cuts, copies, swaps, and strange words.
inline std::string mutated_bytes(std::string text, Dice& dice) {
  for (std::size_t changes = 1 + dice.below(3); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = dice.below(text.size());
    const std::size_t length = 1 + dice.below(std::min<std::size_t>(text.size() - at, 40));
    switch (dice.below(7)) {
      case 0:
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << dice.below(8)));
        break;
      case 1:
        text[at] = static_cast<char>(dice.below(256));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(dice.below(text.size()), text.substr(at, length));
        break;
      case 4:
        text.insert(at, dice.pick(kTokens));
        break;
      case 5:
        std::swap(text[at], text[dice.below(text.size())]);
        break;
      default:
        if (dice.one_in(4)) text.resize(at);
        break;
    }
  }
  return text;
}

/// A value as a manifest may hold it, or should not.
inline Value random_value(Dice& dice) {
  static const std::vector<Value> kValues = {nullptr,
                                             true,
                                             false,
                                             0,
                                             1,
                                             -1,
                                             3,
                                             1'000'000,
                                             0.5,
                                             -1e300,
                                             "",
                                             "a",
                                             "b",
                                             "default",
                                             "odd",
                                             "side",
                                             "v1",
                                             "1.0",
                                             "auto",
                                             "python",
                                             "Pass",
                                             "Counter",
                                             "Mix",
                                             "Nothing",
                                             "process",
                                             "flush",
                                             Value::Array{},
                                             Object{},
                                             Value::Array{1, "a", nullptr},
                                             Object{{"id", "a"}},
                                             Object{{"count", 2}},
                                             Object{{"from", "a"}, {"to", "b"}},
                                             std::string(3'000, 'x')};
  return dice.pick(kValues);
}

/// Names of a manifest's fields, right and wrong ones.
inline std::string random_name(Dice& dice) {
  static constexpr std::string_view kNames[] = {
      "version",      "metadata",  "name",    "nodes",     "connections", "edges",
      "config",       "id",        "type",    "node_type", "params",      "runtime_hint",
      "is_streaming", "host",      "from",    "to",        "input_port",  "output_key",
      "capabilities", "execution", "isolate", "count",     "stage",       "manifest",
      "a/b~c",        ""};
  return std::string(dice.pick(kNames));
}

inline Object without(const Object& object, std::size_t member) {
  Object rest;
  for (const auto& [name, value] : object) {
    if (member-- != 0) rest.set(name, value);
  }
  return rest;
}

/// Changes an object: removes a field, renames it, gives it another value, or adds one.
inline void change_fields(Object& object, Dice& dice) {
  if (object.empty() || dice.one_in(4)) {
    object.set(random_name(dice), random_value(dice));
    return;
  }
  const std::size_t member = dice.below(object.size());
  const auto [name, value] = *(object.begin() + static_cast<std::ptrdiff_t>(member));
  if (dice.one_in(3)) {
    object.set(name, random_value(dice));
    return;
  }
  object = without(object, member);
  if (dice.one_in(2)) object.set(random_name(dice), value);
}

/// Changes a list: removes, repeats, swaps or replaces an entry, or adds one.
inline void change_entries(Value::Array& list, Dice& dice) {
  if (list.empty()) {
    list.push_back(random_value(dice));
    return;
  }
  const auto entry = list.begin() + static_cast<std::ptrdiff_t>(dice.below(list.size()));
  switch (dice.below(5)) {
    case 0:
      list.erase(entry);
      break;
    case 1:
      list.push_back(Value(*entry));
      break;
    case 2:
      std::swap(*entry, list.front());
      break;
    case 3:
      *entry = random_value(dice);
      break;
    default:
      list.push_back(random_value(dice));
      break;
  }
}

/// Changes one place of a value, at a random depth.
inline void mutate(Value& value, Dice& dice) {
  const bool here = dice.one_in(4);
  if (Object* object = value.as_object(); object != nullptr) {
    if (here || object->empty()) return change_fields(*object, dice);
    const auto& member =
        *(object->begin() + static_cast<std::ptrdiff_t>(dice.below(object->size())));
    return mutate(*object->find(member.first), dice);
  }
  if (Value::Array* list = value.as_array(); list != nullptr) {
    if (here || list->empty()) return change_entries(*list, dice);
    return mutate((*list)[dice.below(list->size())], dice);
  }
  value = random_value(dice);
}

/// The value as YAML in block style.
inline std::string to_yaml(const Value& value, const std::string& indent = "") {
  std::string text;
  const auto add = [&](const std::string& head, const Value& member) {
    const bool nested = (member.as_object() != nullptr && !member.as_object()->empty()) ||
                        (member.as_array() != nullptr && !member.as_array()->empty());
    text += indent + head +
            (nested ? "\n" + to_yaml(member, indent + "  ") : " " + to_json(member) + "\n");
  };
  if (const Object* object = value.as_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, member] : *object) add(to_json(Value(name)) + ":", member);
  } else if (const Value::Array* list = value.as_array(); list != nullptr && !list->empty()) {
    for (const Value& entry : *list) add("-", entry);
  } else {
    text = indent + to_json(value) + "\n";
  }
  return text;
}

}  // namespace remotemedia::test

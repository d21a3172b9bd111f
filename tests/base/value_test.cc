#include "remotemedia/base/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace remotemedia {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const Object& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object) names.emplace_back(name);
  return names;
}

TEST(Object, KeepsTheOrderOfAddition) {
  Object object{{"z", 1}, {"a", 2}};
  object.set("m", 3);
  EXPECT_THAT(names_of(object), ElementsAre("z", "a", "m"));
}

TEST(Object, SetReplacesInPlace) {
  Object object{{"a", 1}, {"b", 2}};
  object.set("a", "new");
  EXPECT_THAT(names_of(object), ElementsAre("a", "b"));
  EXPECT_EQ(*object.find("a"), Value("new"));
  const Object twice{{"a", 1}, {"a", 2}};
  EXPECT_EQ(twice.size(), 1U);
  EXPECT_EQ(*twice.find("a"), Value(2));
}

TEST(Object, EraseSaysWhetherItFoundTheName) {
  Object object{{"a", 1}, {"b", 2}};
  EXPECT_TRUE(object.erase("a"));
  EXPECT_FALSE(object.erase("a"));
  EXPECT_FALSE(object.contains("a"));
  EXPECT_EQ(object.size(), 1U);
}

TEST(Object, EqualityIgnoresTheOrder) {
  EXPECT_EQ((Object{{"a", 1}, {"b", 2}}), (Object{{"b", 2}, {"a", 1}}));
  EXPECT_NE((Object{{"a", 1}, {"b", 2}}), (Object{{"a", 1}}));
  EXPECT_NE((Object{{"a", 1}}), (Object{{"a", 1}, {"b", 2}}));
  EXPECT_NE((Object{{"a", 1}}), (Object{{"b", 1}}));
}

TEST(Value, KeepsIntegersAndFloatsApart) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_EQ(Value(1).as_double(), nullptr);
  EXPECT_EQ(Value(1.0).as_int(), nullptr);
  EXPECT_EQ(Value(1).number(), 1.0);
  EXPECT_EQ(Value(true).as_int(), nullptr);
  EXPECT_FALSE(Value(true).is_number());
  EXPECT_EQ(Value("1").number(), 0.0);
}

TEST(Value, KindNamesTheJsonType) {
  const std::vector<Value> values = {nullptr, true, 1, 1.5, "x", Value::Array{}, Object{}};
  std::vector<std::string> kinds;
  for (const Value& value : values) kinds.emplace_back(value.kind());
  EXPECT_THAT(kinds,
              ElementsAre("null", "boolean", "integer", "number", "string", "array", "object"));
}

TEST(ToJson, WritesEveryKindInOrder) {
  const Value value = Object{{"n", nullptr},
                             {"b", false},
                             {"i", -7},
                             {"d", 0.5},
                             {"s", "a\"b\n"},
                             {"a", Value::Array{1, Value::Array{}}},
                             {"o", Object{{"k", "v"}}}};
  EXPECT_EQ(to_json(value),
            R"({"n":null,"b":false,"i":-7,"d":0.5,"s":"a\"b\n","a":[1,[]],"o":{"k":"v"}})");
}

TEST(ToJson, IndentsWhenAsked) {
  EXPECT_EQ(to_json(Object{{"a", Value::Array{1}}}, 2), "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(ToJson, NeverGivesInvalidJson) {
  EXPECT_EQ(to_json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(to_json(-std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(to_json(std::string("a\xFF") + "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(to_json(std::string("\0", 1)), "\"\\u0000\"");
}

TEST(ToJson, IntegersAndFloatsSurviveExactly) {
  EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_json(2.0), "2.0") << "a float stays a float when it is read back";
  EXPECT_EQ(std::stod(to_json(0.1)), 0.1);
}

TEST(ToJson, WritesTheBytesThatNlohmannWrites) {
  const Object inner{{"empty", Value::Array{}},
                     {"nothing", Object{}},
                     {"quote \" and \\", "line\nbreak\ttab\x7F"},
                     {"caf\u00e9", "\u65e5\u672c"},
                     {"numbers", Value::Array{0, -1, 1.5, -0.0, 1e300, 1e-7, 123456789.0}}};
  const Value value = Object{
      {"inner", inner}, {"list", Value::Array{inner, nullptr, true, false, "plain"}}, {"n", 7}};
  for (const int indent : {-1, 0, 2, 4}) {
    const std::string text = to_json(value, indent);
    EXPECT_EQ(text, nlohmann::ordered_json::parse(text).dump(indent));
  }
}

}  // namespace
}  // namespace remotemedia

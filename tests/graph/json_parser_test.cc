#include "graph/refusals.h"
#include "remotemedia/graph/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remotemedia {
namespace {

using test::manifest_refusal;
using testing::HasSubstr;

Value read_json(const std::string& text) { return parse_document(text, TextFormat::json).root; }

ManifestError refused(const std::string& text) {
  return manifest_refusal([&] { parse_document(text, TextFormat::json); });
}

TEST(JsonParser, ReadsEveryKindOfValue) {
  EXPECT_EQ(
      read_json(
          R"({"n": null, "t": true, "f": false, "i": -3, "d": 0.5, "s": "x", "a": [], "o": {}})"),
      Value(Object{{"n", nullptr},
                   {"t", true},
                   {"f", false},
                   {"i", -3},
                   {"d", 0.5},
                   {"s", "x"},
                   {"a", Value::Array{}},
                   {"o", Object{}}}));
}

TEST(JsonParser, DecodesEscapes) {
  EXPECT_EQ(read_json(R"("\u00e9 \ud83c\udfa4 \n \" \/")"), Value("\u00e9 \U0001F3A4 \n \" /"));
}

TEST(JsonParser, KeepsTheOrderOfFields) {
  const Value value = read_json(R"({"z": 1, "a": 2, "m": 3})");
  std::string order;
  for (const auto& [name, member] : *value.as_object()) order += name;
  EXPECT_EQ(order, "zam");
}

TEST(JsonParser, SkipsAByteOrderMark) {
  EXPECT_EQ(read_json("\xEF\xBB\xBF[1]"), Value(Value::Array{1}));
}

TEST(JsonParser, LineOfANumberIsItsOwnThoughTheNextCharacterWasRead) {
  const Document document = parse_document("[1\n,\n22\n, 3]", TextFormat::json);
  EXPECT_EQ(document.line_of("/0"), 1);
  EXPECT_EQ(document.line_of("/1"), 3);
  EXPECT_EQ(document.line_of("/2"), 4);
}

TEST(JsonParser, LineOfAContainerIsThatOfItsBracket) {
  const Document document = parse_document("{\"a\":\n\n{\n\"b\":\n[\n]}}", TextFormat::json);
  EXPECT_EQ(document.line_of(""), 1);
  EXPECT_EQ(document.line_of("/a"), 3);
  EXPECT_EQ(document.line_of("/a/b"), 5);
}

TEST(JsonParser, SyntaxErrorsNameTheLineAndWhatWasThere) {
  const ManifestError missing_comma = refused("{\n\"a\": 1\n\"b\": 2}");
  EXPECT_EQ(missing_comma.line(), 3);
  EXPECT_THAT(missing_comma.what(), HasSubstr("the JSON text cannot be read"));
  EXPECT_THAT(missing_comma.what(), HasSubstr("unexpected string literal"));
  EXPECT_THAT(missing_comma.what(), HasSubstr("(line 3)"));

  EXPECT_EQ(refused("{\n\n\"a\": tru\n}").line(), 3);
  EXPECT_EQ(refused("{\"a\": 1,\n").line(), 1) << "the text ends in line 1";
}

TEST(JsonParser, SyntaxErrorsAreReadableThoughTheyStopInsideACharacter) {
  EXPECT_THAT(refused("[tru\xC3\xA9]").what(), HasSubstr("last read: '[tru\xEF\xBF\xBD'"));
}

TEST(JsonParser, RefusesWhatOnlyLooksLikeJson) {
  for (const char* text : {"{'a': 1}", "{a: 1}", "[1,]", "// comment\n{}", "[01]", "[.5]", "[+1]",
                           "[NaN]", "[Infinity]", "{} {}", "[\"a\nb\"]", "\"\\ud800\"", "[1"}) {
    EXPECT_THAT(refused(text).what(), HasSubstr("the JSON text cannot be read")) << text;
  }
}

}  // namespace
}  // namespace remotemedia

#include "graph/refusals.h"
#include "remotemedia/graph/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace remotemedia {
namespace {

using test::manifest_refusal;
using testing::HasSubstr;

Value read_yaml(const std::string& text) { return parse_document(text, TextFormat::yaml).root; }

ManifestError yaml_refusal(const std::string& text) {
  return manifest_refusal([&] { parse_document(text, TextFormat::yaml); });
}

TEST(YamlParser, TypesPlainScalarsByTheCoreSchema) {
  const std::pair<const char*, Value> cases[] = {
      {"~", nullptr},  {"null", nullptr},  {"Null", nullptr}, {"NULL", nullptr}, {"true", true},
      {"True", true},  {"TRUE", true},     {"false", false},  {"False", false},  {"FALSE", false},
      {"0", 0},        {"-17", -17},       {"+17", 17},       {"007", 7},        {"0x1F", 31},
      {"0o17", 15},    {"1.5", 1.5},       {"-1.5", -1.5},    {"+.5", 0.5},      {"1.", 1.0},
      {"1e3", 1000.0}, {"-2.5E-1", -0.25}, {"1.0", 1.0},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(read_yaml(std::string("a: ") + text), Value(Object{{"a", expected}})) << text;
  }
}

TEST(YamlParser, KeepsAsTextWhatTheCoreSchemaDoesNotKnow) {
  for (const char* text : {"yes",  "no",
                           "on",   "off",
                           "y",    "nULL",
                           "tRUE", "1_000",
                           "0x",   "0xG",
                           "0o8",  "0b1",
                           "1:30", "-",
                           "--5",  "+-5",
                           "1e",   "inf",
                           "nan",  "infinity",
                           ".",    "1.2.3",
                           "0x-1", "-0x1",
                           "v1",   "2026-01-31T12:00:00Z"}) {
    if (std::string(text) == "-") continue;  // a sequence, not a scalar
    EXPECT_EQ(read_yaml(std::string("a: ") + text), Value(Object{{"a", text}})) << text;
  }
}

TEST(YamlParser, QuotesAndTheStringTagMakeText) {
  EXPECT_EQ(read_yaml("[\"1\", '2', \"true\", '', !!str 3, ! 4]"),
            Value(Value::Array{"1", "2", "true", "", "3", "4"}));
  EXPECT_EQ(read_yaml("a: |\n  one\n  two\n"), Value(Object{{"a", "one\ntwo\n"}}));
  EXPECT_EQ(read_yaml("a: >-\n  one\n  two\n"), Value(Object{{"a", "one two"}}));
}

TEST(YamlParser, AnAbsentValueIsNull) {
  EXPECT_EQ(read_yaml("a:\nb: ~\n"), Value(Object{{"a", nullptr}, {"b", nullptr}}));
  EXPECT_EQ(read_yaml("- \n- 1\n"), Value(Value::Array{nullptr, 1}));
}

TEST(YamlParser, AnAbsentValueStandsWhereItsFieldDoes) {
  const Document document = parse_document("a: 1\nnodes:\nb:\n  c:\n\n  d: 1\n", TextFormat::yaml);
  EXPECT_EQ(document.line_of("/nodes"), 2);
  EXPECT_EQ(document.line_of("/b/c"), 4);
  EXPECT_EQ(document.line_of("/b/d"), 6);
}

TEST(YamlParser, ReadsJson) {
  EXPECT_EQ(read_yaml(R"({"a": [1, {"b": null}], "c": "x"})"),
            Value(Object{{"a", Value::Array{1, Object{{"b", nullptr}}}}, {"c", "x"}}));
}

TEST(YamlParser, RefusesNumbersThatJsonCannotWrite) {
  for (const char* number : {".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN"}) {
    const ManifestError error = yaml_refusal(std::string("a:\n  b: ") + number);
    EXPECT_THAT(error.what(), HasSubstr(std::string("the number ") + number + " has no JSON form"));
    EXPECT_EQ(error.line(), 2);
    EXPECT_EQ(error.hint(), "put it in quotes if it is text");
  }
  EXPECT_EQ(read_yaml("a: '.inf'"), Value(Object{{"a", ".inf"}}));
}

TEST(YamlParser, RefusesFieldNamesThatAreNoText) {
  for (const char* text : {"x: 1\n5: 2", "x: 1\ntrue: 2", "x: 1\n~: 2", "x: 1\n0x5: 2",
                           "x: 1\n? [a]\n: 2", "x: 1\n? {a: b}\n: 2"}) {
    const ManifestError error = yaml_refusal(text);
    EXPECT_THAT(error.what(), HasSubstr("a field name must be text")) << text;
    EXPECT_EQ(error.line(), 2) << text;
    EXPECT_EQ(error.hint(), "put it in quotes, or close the bracket before it");
  }
  EXPECT_EQ(read_yaml("'5': 2"), Value(Object{{"5", 2}}));
}

TEST(YamlParser, ThinksOfTheUnclosedBracketThatMakesANumberAFieldName) {
  const ManifestError error = yaml_refusal("x: 1\nb: [1, 2\n");
  EXPECT_EQ(error.line(), 2);
  EXPECT_THAT(error.hint(), HasSubstr("close the bracket"));
}

TEST(YamlParser, RefusesAliasesMergeKeysAndTags) {
  const ManifestError alias = yaml_refusal("a: &x 1\nb: *x\n");
  EXPECT_THAT(alias.what(), HasSubstr("aliases (*name) are not supported"));
  EXPECT_EQ(alias.line(), 2);
  EXPECT_EQ(alias.hint(), "write the value out");

  const ManifestError merge = yaml_refusal("a: 1\n<<: {b: 2}\n");
  EXPECT_THAT(merge.what(), HasSubstr("merge keys (<<) are not supported"));
  EXPECT_EQ(merge.line(), 2);
  EXPECT_EQ(merge.hint(), "write the fields out");
  EXPECT_EQ(read_yaml("'<<': 1"), Value(Object{{"<<", 1}})) << "in quotes it is a name";

  for (const char* text :
       {"a: 1\nb: !!int '3'", "a: 1\nb: !Thing {}", "a: 1\nb: !!python/object []"}) {
    const ManifestError tag = yaml_refusal(text);
    EXPECT_THAT(tag.what(), HasSubstr("is not supported")) << text;
    EXPECT_EQ(tag.line(), 2) << text;
    EXPECT_EQ(tag.hint(), "remove it");
  }
}

TEST(YamlParser, AliasesCannotMultiplyATextIntoManyValues) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            "]\n";
  }
  EXPECT_THAT(yaml_refusal(bomb).what(), HasSubstr("aliases"));
}

TEST(YamlParser, RefusesASecondDocumentAtItsLine) {
  const ManifestError error = yaml_refusal("a: 1\n---\nb: 2\n");
  EXPECT_THAT(error.what(), HasSubstr("more than one YAML document"));
  EXPECT_EQ(error.line(), 2);
  EXPECT_EQ(error.hint(), "keep one manifest per file");
  EXPECT_EQ(read_yaml("---\na: 1\n...\n"), Value(Object{{"a", 1}}))
      << "markers around one are fine";
}

TEST(YamlParser, RefusesATextOfCommentsOnly) {
  EXPECT_THAT(yaml_refusal("# nothing\n# here\n").what(), HasSubstr("holds no document"));
}

TEST(YamlParser, SyntaxErrorsNameTheLine) {
  for (const char* text : {"a: 1\n  b: 2\n", "a: 1\nb: [1, 2}", "a: 1\nb: \"x", "a: 1\n\tb: 2",
                           "a: 1\n]", "a: 1\n- 2", "a: 1\nb: @x"}) {
    const ManifestError error = yaml_refusal(text);
    EXPECT_THAT(error.what(), HasSubstr("the YAML text cannot be read")) << text;
    EXPECT_GE(error.line(), 1) << text;
  }
}

}  // namespace
}  // namespace remotemedia

#include "remotemedia/graph/document.h"

#include "graph/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remotemedia {
namespace {

using test::manifest_refusal;
using testing::HasSubstr;

std::string repeated(const std::string& part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Document, FormatFollowsTheFileName) {
  EXPECT_EQ(guess_format("graph.yaml", "{}"), TextFormat::yaml);
  EXPECT_EQ(guess_format("graph.yml", "{}"), TextFormat::yaml);
  EXPECT_EQ(guess_format("graph.json", "version: v1"), TextFormat::json);
}

TEST(Document, FormatFollowsTheFirstCharacterWhenTheNameSaysNothing) {
  EXPECT_EQ(guess_format("-", " \n {"), TextFormat::json);
  EXPECT_EQ(guess_format("", "\xEF\xBB\xBF{}"), TextFormat::json) << "after a byte order mark";
  EXPECT_EQ(guess_format("graph.txt", "version: v1"), TextFormat::yaml);
  EXPECT_EQ(guess_format("", ""), TextFormat::yaml);
}

TEST(Document, PointersEscapeSlashAndTilde) {
  EXPECT_EQ(child_pointer("/a", "b"), "/a/b");
  EXPECT_EQ(child_pointer("", "x/y~z"), "/x~1y~0z");
  EXPECT_EQ(child_pointer("/nodes", 3), "/nodes/3");
}

TEST(Document, LineOfAnUnknownPointerIsThatOfItsNearestParent) {
  Document document;
  document.lines = {{"", 1}, {"/nodes", 4}, {"/nodes/0", 5}};
  EXPECT_EQ(document.line_of("/nodes/0"), 5);
  EXPECT_EQ(document.line_of("/nodes/0/params/x"), 5);
  EXPECT_EQ(document.line_of("/nodes/7"), 4);
  EXPECT_EQ(document.line_of("/metadata"), 1);
  EXPECT_EQ(Document().line_of("/nodes"), 0);
}

TEST(Document, BothFormatsGiveTheSameValuesAndLines) {
  const Document json =
      parse_document("{\n\"a\": [1,\n2.5],\n\"b\": {\"c\": null,\n\"d\": true},\n\"e\": \"text\"}",
                     TextFormat::json);
  const Document yaml =
      parse_document("a:\n - 1\n - 2.5\nb:\n  c:\n  d: true\ne: text\n", TextFormat::yaml);
  EXPECT_EQ(json.root, yaml.root);
  EXPECT_EQ(json.root, Value(Object{{"a", Value::Array{1, 2.5}},
                                    {"b", Object{{"c", nullptr}, {"d", true}}},
                                    {"e", "text"}}));
  EXPECT_EQ(json.line_of("/a/1"), 3);
  EXPECT_EQ(json.line_of("/b/d"), 5);
  EXPECT_EQ(yaml.line_of("/a/1"), 3);
  EXPECT_EQ(yaml.line_of("/b/d"), 6);
  EXPECT_EQ(yaml.line_of("/e"), 7);
}

class EitherFormat : public testing::TestWithParam<TextFormat> {
 protected:
  static ManifestError refused(const std::string& text) {
    return manifest_refusal([&] { parse_document(text, GetParam()); });
  }
};

INSTANTIATE_TEST_SUITE_P(Document, EitherFormat,
                         testing::Values(TextFormat::json, TextFormat::yaml),
                         [](const auto& format) {
                           return format.param == TextFormat::json ? "json" : "yaml";
                         });

TEST_P(EitherFormat, RefusesAnEmptyText) {
  for (const char* text : {"", " ", "\n\t \r\n"}) {
    const ManifestError error = refused(text);
    EXPECT_STREQ(error.code(), "RM2000");
    EXPECT_THAT(error.what(), HasSubstr("the text is empty"));
    EXPECT_THAT(error.hint(), HasSubstr("write a manifest"));
  }
}

TEST_P(EitherFormat, RefusesATextOverTheLimit) {
  const ManifestError error = refused(std::string(kMaxDocumentBytes + 1, ' '));
  EXPECT_THAT(error.what(), HasSubstr("4194305 bytes, at most 4194304 are allowed"));
}

TEST_P(EitherFormat, RefusesWhatIsNotUtf8AtItsLine) {
  const char* invalid[] = {
      "\x80",              // continuation without a start
      "\xC0\xAF",          // overlong '/'
      "\xC3",              // cut short
      "\xE0\x80\xAF",      // overlong
      "\xED\xA0\x80",      // surrogate
      "\xEF\xBF",          // cut short
      "\xF0\x80\x80\xAF",  // overlong
      "\xF4\x90\x80\x80",  // beyond U+10FFFF
      "\xF8\x88\x80\x80",  // no such start
      "\xFF\xFE",          // byte order mark of UTF-16
  };
  for (const char* bytes : invalid) {
    const ManifestError error = refused(std::string("{\"a\":\n\"") + bytes + "\"}");
    EXPECT_THAT(error.what(), HasSubstr("byte 8 of the text is not UTF-8"));
    EXPECT_EQ(error.line(), 2);
    EXPECT_EQ(error.hint(), "save the file as UTF-8");
  }
}

TEST_P(EitherFormat, RefusesUtf16WithoutAByteOrderMark) {
  const std::string utf16("{\0}\0", 4);
  EXPECT_THAT(refused(utf16).what(), HasSubstr("byte 2 of the text is not UTF-8"));
}

TEST_P(EitherFormat, KeepsEveryLengthOfUtf8) {
  const std::string text = "\x7F \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBD \xF0\x9F\x8E\xA4";
  const Document document = parse_document("{\"a\": \"" + text + "\"}", GetParam());
  EXPECT_EQ(*document.root.as_object()->find("a"), Value(text));
}

TEST_P(EitherFormat, RefusesADuplicateFieldAtItsLine) {
  const ManifestError error = refused("{\"x\": {\"a\": 1,\n\"b\": 2,\n\"a\": 3}}");
  EXPECT_THAT(error.what(), HasSubstr("duplicate field 'a'"));
  EXPECT_EQ(error.pointer(), "/x");
  EXPECT_EQ(error.line(), 3);
  EXPECT_EQ(error.hint(), "remove one of the two");
}

TEST_P(EitherFormat, TakesTheDeepestAllowedNestingAndRefusesOneMore) {
  const auto nested = [](int depth) {
    return repeated("[", static_cast<std::size_t>(depth)) + "1" +
           repeated("]", static_cast<std::size_t>(depth));
  };
  EXPECT_NO_THROW(parse_document(nested(kMaxDocumentDepth), GetParam()));
  const ManifestError error = refused("\n" + nested(kMaxDocumentDepth + 1));
  EXPECT_THAT(error.what(), HasSubstr("nested deeper than 64 levels"));
  EXPECT_EQ(error.line(), 2);
}

TEST_P(EitherFormat, RefusesNestingThatNeverEnds) {
  EXPECT_STREQ(refused(repeated("{\"a\":", 5'000)).code(), "RM2000");
  EXPECT_STREQ(refused(repeated("[", 1'000'000)).code(), "RM2000");
}

TEST_P(EitherFormat, RefusesMoreValuesThanTheLimit) {
  const std::string list = "[" + repeated("1,", kMaxDocumentValues) + "1]";
  const ManifestError error = refused(list);
  EXPECT_THAT(error.what(), HasSubstr("more than 100000 values"));
  EXPECT_EQ(error.hint(), "split the graph");
}

TEST_P(EitherFormat, RefusesAnObjectWithMoreFieldsThanTheLimit) {
  std::string object = "{\"x\": {";
  for (int i = 0; i < 1'001; ++i) object += "\"k" + std::to_string(i) + "\": 1,\n";
  const ManifestError error = refused(object + "\"end\": 1}}");
  EXPECT_THAT(error.what(), HasSubstr("an object has more than 1000 fields"));
  EXPECT_EQ(error.pointer(), "/x");
  EXPECT_EQ(error.line(), 1'001);
}

TEST_P(EitherFormat, RefusesALongFieldName) {
  const ManifestError error = refused("{\"" + std::string(257, 'k') + "\": 1}");
  EXPECT_THAT(error.what(), HasSubstr("a field name has 257 bytes, at most 256 are allowed"));
  EXPECT_EQ(error.line(), 1);
}

TEST_P(EitherFormat, VeryDeepValuesHaveTheLineOfAParent) {
  const std::string key(250, 'k');
  const std::string open = "{\"" + key + "\":\n";
  const Document document = parse_document(open + open + open + "1}}}", GetParam());
  const std::string parent = "/" + key + "/" + key;
  EXPECT_EQ(document.line_of(parent), 3);
  EXPECT_EQ(document.line_of(parent + "/" + key), 3)
      << "pointers of more than 512 bytes are not kept";
}

TEST_P(EitherFormat, KeepsMessagesShortWhateverTheText) {
  const std::string long_word(1'000'000, '7');
  const ManifestError error = refused("{\"a\": " + long_word + "}");
  EXPECT_LT(std::string(error.what()).size(), 1'100U);
  EXPECT_THAT(error.what(), HasSubstr("777..."));
}

TEST_P(EitherFormat, KeepsMessagesOneReadableLine) {
  const ManifestError error = refused(R"({"a\u0000b\nc\u001b": 1, "a\u0000b\nc\u001b": 2})");
  EXPECT_THAT(error.what(), HasSubstr("duplicate field 'a\uFFFDb\uFFFDc\uFFFD'"));
}

TEST_P(EitherFormat, KeepsIntegersAndFloatsApart) {
  const Document document =
      parse_document("[1, 1.0, -9223372036854775808, 9223372036854775807, 1e3]", GetParam());
  EXPECT_EQ(document.root, Value(Value::Array{1, 1.0, Value(INT64_MIN), Value(INT64_MAX), 1000.0}));
  EXPECT_NE(Value(1), Value(1.0));
}

TEST_P(EitherFormat, RefusesNumbersThatDoNotFit) {
  for (const char* number : {"9223372036854775808", "-9223372036854775809",
                             "123456789012345678901234567890", "1e400", "-1e400"}) {
    const ManifestError error = refused(std::string("[\n") + number + "\n]");
    EXPECT_THAT(error.what(), HasSubstr(number));
    EXPECT_EQ(error.line(), 2) << number;
  }
}

}  // namespace
}  // namespace remotemedia

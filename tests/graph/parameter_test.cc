#include "remotemedia/graph/parameter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using testing::HasSubstr;

const std::vector<ParameterSpec>& table() {
  static const std::vector<ParameterSpec> kTable = {
      {.name = "target_sample_rate",
       .type = ParameterType::integer,
       .description = "Rate of the output",
       .minimum = 8000,
       .maximum = 192000,
       .unit = "Hz",
       .aliases = {"target_rate", "rate"}},
      {.name = "quality",
       .type = ParameterType::string,
       .description = "Filter",
       .default_value = "high",
       .choices = {"low", "medium", "high"}},
      {.name = "gain",
       .type = ParameterType::number,
       .description = "Factor",
       .default_value = 2,
       .minimum = 0},
      {.name = "mono",
       .type = ParameterType::boolean,
       .description = "Mix",
       .default_value = false},
      {.name = "path", .type = ParameterType::path, .description = "File", .nullable = true},
      {.name = "ceiling",
       .type = ParameterType::number,
       .description = "Limit",
       .default_value = -1.5,
       .maximum = 0},
      {.name = "anything", .description = "Free", .default_value = Object{{"a", 1}}},
  };
  return kTable;
}

Object with_rate(Object more = {}) {
  more.set("target_sample_rate", 16000);
  return more;
}

Parameters accepted(const Object& given) {
  ParameterProblem problem;
  const auto parameters = check_parameters(table(), {}, given, &problem);
  EXPECT_TRUE(parameters) << problem.message;
  return parameters.value_or(Parameters());
}

ParameterProblem refused(const Object& given, const std::vector<RefusedParameter>& mistakes = {}) {
  ParameterProblem problem;
  EXPECT_FALSE(check_parameters(table(), mistakes, given, &problem)) << to_json(given);
  return problem;
}

TEST(Parameters, EveryNameOfTheTableIsPresentInItsOrder) {
  const Parameters parameters = accepted(Object{{"mono", true}, {"target_sample_rate", 16000}});
  std::vector<std::string> names;
  for (const auto& [name, value] : parameters.values()) names.emplace_back(name);
  EXPECT_THAT(names, testing::ElementsAre("target_sample_rate", "quality", "gain", "mono", "path",
                                          "ceiling", "anything"));
}

TEST(Parameters, DefaultsFillInWhatIsAbsent) {
  const Parameters parameters = accepted(with_rate());
  EXPECT_EQ(parameters.integer("target_sample_rate"), 16000);
  EXPECT_EQ(parameters.string("quality"), "high");
  EXPECT_EQ(parameters.number("gain"), 2.0);
  EXPECT_FALSE(parameters.boolean("mono"));
  EXPECT_TRUE(parameters.is_null("path"));
  EXPECT_EQ(parameters.value("anything"), Value(Object{{"a", 1}}));
}

TEST(Parameters, ADefaultHasTheTypeOfItsParameter) {
  EXPECT_EQ(accepted(with_rate()).value("gain"), Value(2.0)) << "the table says 2";
}

TEST(Parameters, WholeNumbersAreIntegersAndIntegersAreNumbers) {
  const Parameters parameters = accepted(Object{{"target_sample_rate", 16000.0}, {"gain", 3}});
  EXPECT_EQ(parameters.value("target_sample_rate"), Value(16000));
  EXPECT_EQ(parameters.value("gain"), Value(3.0));
}

TEST(Parameters, AnAliasStandsForItsName) {
  for (const char* alias : {"target_rate", "rate"}) {
    const Parameters parameters = accepted(Object{{alias, 8000}});
    EXPECT_EQ(parameters.integer("target_sample_rate"), 8000);
    EXPECT_FALSE(parameters.values().contains(alias));
  }
}

TEST(Parameters, ChoicesAreComparedWithoutCaseAndKeepTheirSpelling) {
  EXPECT_EQ(accepted(with_rate({{"quality", "MEDIUM"}})).string("quality"), "medium");
  EXPECT_EQ(accepted(with_rate({{"quality", "High"}})).string("quality"), "high");
}

TEST(Parameters, LimitsAreInclusive) {
  EXPECT_EQ(accepted(Object{{"target_sample_rate", 8000}}).integer("target_sample_rate"), 8000);
  EXPECT_EQ(accepted(Object{{"target_sample_rate", 192000}}).integer("target_sample_rate"), 192000);
  EXPECT_EQ(accepted(with_rate({{"ceiling", 0}})).number("ceiling"), 0.0);
}

TEST(Parameters, NullIsTakenWhereTheTableAllowsIt) {
  EXPECT_TRUE(accepted(with_rate({{"path", nullptr}})).is_null("path"));
  EXPECT_EQ(accepted(with_rate({{"path", "x.wav"}})).string("path"), "x.wav");
  EXPECT_EQ(refused(with_rate({{"mono", nullptr}})).message,
            "mono is null, expected a value of type boolean");
}

TEST(Parameters, AWrongValueIsNamedWithWhatWasExpected) {
  const std::pair<Object, const char*> cases[] = {
      {Object{{"target_sample_rate", 0}}, "target_sample_rate is 0, expected 8000..192000 Hz"},
      {Object{{"target_sample_rate", 192001}},
       "target_sample_rate is 192001, expected 8000..192000 Hz"},
      {Object{{"target_sample_rate", 16000.5}},
       "target_sample_rate is 16000.5, expected 8000..192000 Hz"},
      {Object{{"target_sample_rate", "16000"}},
       "target_sample_rate is \"16000\", expected 8000..192000 Hz"},
      {Object{{"target_sample_rate", true}},
       "target_sample_rate is true, expected 8000..192000 Hz"},
      {Object{{"rate", 1}}, "rate is 1, expected 8000..192000 Hz"},
      {Object{{"quality", "best"}}, "quality is \"best\", expected one of low, medium, high"},
      {Object{{"quality", 1}}, "quality is 1, expected one of low, medium, high"},
      {Object{{"gain", -0.5}}, "gain is -0.5, expected at least 0"},
      {Object{{"gain", "loud"}}, "gain is \"loud\", expected at least 0"},
      {Object{{"gain", std::nan("")}}, "gain is NaN, expected at least 0"},
      {Object{{"gain", HUGE_VAL}}, "gain is Infinity, expected at least 0"},
      {Object{{"gain", -HUGE_VAL}}, "gain is -Infinity, expected at least 0"},
      {Object{{"ceiling", 0.5}}, "ceiling is 0.5, expected at most 0"},
      {Object{{"mono", 1}}, "mono is 1, expected a value of type boolean"},
      {Object{{"path", ""}}, "path is \"\", expected a value of type path, or null"},
      {Object{{"path", std::string("a\0.wav", 6)}},
       "path is \"a\\u0000.wav\", expected a value of type path, or null"},
      {Object{{"path", Value::Array{}}}, "path is [], expected a value of type path, or null"},
  };
  for (const auto& [given, message] : cases) {
    const ParameterProblem problem = refused(given);
    EXPECT_EQ(problem.message, message);
    EXPECT_EQ(problem.name, std::string_view(given.begin()->first));
  }
}

TEST(Parameters, IntegersFitAnInt) {
  const std::vector<ParameterSpec> table = {
      {.name = "n", .type = ParameterType::integer, .default_value = 0}};
  ParameterProblem problem;
  for (const Value& value :
       {Value(INT64_MAX), Value(INT64_MIN), Value(2147483648.0), Value(1e300), Value(-1e300)}) {
    EXPECT_FALSE(check_parameters(table, {}, Object{{"n", value}}, &problem));
    EXPECT_THAT(problem.message, HasSubstr("expected a value of type integer"));
  }
  EXPECT_EQ(check_parameters(table, {}, Object{{"n", 2147483647.0}}, &problem)->integer("n"),
            2147483647);
}

TEST(Parameters, LongValuesAreShortenedInMessagesAtACharacterBorder) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\u00e9";
  const ParameterProblem problem = refused(Object{{"quality", text}});
  EXPECT_THAT(problem.message, HasSubstr("\u00e9..., expected one of"));
  EXPECT_LT(problem.message.size(), 150U);
}

TEST(Parameters, AnUnknownNameGetsTheNearestOne) {
  const ParameterProblem problem = refused(with_rate({{"qualty", "high"}}));
  EXPECT_EQ(problem.name, "qualty");
  EXPECT_EQ(problem.message, "unknown parameter 'qualty'");
  EXPECT_EQ(problem.hint, "did you mean 'quality'?");
  EXPECT_THAT(refused(Object{{"banana", 1}}).hint, HasSubstr("known: target_sample_rate, quality"));
}

TEST(Parameters, AKnownMistakeGetsItsOwnHint) {
  const std::vector<RefusedParameter> mistakes = {
      {.name = "source_rate", .hint = "the input rate comes with the audio"}};
  const ParameterProblem problem = refused(Object{{"source_rate", 48000}}, mistakes);
  EXPECT_EQ(problem.message, "unknown parameter 'source_rate'");
  EXPECT_EQ(problem.hint, "the input rate comes with the audio");
}

TEST(Parameters, ATypeWithoutParametersSaysSo) {
  ParameterProblem problem;
  EXPECT_FALSE(check_parameters({}, {}, Object{{"x", 1}}, &problem));
  EXPECT_EQ(problem.hint, "this node type takes no parameters");
  EXPECT_TRUE(check_parameters({}, {}, Object{}, &problem));
}

TEST(Parameters, ARequiredOneThatIsMissingIsDescribed) {
  const ParameterProblem problem = refused(Object{});
  EXPECT_EQ(problem.name, "target_sample_rate");
  EXPECT_EQ(problem.message, "parameter 'target_sample_rate' is missing");
  EXPECT_EQ(problem.hint, "Rate of the output; expected 8000..192000 Hz");
}

TEST(Parameters, ANameAndItsAliasTogetherAreRefusedInEitherOrder) {
  const char* message = "'target_sample_rate' is given twice, as 'rate' too";
  const ParameterProblem alias_last = refused(Object{{"target_sample_rate", 8000}, {"rate", 8000}});
  EXPECT_EQ(alias_last.name, "rate");
  EXPECT_EQ(alias_last.message, message);
  EXPECT_EQ(alias_last.hint, "keep target_sample_rate");
  const ParameterProblem alias_first =
      refused(Object{{"rate", 8000}, {"target_sample_rate", 8000}});
  EXPECT_EQ(alias_first.name, "target_sample_rate");
  EXPECT_EQ(alias_first.message, message);
  EXPECT_THAT(refused(Object{{"rate", 8000}, {"target_rate", 8000}}).message,
              HasSubstr("is given twice, as 'target_rate' too"));
}

TEST(Parameters, TheFirstProblemInTheOrderGivenIsReported) {
  EXPECT_EQ(refused(Object{{"gain", -1}, {"banana", 1}}).name, "gain");
  EXPECT_EQ(refused(Object{{"banana", 1}, {"gain", -1}}).name, "banana");
}

TEST(Parameters, ReadingAnotherTypeOrNameIsABugOfOurs) {
  const Parameters parameters = accepted(with_rate());
  EXPECT_THROW(static_cast<void>(parameters.integer("quality")), std::logic_error);
  EXPECT_THROW(static_cast<void>(parameters.string("gain")), std::logic_error);
  EXPECT_THROW(static_cast<void>(parameters.boolean("nothing")), std::logic_error);
}

TEST(ParameterSchema, SaysWhatTheTableSays) {
  const Value schema = parameter_schema(table());
  const Object& object = *schema.as_object();
  EXPECT_EQ(*object.find("type"), Value("object"));
  EXPECT_EQ(*object.find("additionalProperties"), Value(false));
  const Object& properties = *object.find("properties")->as_object();
  EXPECT_EQ(*properties.find("quality"),
            Value(Object{{"type", "string"},
                         {"description", "Filter"},
                         {"enum", Value::Array{"low", "medium", "high"}},
                         {"default", "high"}}));
  EXPECT_EQ(*properties.find("target_sample_rate"),
            Value(Object{{"type", "integer"},
                         {"description", "Rate of the output"},
                         {"minimum", 8000},
                         {"maximum", 192000}}));
  EXPECT_EQ(*properties.find("path"),
            Value(Object{{"type", Value::Array{"string", "null"}}, {"description", "File"}}));
  EXPECT_EQ(*properties.find("anything"),
            Value(Object{{"description", "Free"}, {"default", Object{{"a", 1}}}}));
}

TEST(ParameterSchema, ListsAliasesAndRequiresWhatHasNeitherDefaultNorAlias) {
  const Value with_alias = parameter_schema(table());
  EXPECT_EQ(*with_alias.as_object()->find("properties")->as_object()->find("rate"),
            Value(Object{{"type", "integer"},
                         {"description", "Alias of target_sample_rate."},
                         {"minimum", 8000},
                         {"maximum", 192000}}));
  EXPECT_FALSE(with_alias.as_object()->contains("required")) << "an alias may stand for it";
  const Value plain = parameter_schema({{.name = "n", .type = ParameterType::integer}});
  EXPECT_EQ(*plain.as_object()->find("required"), Value(Value::Array{"n"}));
}

TEST(ParameterSchema, NullableChoicesIncludeNull) {
  const Value schema = parameter_schema(
      {{.name = "c", .type = ParameterType::string, .choices = {"a"}, .nullable = true}});
  const Value& c = *schema.as_object()->find("properties")->as_object()->find("c");
  EXPECT_EQ(*c.as_object()->find("enum"), Value(Value::Array{"a", nullptr}));
}

}  // namespace
}  // namespace remotemedia

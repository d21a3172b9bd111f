#include "nodes/arithmetic.h"
#include "nodes/runner.h"

#include <limits>

namespace remotemedia::nodes {
namespace {

using namespace test;

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTwo63 = 9223372036854775808.0;

struct Sum {
  Value a;
  char op;
  Value b;
  Value result;
};

void expect_results(const std::vector<Sum>& sums) {
  for (const Sum& sum : sums) {
    EXPECT_EQ(arithmetic(sum.a, sum.op, sum.b), sum.result)
        << to_json(sum.a) << " " << sum.op << " " << to_json(sum.b);
  }
}

TEST(Arithmetic, GivesAnIntegerForIntegersWhereItIsExact) {
  expect_results({{2, '+', 3, 5},
                  {2, '-', 3, -1},
                  {-2, '*', 3, -6},
                  {7, '%', 4, 3},
                  {2, '^', 10, 1024},
                  {-3, '^', 3, -27},
                  {0, '^', 0, 1},
                  {5, '^', 0, 1},
                  {3, '^', 39, 4052555153018976267},
                  {-2, '^', 63, kMin},
                  {1, '^', kMax, 1},
                  {-1, '^', kMax, -1}});
}

TEST(Arithmetic, GivesAFloatForAnyFloatAndForDivision) {
  expect_results({{2, '+', 0.5, 2.5},
                  {2.0, '*', 3, 6.0},
                  {6, '/', 3, 2.0},
                  {1, '/', 4, 0.25},
                  {2, '^', -1, 0.5},
                  {2.0, '^', 3, 8.0},
                  {4, '^', 0.5, 2.0}});
}

TEST(Arithmetic, GivesAFloatWhereAnIntegerWouldNotFit) {
  expect_results({{kMax, '+', 1, kTwo63},
                  {kMin, '-', 1, -kTwo63},
                  {kMax, '*', 2, 2 * kTwo63},
                  {kMin, '*', -1, kTwo63},
                  {2, '^', 63, kTwo63},
                  {10, '^', 400, kInfinity},
                  {1e308, '*', 10, kInfinity}});
}

TEST(Arithmetic, GivesModuloTheSignOfTheDivisor) {
  expect_results({{-7, '%', 3, 2},
                  {7, '%', -3, -2},
                  {-7, '%', -3, -1},
                  {-6, '%', 3, 0},
                  {kMin, '%', -1, 0},
                  {-7.5, '%', 2, 0.5},
                  {7.5, '%', -2, -0.5},
                  {5, '%', kInfinity, 5.0},
                  {-5, '%', kInfinity, kInfinity}});
  EXPECT_FALSE(std::signbit(*arithmetic(-4.0, '%', 2).as_double()));
  EXPECT_TRUE(std::signbit(*arithmetic(4.0, '%', -2).as_double()));
}

TEST(Arithmetic, RefusesToDivideByZero) {
  for (const Value& zero : {Value(0), Value(0.0), Value(-0.0)}) {
    for (const char op : {'/', '%'}) {
      expect_refused([&] { arithmetic(1, op, zero); }, "Division by zero");
    }
    expect_refused([&] { arithmetic(zero, '^', -1); }, "Division by zero");
  }
}

TEST(Arithmetic, RefusesAPowerThatIsNoRealNumber) {
  expect_refused([] { arithmetic(-8, '^', 0.5); },
                 "power of a negative number is 0.5, expected a whole exponent");
}

TEST(Arithmetic, PassesNaNOn) {
  EXPECT_TRUE(std::isnan(*arithmetic(std::nan(""), '+', 1).as_double()));
  EXPECT_TRUE(std::isnan(*arithmetic(std::nan(""), '^', 2).as_double()));
}

Packet only_result(Runner& node, Packet packet) {
  node.push(std::move(packet));
  std::vector<Packet> results = node.take();
  EXPECT_EQ(results.size(), 1U);
  return results.front();
}

Value value_of(const Packet& packet) { return *packet.json(); }

TEST(CalculatorNode, DoesWhatAnItemAsks) {
  Runner node("CalculatorNode");
  const Value args = Value::Array{7, 2, "not used"};
  const std::pair<const char*, Value> expected[] = {
      {"add", 9}, {"subtract", 5}, {"multiply", 14}, {"divide", 3.5}, {"power", 49}, {"modulo", 1}};
  for (const auto& [operation, result] : expected) {
    Packet packet = clip(Value(Object{{"operation", operation}, {"args", args}}), {{"a", 1}});
    const Packet answer = only_result(node, packet);
    EXPECT_EQ(value_of(answer), Value(Object{{"operation", operation},
                                             {"args", args},
                                             {"result", result},
                                             {"processed_by", "CalculatorNode[the_node]"},
                                             {"node_config", Object{}}}));
    EXPECT_EQ(answer.metadata, packet.metadata);
    EXPECT_TRUE(answer.ends_clip);
  }
}

TEST(CalculatorNode, ReadsTheItemOfAnEmbeddingLanguage) {
  Runner node("CalculatorNode");
  const Object request{{"operation", "add"}, {"args", Value::Array{1, 2}}};
  const Packet answer =
      only_result(node, item(ForeignPtr(std::make_shared<FakeObject>(Value(request)))));
  EXPECT_EQ(*value_of(answer).as_object()->find("result"), Value(3));
}

TEST(CalculatorNode, SaysWhatIsWrongWithAnItem) {
  Runner node("CalculatorNode");
  const auto ask = [&](Value value, const std::string& text) {
    expect_refused([&] { node.push(item(value)); }, text);
  };
  const Value two = Value::Array{1, 2};
  ask(5,
      "CalculatorNode: item is 5, expected {\"operation\": name, \"args\": [a, b]}; set "
      "operation and operand to compute the same with every number");
  ask(Object{{"args", two}}, "CalculatorNode: item is");
  ask(Object{{"operation", "add"}}, "CalculatorNode: item is");
  ask(Object{{"operation", "root"}, {"args", two}},
      "operation is \"root\", expected add, subtract, multiply, divide, power or modulo");
  ask(Object{{"operation", 1}, {"args", two}}, "operation is 1, expected add");
  for (const Value& args : {Value(1), Value(Value::Array{1}), Value(Value::Array{1, "2"}),
                            Value(Value::Array{true, 2})}) {
    ask(Object{{"operation", "add"}, {"args", args}}, "expected two numbers");
  }
  ask(Object{{"operation", "divide"}, {"args", Value::Array{1, 0}}}, "Division by zero");
  expect_refused([&] { node.push(item(noise(8'000, 1, 1))); },
                 "expected a number, text, list or object, got audio");
  EXPECT_TRUE(node.results.empty());
}

Value calculated(const char* operation, const Value& operand, const Value& number) {
  Runner node("CalculatorNode", {{"operation", operation}, {"operand", operand}});
  return value_of(only_result(node, item(number)));
}

TEST(CalculatorNode, DoesTheSameWithEveryNumberIfTold) {
  EXPECT_EQ(calculated("add", 10, 5), Value(15));
  EXPECT_EQ(calculated("subtract", 10, 5), Value(-5));
  EXPECT_EQ(calculated("multiply", 0.5, 5), Value(2.5));
  EXPECT_EQ(calculated("divide", 2, 5), Value(2.5));
  EXPECT_EQ(calculated("divide", 2, 6), Value(3));  // whole results are integers
  EXPECT_EQ(calculated("power", 2, 1.5), Value(2.25));
  EXPECT_EQ(calculated("modulo", 4, -1), Value(3));
  EXPECT_EQ(calculated("ADD", 10.0, 2.0), Value(12));
  EXPECT_EQ(calculated("multiply", 1, 1e17), Value(1e17));  // beyond exact integers
}

TEST(CalculatorNode, ReadsNumbersInTextAndPassesOtherItemsOn) {
  Runner node("CalculatorNode", {{"operation", "add"}, {"operand", 1}});
  EXPECT_EQ(value_of(only_result(node, item(std::string("41")))), Value(42));
  EXPECT_EQ(value_of(only_result(node, item(std::string("0.5")))), Value(1.5));
  EXPECT_EQ(value_of(only_result(node, item(std::string("-2e1")))), Value(-19));
  for (const char* text : {"", "x", "1 2", " 1", "1x", "inf", "nan"}) {
    EXPECT_EQ(*only_result(node, item(std::string(text))).text(), text);
  }
  EXPECT_EQ(value_of(only_result(node, item(Value(true)))), Value(true));
  EXPECT_EQ(value_of(only_result(node, item(Value(Value::Array{1})))), Value(Value::Array{1}));
  EXPECT_NE(only_result(node, item(noise(8'000, 1, 1))).audio(), nullptr);
}

TEST(CalculatorNode, RefusesToDivideANumberByZero) {
  Runner node("CalculatorNode", {{"operation", "divide"}, {"operand", 0}});
  expect_refused([&] { node.push(item(Value(1))); }, "Division by zero");
}

TEST(CalculatorNode, NeedsBothOperationAndOperandOrNeither) {
  expect_refused(
      [] {
        Runner("CalculatorNode", {{"operation", "add"}});
      },
      "operand is missing, expected both operation and operand, or neither");
  expect_refused([] { Runner("CalculatorNode", {{"operand", 1}}); }, "operation is missing");
}

TEST(ScalarNodes, MultiplyAndAddNumbersAndNestedLists) {
  Runner multiply("MultiplyNode", {{"factor", 2}});
  Runner add("AddNode", {{"addend", 10}});
  for (const int x : {1, 2, 3}) {
    EXPECT_EQ(value_of(only_result(add, only_result(multiply, item(Value(x))))), Value(2 * x + 10));
  }
  const Value list = Value::Array{1, 0.5, Value::Array{-3}, Value::Array{}};
  EXPECT_EQ(value_of(only_result(multiply, item(list))),
            Value(Value::Array{2, 1.0, Value::Array{-6}, Value::Array{}}));
}

TEST(ScalarNodes, GiveAFloatForAFractionAndWhereAnIntegerWouldNotFit) {
  Runner multiply("MultiplyNode", {{"factor", 0.5}});
  EXPECT_EQ(value_of(only_result(multiply, item(Value(4)))), Value(2.0));
  Runner add("AddNode", {{"addend", 1}});
  EXPECT_EQ(value_of(only_result(add, item(Value(kMax)))), Value(kTwo63));
}

TEST(ScalarNodes, DoubleAndAddNothingIfNotToldOtherwise) {
  Runner multiply("MultiplyNode");
  EXPECT_EQ(value_of(only_result(multiply, item(Value(3)))), Value(6));
  Runner add("AddNode");
  EXPECT_EQ(value_of(only_result(add, item(Value(3)))), Value(3));
}

TEST(ScalarNodes, ComputeWithArraysOfAnEmbeddingLanguage) {
  Runner node("MultiplyNode", {{"factor", 3}});
  const Packet result = only_result(
      node, clip(ForeignPtr(std::make_shared<FakeArray>(std::vector{1.0, 2.0})), {{"a", 1}}));
  EXPECT_THAT(dynamic_cast<const FakeArray&>(**result.object()).values(),
              testing::ElementsAre(3.0, 6.0));
  EXPECT_TRUE(result.metadata.contains("a"));
  EXPECT_TRUE(result.ends_clip);
}

TEST(ScalarNodes, ComputeWithTheBareArrayThatExtractAudioDataNodeGives) {
  Runner extract("ExtractAudioDataNode");
  extract.push(item(audio_of<float>(8'000, {{0.5F, -1.0F}})));
  Runner add("AddNode", {{"addend", 0.25}});
  const Packet result = only_result(add, extract.results[0]);
  EXPECT_EQ(result.form, ItemForm::array);
  EXPECT_TRUE(result.audio()->one_dimensional);
  EXPECT_THAT(samples_of<float>(*result.audio()), testing::ElementsAre(0.75F, -0.75F));
  extract.push(item(audio_of<std::int16_t>(8'000, {{1, 2}})));
  expect_refused([&] { add.push(extract.results[1]); },
                 "audio is i16, expected f32; put a FormatConverterNode(target_format=\"f32\") in "
                 "front");
}

TEST(ScalarNodes, RefuseWhatIsNoNumber) {
  Runner multiply("MultiplyNode");
  Runner add("AddNode");
  expect_refused([&] { multiply.push(item(std::string("3"))); },
                 "MultiplyNode: item is \"3\", expected a number or a list of numbers");
  expect_refused([&] { add.push(item(Value(Value::Array{1, true}))); }, "AddNode: item is true");
  expect_refused([&] { add.push(item(Value(Object{}))); }, "AddNode: item is {}");
  expect_refused([&] { add.push(item(noise(8'000, 1, 1))); },
                 "expected a number, text, list or object, got audio");
  expect_refused([&] { add.push(item(ForeignPtr(std::make_shared<FakeObject>(Value("x"))))); },
                 "AddNode: item is \"x\"");
}

}  // namespace
}  // namespace remotemedia::nodes

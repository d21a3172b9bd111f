// CalculatorNode, MultiplyNode and AddNode.

#include "nodes/arithmetic.h"
#include "nodes/node_types.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace remotemedia::nodes {
namespace {

std::optional<Value> parse_number(const std::string& text) {
  std::int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (const auto [p, error] = std::from_chars(text.data(), end, integer);
      error == std::errc() && p == end) {
    return integer;
  }
  double number = 0;
  if (const auto [p, error] = std::from_chars(text.data(), end, number);
      error == std::errc() && p == end && std::isfinite(number)) {
    return number;
  }
  return std::nullopt;
}

Value whole_as_integer(const Value& value) {
  const double* number = value.as_double();
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (number != nullptr && std::trunc(*number) == *number && std::fabs(*number) <= kExact) {
    return static_cast<std::int64_t>(*number);
  }
  return value;
}

/// Without parameters it computes what each item asks for, with them the same for every number.
class CalculatorNode final : public NodeExecutor {
 public:
  explicit CalculatorNode(const Parameters& parameters) {
    if (parameters.is_null("operation")) return;
    operation_ = parse_operation(parameters.string("operation"));
    operand_ = whole_as_integer(parameters.value("operand"));
  }

  void initialize(const NodeContext& context) override {
    processed_by_ = "CalculatorNode[" + context.node_id + "]";
  }

  void process(Packet packet, Emitter& out) override {
    packet.payload = operation_ ? with_operand(std::move(packet.payload)) : calculate(packet);
    out.emit(std::move(packet));
  }

 private:
  Payload with_operand(Payload payload) const {
    Packet item{.payload = std::move(payload), .metadata = {}};
    std::optional<Value> number;
    if (const std::string* text = item.text()) {
      number = parse_number(*text);
    } else if (item.json() != nullptr || item.object() != nullptr) {
      number = require_value(item);
    }
    if (!number || !number->is_number()) return std::move(item.payload);
    return whole_as_integer(arithmetic(*number, *operation_, operand_));
  }

  [[nodiscard]] Value calculate(const Packet& packet) const {
    const Value item = require_value(packet);
    const Object* request = item.as_object();
    const Value* operation = request == nullptr ? nullptr : request->find("operation");
    const Value* args = request == nullptr ? nullptr : request->find("args");
    if (operation == nullptr || args == nullptr) {
      refuse("CalculatorNode: item", to_json(item), "{\"operation\": name, \"args\": [a, b]}",
             "set operation and operand to compute the same with every number");
    }
    const auto op =
        operation->as_string() == nullptr ? std::nullopt : parse_operation(*operation->as_string());
    if (!op) {
      refuse("CalculatorNode: operation", to_json(*operation),
             "add, subtract, multiply, divide, power or modulo");
    }
    const Value::Array* list = args->as_array();
    const bool usable =
        list != nullptr && list->size() >= 2 && (*list)[0].is_number() && (*list)[1].is_number();
    if (!usable) refuse("CalculatorNode: args", to_json(*args), "two numbers");
    return Object{{"operation", *operation},
                  {"args", *args},
                  {"result", arithmetic((*list)[0], *op, (*list)[1])},
                  {"processed_by", processed_by_},
                  {"node_config", Object{}}};
  }

  std::optional<char> operation_;
  Value operand_;
  std::string processed_by_;
};

/// Multiplies or adds, element by element in lists and arrays.
class ScalarNode final : public NodeExecutor {
 public:
  ScalarNode(const char* name, char op, double operand)
      : name_(name), op_(op), operand_(operand), number_(whole_as_integer(operand)) {}

  void process(Packet packet, Emitter& out) override {
    packet.payload = apply(packet);
    out.emit(std::move(packet));
  }

 private:
  [[nodiscard]] Payload apply(const Packet& packet) const {
    if (const ForeignPtr* object = packet.object()) {
      if (ForeignPtr result = (*object)->arithmetic(op_, operand_)) return result;
    }
    if (const AudioBuffer* audio = packet.audio();
        audio != nullptr && packet.form == ItemForm::array) {
      return apply(*audio);
    }
    return apply(require_value(packet));
  }

  [[nodiscard]] Value apply(const Value& value) const {
    if (value.is_number()) return arithmetic(value, op_, number_);
    const Value::Array* list = value.as_array();
    if (list == nullptr)
      refuse(std::string(name_) + ": item", to_json(value), "a number or a list of numbers");
    Value::Array results;
    for (const Value& item : *list) results.push_back(apply(item));
    return results;
  }

  // The bare array of an ExtractAudioDataNode, in its own precision.
  [[nodiscard]] AudioBuffer apply(const AudioBuffer& array) const {
    AudioBuffer result =
        AudioBuffer::allocate(SampleFormat::f32, array.channels(), array.frames(), array.rate());
    result.one_dimensional = array.one_dimensional;
    const auto operand = static_cast<float>(operand_);
    for (int c = 0; c < array.channels(); ++c) {
      std::ranges::transform(array.channel<float>(c), result.mutable_channel<float>(c).begin(),
                             [&](float x) { return op_ == '*' ? x * operand : x + operand; });
    }
    return result;
  }

  const char* name_;
  char op_;
  double operand_;
  Value number_;  ///< the operand, an integer where it is whole: integers stay integers
};

NodeType scalar_type(std::string name, std::string summary, ParameterSpec operand, char op) {
  const std::string parameter = operand.name;
  const char* label = op == '*' ? "MultiplyNode" : "AddNode";
  return {.name = std::move(name),
          .summary = std::move(summary),
          .category = "general",
          .parameters = {std::move(operand)},
          .continuous = false,
          .repeatable = true,
          .make = [parameter, op,
                   label](const Parameters& parameters) -> std::unique_ptr<NodeExecutor> {
            return std::make_unique<ScalarNode>(label, op, parameters.number(parameter));
          }};
}

}  // namespace

NodeType calculator_type() {
  return {.name = "CalculatorNode",
          .summary = "Computes {operation, args} items, or one operation with every number.",
          .category = "general",
          .parameters = {{.name = "operation",
                          .type = ParameterType::string,
                          .description = "What to do with every number; with operand.",
                          .choices = {"add", "subtract", "multiply", "divide", "power", "modulo"},
                          .nullable = true},
                         {.name = "operand",
                          .type = ParameterType::number,
                          .description = "The second number; with operation.",
                          .nullable = true}},
          .continuous = false,
          .repeatable = true,
          .make = make_node<CalculatorNode>,
          .check = [](const Parameters& parameters) {
            if (parameters.is_null("operation") != parameters.is_null("operand")) {
              refuse(parameters.is_null("operand") ? "operand" : "operation", "missing",
                     "both operation and operand, or neither");
            }
          }};
}

NodeType multiply_type() {
  return scalar_type("MultiplyNode", "Multiplies numbers, lists and arrays by a factor.",
                     {.name = "factor",
                      .type = ParameterType::number,
                      .description = "What to multiply by.",
                      .default_value = 2.0},
                     '*');
}

NodeType add_type() {
  return scalar_type("AddNode", "Adds a number to numbers, lists and arrays.",
                     {.name = "addend",
                      .type = ParameterType::number,
                      .description = "What to add.",
                      .default_value = 0.0},
                     '+');
}

}  // namespace remotemedia::nodes

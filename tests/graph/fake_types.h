#pragma once

#include "graph/fakes.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace remotemedia::test {

inline ParameterSpec count_parameter(int default_value) {
  return {.name = "count",
          .type = ParameterType::integer,
          .description = "Packets per packet.",
          .default_value = default_value,
          .minimum = 0,
          .maximum = 1'000'000};
}

/// Emits each packet `count` times.
inline NodeType repeat_type() {
  NodeType type = type_of("Repeat", [](const Parameters& parameters) -> Behaviour {
    return {.process = [count = parameters.integer("count")](const Packet& packet, Emitter& out) {
      for (int i = 0; i < count; ++i) {
        if (!out.emit(packet)) return;
      }
    }};
  });
  type.parameters = {count_parameter(2)};
  return type;
}

/// A source of the numbers 0..count-1.
inline NodeType counter_type() {
  NodeType type = type_of("Counter", [](const Parameters& parameters) -> Behaviour {
    return {.process = [count = parameters.integer("count")](Packet packet, Emitter& out) {
      for (int i = 0; i < count; ++i) {
        if (!out.emit(packet.with(Value(i)))) return;
      }
    }};
  });
  type.parameters = {count_parameter(3)};
  type.inputs = {};
  return type;
}

/// Adds its node id to the text that passes, so that a result shows its way: "x>a>b".
inline NodeType trace_type() {
  return type_of("Trace", [](const Parameters&) -> Behaviour {
    auto id = std::make_shared<std::string>();
    return {.initialize = [id](const NodeContext& context) { *id = context.node_id; },
            .process =
                [id](const Packet& packet, Emitter& out) {
                  const std::string* text = packet.text();
                  out.emit(packet.with((text == nullptr ? "" : *text) + ">" + *id));
                }};
  });
}

/// Odd numbers leave by the port "odd", all else by the default one.
inline NodeType split_type() {
  NodeType type = type_of("Split", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                            const Value* value = packet.json();
                            const bool is_odd = value != nullptr && value->as_int() != nullptr &&
                                                *value->as_int() % 2 != 0;
                            out.emit(packet, is_odd ? 1 : 0);
                          }});
  return with_ports(std::move(type), {Port{}}, {Port{}, {.name = "odd"}});
}

/// Writes the input port in front.
inline NodeType mix_type() {
  NodeType type = type_of("Mix", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                            const std::string port = std::to_string(packet.port);
                            out.emit(packet.with(port + "/" + content(packet)));
                          }});
  return with_ports(std::move(type), {Port{}, {.name = "side"}}, {Port{}});
}

/// Throws in the stage that its parameter names.
inline NodeType failing_type() {
  NodeType type = type_of("Failing", [](const Parameters& parameters) -> Behaviour {
    const auto fail_in = [stage = parameters.string("stage")](const char* now) {
      if (stage == now) throw std::runtime_error("the disk is full");
    };
    fail_in("make");
    return {.initialize = [=](const NodeContext&) { fail_in("initialize"); },
            .process =
                [=](Packet packet, Emitter& out) {
                  fail_in("process");
                  out.emit(std::move(packet));
                },
            .flush = [=](Emitter&) { fail_in("flush"); }};
  });
  type.parameters = {{.name = "stage", .type = ParameterType::string, .default_value = "process"}};
  return type;
}

}  // namespace remotemedia::test

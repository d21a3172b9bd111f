#pragma once

#include "remotemedia/graph/node_type.h"

#include <memory>

namespace remotemedia::nodes {

// One declaration per built-in type; each is defined beside its code.
NodeType audio_resample_type();
NodeType vad_type();
NodeType silero_vad_type();
NodeType format_converter_type();
NodeType audio_transform_type();
NodeType audio_buffer_type();
NodeType extract_audio_data_type();
NodeType vad_triggered_buffer_type();
NodeType pass_through_type();
NodeType buffer_type();
NodeType calculator_type();
NodeType multiply_type();
NodeType add_type();
NodeType text_transform_type();
NodeType text_processor_type();
NodeType media_reader_type();
NodeType media_writer_type();

/// `NodeType::make` for a node whose constructor takes the parameters.
template <typename Node>
std::unique_ptr<NodeExecutor> make_node(const Parameters& parameters) {
  return std::make_unique<Node>(parameters);
}

/// An audio port named "default".
inline Port audio_port() { return {.name = "default", .kinds = {PayloadKind::audio}}; }

/// Parameters that several types share.
inline ParameterSpec rate_parameter(std::string name, std::string description, int default_value) {
  return {.name = std::move(name),
          .type = ParameterType::integer,
          .description = std::move(description),
          .default_value = default_value,
          .minimum = 8'000,
          .maximum = 192'000,
          .unit = "Hz"};
}

}  // namespace remotemedia::nodes

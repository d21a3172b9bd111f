#include "remotemedia/nodes/builtin.h"

#include "nodes/node_types.h"

namespace remotemedia {

const NodeRegistry& builtin_nodes() {
  static const NodeRegistry registry = [] {
    NodeRegistry all;
    using namespace nodes;
    for (const auto& type : {audio_resample_type, vad_type, silero_vad_type, format_converter_type,
                             audio_transform_type, audio_buffer_type, extract_audio_data_type,
                             vad_triggered_buffer_type, pass_through_type, buffer_type,
                             calculator_type, multiply_type, add_type, text_transform_type,
                             text_processor_type, media_reader_type, media_writer_type}) {
      all.add(type());
    }
    return all;
  }();
  return registry;
}

}  // namespace remotemedia

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace remotemedia::dsp {

/// A float32 constant of a graph. It points into the model's bytes.
struct OnnxTensor {
  std::string_view name;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< little-endian float32, as many as the shape says
};

/// The float32 constants in one branch ("then_branch" or "else_branch") of the first If node of a
/// model's main graph, as Silero's file has one per sample rate.
///
/// Reads the few fields of the ONNX format (onnx.proto, IR version 3 and later) that this needs and
/// steps over all others; every length is checked against the bytes that are there, nesting is
/// fixed, and memory is bounded by the size of the input. A configuration error names the byte at
/// which the bytes stop being such a model.
std::vector<OnnxTensor> read_branch_constants(std::span<const std::byte> model,
                                              std::string_view branch);

}  // namespace remotemedia::dsp

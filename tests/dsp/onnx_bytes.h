#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::dsp::test {

// Writes protocol buffers: what a model is made of, by field numbers of onnx.proto.

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>(0x80U | (value & 0x7FU));
  return bytes + static_cast<char>(value);
}

inline std::string number_field(unsigned field, std::uint64_t value) {
  return varint(field * 8) + varint(value);
}

inline std::string bytes_field(unsigned field, std::string_view bytes) {
  return varint(field * 8 + 2) + varint(bytes.size()) + std::string(bytes);
}

inline std::string float_bytes(std::span<const float> values) {
  std::string bytes(values.size_bytes(), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A TensorProto of float32.
inline std::string tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                          std::string_view raw) {
  std::string message;
  for (const std::uint64_t size : shape) message += number_field(1, size);
  return message + number_field(2, 1) + bytes_field(8, name) + bytes_field(9, raw);
}

inline std::string constant_node(std::string_view tensor_message) {
  const std::string attribute = bytes_field(1, "value") + bytes_field(5, tensor_message);
  return bytes_field(1, bytes_field(4, "Constant") + bytes_field(5, attribute));
}

inline std::string branch(std::string_view name, std::string_view graph) {
  return bytes_field(5, bytes_field(1, name) + bytes_field(6, graph));
}

/// A ModelProto whose main graph is one If node with these branches.
inline std::string model_of(std::string_view branches) {
  return number_field(1, 8) +
         bytes_field(7, bytes_field(1, bytes_field(4, "If") + std::string(branches)));
}

inline std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace remotemedia::dsp::test

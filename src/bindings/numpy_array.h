#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <nanobind/nanobind.h>

#include <cstddef>
#include <optional>
#include <span>

namespace remotemedia::bindings {

/// Types of samples and answers that arrays here have.
enum class ElementType { f32, f64, i16, i32, boolean };

ElementType element_type(SampleFormat format);
std::optional<SampleFormat> sample_format(ElementType type);

/// What numpy knows of an array, read without Python code: a view, valid while the array is not
/// reshaped.
struct ArrayLayout {
  void* data = nullptr;
  std::span<const Py_ssize_t> shape;
  std::optional<ElementType> type;  ///< nothing for other types and foreign byte orders
  bool is_contiguous = false;       ///< in C order

  [[nodiscard]] std::size_t dimensions() const { return shape.size(); }
  /// Of shape (channels, frames) or (frames,).
  [[nodiscard]] bool has_audio_shape() const;
  [[nodiscard]] std::size_t channels() const {
    return dimensions() == 2 ? static_cast<std::size_t>(shape[0]) : 1;
  }
  [[nodiscard]] std::size_t frames() const { return static_cast<std::size_t>(shape.back()); }
};

/// Whether it is an array; `exactly`: of no derived class. With the GIL, as all here.
bool is_array(nanobind::handle object, bool exactly = false);
/// `array` must be one.
ArrayLayout layout_of(nanobind::handle array);

struct NewArray {
  nanobind::object array;
  void* data = nullptr;
};
/// A new array whose elements are not set. A short one has memory of numpy's, which keeps some for
/// the next one; a longer one a block of ours (base/blocks.h), kept as well.
NewArray new_array(ElementType type, std::span<const Py_ssize_t> shape);
/// The same of shape (channels, frames), or (frames,) if it is `flat` and has one channel.
NewArray new_array(ElementType type, std::size_t channels, std::size_t frames, bool flat = false);

/// An array over memory that `owner` keeps.
nanobind::object make_array(ElementType type, std::span<const std::size_t> shape, void* data,
                            nanobind::handle owner, bool is_writable = true);

}  // namespace remotemedia::bindings

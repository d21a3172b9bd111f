// The one source that uses numpy's C interface: a call with a short array takes less time than the
// buffer protocol alone.

#include "bindings/numpy_array.h"

#include "remotemedia/base/blocks.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr std::size_t kMaxDimensions = 2;

/// Numpy is imported when it is first needed: the module itself loads without it.
void need_numpy() {
  if (PyArray_API == nullptr && _import_array() < 0) throw nb::python_error();
}

PyArrayObject* as_array(nb::handle array) { return reinterpret_cast<PyArrayObject*>(array.ptr()); }

std::optional<ElementType> type_of_elements(PyArrayObject* array) {
  if (!PyArray_ISNOTSWAPPED(array)) return std::nullopt;
  switch (PyArray_TYPE(array)) {
    case NPY_FLOAT:
      return ElementType::f32;
    case NPY_DOUBLE:
      return ElementType::f64;
    case NPY_SHORT:
      return ElementType::i16;
    case NPY_INT:
      return ElementType::i32;
    case NPY_LONG:
      if (sizeof(long) == 4) return ElementType::i32;
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::size_t bytes_of(ElementType type) {
  switch (type) {
    case ElementType::f64:
      return 8;
    case ElementType::f32:
    case ElementType::i32:
      return 4;
    case ElementType::i16:
      return 2;
    case ElementType::boolean:
      break;
  }
  return 1;
}

int number_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return NPY_FLOAT;
    case ElementType::f64:
      return NPY_DOUBLE;
    case ElementType::i16:
      return NPY_SHORT;
    case ElementType::i32:
      return NPY_INT;
    case ElementType::boolean:
      break;
  }
  return NPY_BOOL;
}

nb::object new_of_numpy(ElementType type, std::span<const Py_ssize_t> shape, void* data,
                        int flags) {
  need_numpy();
  nb::object array =
      nb::steal(PyArray_New(&PyArray_Type, static_cast<int>(shape.size()), shape.data(),
                            number_of(type), nullptr, data, 0, flags, nullptr));
  if (!array.is_valid()) throw nb::python_error();
  return array;
}

void set_base(nb::handle array, nb::handle owner) {
  // It takes the reference to the owner, also if it fails.
  if (PyArray_SetBaseObject(as_array(array), owner.inc_ref().ptr()) != 0) throw nb::python_error();
}

// Before a block's elements: its size, and the rest of the line to which it is aligned.
constexpr std::size_t kHeader = 64;

/// A block for an array; its capsule gives it back.
nb::capsule new_block(std::size_t bytes) {
  void* const block = allocate_block(bytes);
  new (block) std::size_t(bytes);
  const auto give_back = [](void* kept) noexcept {
    free_block(kept, *static_cast<std::size_t*>(kept));
  };
  try {
    return nb::capsule(block, give_back);
  } catch (...) {
    give_back(block);
    throw;
  }
}

}  // namespace

ElementType element_type(SampleFormat format) {
  static constexpr ElementType kTypes[] = {ElementType::f32, ElementType::i16, ElementType::i32};
  return kTypes[static_cast<std::size_t>(format)];
}

std::optional<SampleFormat> sample_format(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return SampleFormat::f32;
    case ElementType::i16:
      return SampleFormat::i16;
    case ElementType::i32:
      return SampleFormat::i32;
    default:
      return std::nullopt;
  }
}

bool ArrayLayout::has_audio_shape() const {
  if (dimensions() == 1) return true;
  return dimensions() == 2 && shape[0] >= 1 && shape[0] <= kMaxChannels;
}

bool is_array(nb::handle object, bool exactly) {
  need_numpy();
  return exactly ? PyArray_CheckExact(object.ptr()) != 0 : PyArray_Check(object.ptr()) != 0;
}

ArrayLayout layout_of(nb::handle array) {
  PyArrayObject* numpy = as_array(array);
  return {.data = PyArray_DATA(numpy),
          .shape = {PyArray_DIMS(numpy), static_cast<std::size_t>(PyArray_NDIM(numpy))},
          .type = type_of_elements(numpy),
          .is_contiguous = PyArray_IS_C_CONTIGUOUS(numpy) != 0};
}

NewArray new_array(ElementType type, std::span<const Py_ssize_t> shape) {
  constexpr std::size_t kShort = 1'024;  // bytes of numpy's largest block that it keeps
  std::size_t bytes = bytes_of(type);
  for (const Py_ssize_t length : shape) bytes *= static_cast<std::size_t>(length);
  if (bytes <= kShort) {
    nb::object array = new_of_numpy(type, shape, nullptr, 0);
    return {array, PyArray_DATA(as_array(array))};
  }
  const nb::capsule owner = new_block(kHeader + bytes);
  void* const data = static_cast<std::byte*>(owner.data()) + kHeader;
  nb::object array = new_of_numpy(type, shape, data, NPY_ARRAY_CARRAY);
  set_base(array, owner);
  return {std::move(array), data};
}

NewArray new_array(ElementType type, std::size_t channels, std::size_t frames, bool flat) {
  const Py_ssize_t shape[] = {static_cast<Py_ssize_t>(channels), static_cast<Py_ssize_t>(frames)};
  return new_array(type, std::span(shape).subspan(flat && channels == 1 ? 1 : 0));
}

nb::object make_array(ElementType type, std::span<const std::size_t> shape, void* data,
                      nb::handle owner, bool is_writable) {
  std::array<Py_ssize_t, kMaxDimensions> dimensions{};
  std::ranges::transform(shape, dimensions.begin(),
                         [](std::size_t length) { return static_cast<Py_ssize_t>(length); });
  const int flags = is_writable ? NPY_ARRAY_CARRAY : NPY_ARRAY_CARRAY_RO;
  nb::object array = new_of_numpy(type, std::span(dimensions).first(shape.size()), data, flags);
  set_base(array, owner);
  return array;
}

}  // namespace remotemedia::bindings

#include "bindings/values.h"

#include "bindings/late_import.h"
#include "remotemedia/base/check.h"

#include <nanobind/stl/string.h>

#include <cstdint>
#include <string>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr int kMaxDepth = 64;  // as in manifests: deeper values are mistakes, or contain themselves
constexpr std::size_t kMaxCharacters = 80;  // of a value in a message
constexpr long kMaxBits = 1'000;            // Python refuses to print much longer integers
constexpr const char* kJsonTypes = "None, bool, int, float, str, list, tuple and dict are accepted";

LateImport numpy_scalar("numpy", "generic");

/// Where in a nested value the conversion is. Lives on the stack, turned into text for errors only.
struct Place {
  std::string_view what;
  const Place* parent = nullptr;
  nb::handle key = {};
  std::size_t index = 0;
  int depth = 0;

  [[nodiscard]] Place member(nb::handle name) const {
    return {.what = what, .parent = this, .key = name, .depth = depth + 1};
  }
  [[nodiscard]] Place item(std::size_t at) const {
    return {.what = what, .parent = this, .index = at, .depth = depth + 1};
  }
  [[nodiscard]] std::string text() const {
    if (parent == nullptr) return std::string(what);
    return parent->text() + "[" + (key.is_valid() ? shown(key) : std::to_string(index)) + "]";
  }
};

Value convert(nb::handle value, const Place& place);

std::string utf8(nb::handle text, const Place& place) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data != nullptr) return {data, static_cast<std::size_t>(size)};
  PyErr_Clear();
  refuse_type(place.text() + " holds a lone surrogate, which is no character: " + shown(text),
              "decode bytes with errors=\"replace\"");
}

Value convert_integer(nb::handle value, const Place& place) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0) {
    refuse_type(place.text() + " is " + shown(value) + ", which does not fit 64 bits",
                "pass it as a str or a float");
  }
  if (number == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  return static_cast<std::int64_t>(number);
}

Object convert_dict(nb::handle value, const Place& place) {
  Object object;
  for (const auto& [key, member] : nb::borrow<nb::dict>(value)) {
    if (!PyUnicode_Check(key.ptr())) {
      refuse_type(place.text() + " has the key " + shown(key) + ", expected str keys");
    }
    object.set(utf8(key, place), convert(member, place.member(key)));
  }
  return object;
}

Value convert_sequence(nb::handle value, const Place& place) {
  Value::Array array;
  std::size_t index = 0;
  for (const nb::handle item : nb::borrow<nb::object>(value)) {
    array.push_back(convert(item, place.item(index++)));
  }
  return array;
}

void check_depth(const Place& place) {
  if (place.depth < kMaxDepth) return;
  refuse_type(std::string(place.what) + " is nested more than " + std::to_string(kMaxDepth) +
              " levels deep");
}

Value convert(nb::handle value, const Place& place) {
  PyObject* object = value.ptr();
  if (value.is_none()) return {};
  if (PyBool_Check(object)) return object == Py_True;
  if (PyLong_Check(object)) return convert_integer(value, place);
  if (PyFloat_Check(object)) return PyFloat_AsDouble(object);
  if (PyUnicode_Check(object)) return utf8(value, place);
  const bool is_dict = PyDict_Check(object) != 0;
  if (is_dict || PyList_Check(object) || PyTuple_Check(object)) {
    check_depth(place);
    return is_dict ? Value(convert_dict(value, place)) : convert_sequence(value, place);
  }
  if (numpy_scalar.is_type_of(value)) {
    const nb::object number = value.attr("item")();
    if (!numpy_scalar.is_type_of(number)) return convert(number, place);
  }
  refuse_type(place.text() + " is " + name_of_type(value) + " " + shown(value) + ", no JSON value",
              kJsonTypes);
}

}  // namespace

nb::object to_python(const Value& value) {
  if (const auto* b = value.as_bool()) return nb::cast(*b);
  if (const auto* i = value.as_int()) return nb::int_(*i);
  if (const auto* d = value.as_double()) return nb::float_(*d);
  if (const auto* s = value.as_string()) return to_python(std::string_view(*s));
  if (const auto* object = value.as_object()) return to_python(*object);
  if (const auto* array = value.as_array()) {
    nb::list list;
    for (const Value& item : *array) list.append(to_python(item));
    return list;
  }
  return nb::none();
}

nb::dict to_python(const Object& object) {
  nb::dict dict;
  for (const auto& [name, value] : object)
    dict[to_python(std::string_view(name))] = to_python(value);
  return dict;
}

nb::str to_python(std::string_view text) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (decoded == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(decoded);
}

Value to_value(nb::handle value, std::string_view what) { return convert(value, {.what = what}); }

Object to_object(nb::handle dict, std::string_view what) {
  if (!PyDict_Check(dict.ptr())) {
    refuse_type(std::string(what) + " is " + name_of_type(dict) + " " + shown(dict) +
                ", expected a dict");
  }
  return convert_dict(dict, {.what = what});
}

std::string to_text(nb::handle text, std::string_view what) { return utf8(text, {.what = what}); }

std::optional<std::string_view> plain_text(nb::handle text) {
  if (!PyUnicode_CheckExact(text.ptr())) return std::nullopt;
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (bytes == nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return std::string_view(bytes, static_cast<std::size_t>(size));
}

std::string shown(nb::handle value) {
  if (PyLong_Check(value.ptr())) {
    const auto bits = nb::cast<long>(value.attr("bit_length")());
    if (bits > kMaxBits) return "an integer of " + std::to_string(bits) + " bits";
  }
  nb::object text = nb::steal(PyObject_Repr(value.ptr()));
  if (!text.is_valid()) throw nb::python_error();
  if (nb::len(text) > kMaxCharacters) {
    text = nb::steal(PyUnicode_Substring(text.ptr(), 0, kMaxCharacters)) + nb::str("...");
  }
  const nb::object bytes =
      nb::steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace"));
  if (!bytes.is_valid()) throw nb::python_error();
  const auto encoded = nb::borrow<nb::bytes>(bytes);
  return {encoded.c_str(), encoded.size()};
}

std::string name_of_type(nb::handle value) {
  return nb::cast<std::string>(value.type().attr("__name__"));
}

}  // namespace remotemedia::bindings

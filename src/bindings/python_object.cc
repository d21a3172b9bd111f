#include "bindings/python_object.h"

#include "bindings/late_import.h"
#include "bindings/values.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr double kExact = 9007199254740992.0;  // 2^53: up to it doubles hold all integers

LateImport array_type("numpy", "ndarray");

// Integers, floats and complex numbers; not booleans, texts, times or objects.
bool is_numeric_array(nb::handle object) {
  if (!array_type.is_type_of(object)) return false;
  const nb::str kind = nb::str(object.attr("dtype").attr("kind"));
  return std::string_view("iufc").find(kind.c_str()[0]) != std::string_view::npos;
}

nb::object number(double value) {
  if (std::fabs(value) <= kExact && std::trunc(value) == value) {
    return nb::int_(static_cast<std::int64_t>(value));
  }
  return nb::float_(value);
}

nb::object compute(nb::handle a, char op, nb::handle b) {
  switch (op) {
    case '+':
      return nb::steal(PyNumber_Add(a.ptr(), b.ptr()));
    case '-':
      return nb::steal(PyNumber_Subtract(a.ptr(), b.ptr()));
    case '*':
      return nb::steal(PyNumber_Multiply(a.ptr(), b.ptr()));
    case '/':
      return nb::steal(PyNumber_TrueDivide(a.ptr(), b.ptr()));
    case '%':
      return nb::steal(PyNumber_Remainder(a.ptr(), b.ptr()));
    default:
      return nb::steal(PyNumber_Power(a.ptr(), b.ptr(), Py_None));
  }
}

}  // namespace

std::string PythonObject::type_name() const {
  const GilAcquire gil;
  return name_of_type(get());
}

Value PythonObject::to_value() const {
  const GilAcquire gil;
  return bindings::to_value(get(), "the item");
}

ForeignPtr PythonObject::arithmetic(char op, double operand) const {
  const GilAcquire gil;
  if (!is_numeric_array(get())) return nullptr;
  nb::object result = compute(get(), op, number(operand));
  if (!result.is_valid()) throw nb::python_error();
  return std::make_shared<PythonObject>(std::move(result));
}

}  // namespace remotemedia::bindings

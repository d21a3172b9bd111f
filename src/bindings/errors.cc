// The one place where errors cross the border between the languages.

#include "bindings/errors.h"

#include "bindings/late_import.h"
#include "bindings/values.h"
#include "remotemedia/base/error.h"

#include <nanobind/stl/string.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

constexpr const char* kExceptions = "remotemedia.exceptions";
constexpr const char* kHint = "hint";

struct Kind {
  std::string_view code;
  LateImport type;
};
// By the code that both languages give a kind.
Kind kinds[] = {
    {"RM1000", {kExceptions, "ConfigurationError"}}, {"RM2000", {kExceptions, "ManifestError"}},
    {"RM3000", {kExceptions, "NodeError"}},          {"RM3100", {kExceptions, "CircuitOpenError"}},
    {"RM4000", {kExceptions, "MediaIOError"}},       {"RM5000", {kExceptions, "ItemTypeError"}}};
LateImport base_kind(kExceptions, "RemoteMediaError");
LateImport node_error(kExceptions, "NodeError");
LateImport node_errors(kExceptions, "NodeErrors");
LateImport text_of_failure(kExceptions, "retried_text");

nb::handle kind_of(const Error& error) {
  for (Kind& kind : kinds) {
    if (kind.code == error.code()) return kind.type.get();
  }
  return base_kind.get();
}

nb::object make_exception(const Error& error) {
  nb::dict attributes = to_python(error.details());
  attributes[kHint] = to_python(std::string_view(error.hint()));
  return kind_of(error)(to_python(std::string_view(error.message())), **attributes);
}

nb::object make_exception(const NodeError& error) {
  const auto* nested = dynamic_cast<const std::nested_exception*>(&error);
  if (nested == nullptr || nested->nested_ptr() == nullptr) {
    return make_exception(static_cast<const Error&>(error));
  }
  return node_error.get().attr("from_cause")(error.node_id(), error.node_type(), error.stage(),
                                             to_exception(nested->nested_ptr()), error.attempt());
}

nb::object make_exception(const NodeErrors& errors) {
  nb::list failures;
  for (const std::exception_ptr& failure : errors.failures())
    failures.append(to_exception(failure));
  return node_errors(failures);
}

nb::object make_builtin(PyObject* type, const char* text) {
  return nb::handle(type)(to_python(std::string_view(text)));
}

void raise(const nb::object& exception) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

// Errors of ours and what passes unchanged; the binding library knows the others.
void translate(const std::exception_ptr& error, void* /*payload*/) {
  try {
    std::rethrow_exception(error);
  } catch (const Error&) {
    raise(to_exception(error));
  } catch (const PassingException&) {
    raise(to_exception(error));
  }
}

}  // namespace

nb::object exception_of(const nb::python_error& error) {
  nb::python_error copy(error);
  copy.restore();
#if PY_VERSION_HEX >= 0x030C0000
  return nb::steal(PyErr_GetRaisedException());
#else
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return nb::steal(value);
#endif
}

std::string words_of(const nb::python_error& error) {
  try {
    return nb::cast<std::string>(text_of_failure(exception_of(error), 1));
  } catch (const std::exception&) {
    return "a Python exception without words";  // its __str__ fails
  }
}

nb::object to_exception(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const PassingException& passing) {
    return exception_of(passing.error);
  } catch (const nb::python_error& raised) {
    return exception_of(raised);
  } catch (const NodeErrors& several) {
    return make_exception(several);
  } catch (const NodeError& failed) {
    return make_exception(failed);
  } catch (const Error& own) {
    return make_exception(own);
  } catch (const std::bad_alloc& full) {
    return make_builtin(PyExc_MemoryError, full.what());
  } catch (const std::exception& other) {
    return make_builtin(PyExc_RuntimeError, other.what());
  } catch (...) {
    return make_builtin(PyExc_RuntimeError, "the receiver of the results failed");
  }
}

void bind_errors() { nb::register_exception_translator(translate, nullptr); }

}  // namespace remotemedia::bindings

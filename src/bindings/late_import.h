#pragma once

#include <nanobind/nanobind.h>

#include <utility>

namespace remotemedia::bindings {

/// An attribute of a Python module, imported when it is first asked for: the native module itself
/// then loads without the package around it. For objects of static lifetime; the reference is kept
/// until the process ends, as no destructor may run after the interpreter.
class LateImport {
 public:
  constexpr LateImport(const char* module, const char* name) : module_(module), name_(name) {}
  LateImport(const LateImport&) = delete;
  LateImport& operator=(const LateImport&) = delete;

  /// With the GIL, which is what guards the one write.
  nanobind::handle get();

  template <typename... Arguments>
  nanobind::object operator()(Arguments&&... arguments) {
    return get()(std::forward<Arguments>(arguments)...);
  }
  bool is_type_of(nanobind::handle object) { return nanobind::isinstance(object, get()); }

 private:
  const char* module_;
  const char* name_;
  PyObject* object_ = nullptr;
};

}  // namespace remotemedia::bindings

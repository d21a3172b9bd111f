#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <utility>

namespace remotemedia::bindings {

/// Lets other Python threads run while it lives. A thread that wants the GIL back while the
/// interpreter shuts down never returns from here: CPython before 3.14 would unwind it through code
/// that still owns Python objects, later versions stop it themselves.
class GilRelease {
 public:
  GilRelease() : state_(PyEval_SaveThread()) {}
  ~GilRelease();
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

 private:
  PyThreadState* state_;
};

/// Holds the GIL while it lives, on any thread, whether it had it before or not. At shutdown as
/// above.
class GilAcquire {
 public:
  GilAcquire();
  ~GilAcquire() { PyGILState_Release(state_); }
  GilAcquire(const GilAcquire&) = delete;
  GilAcquire& operator=(const GilAcquire&) = delete;

 private:
  PyGILState_STATE state_;
};

/// The GIL for destructors, which may run after the interpreter's end: there is no access then.
class PythonAccess {
 public:
  PythonAccess() {
    if (nanobind::is_alive()) gil_.emplace();
  }
  explicit operator bool() const { return gil_.has_value(); }

 private:
  std::optional<GilAcquire> gil_;
};

/// A Python object that native code keeps: released with the GIL, whichever thread lets go of it,
/// and leaked when the interpreter is gone.
class KeptObject {
 public:
  KeptObject() = default;
  explicit KeptObject(nanobind::object object) : object_(std::move(object)) {}
  KeptObject(const KeptObject&) = delete;
  KeptObject& operator=(const KeptObject&) = delete;
  ~KeptObject() { reset(); }

  /// With the GIL.
  void keep(nanobind::object object) { object_ = std::move(object); }
  [[nodiscard]] nanobind::handle get() const { return object_; }
  void reset() noexcept;

 private:
  nanobind::object object_;
};

}  // namespace remotemedia::bindings

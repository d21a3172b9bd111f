#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <utility>

namespace remotemedia::bindings {

/// Gives back a reference, on any thread: at once with the GIL. Without it the calling thread,
/// which may be in the middle of a native node, does not wait for it: whoever has the GIL next
/// gives it back. It is leaked when the interpreter is gone.
void let_go(PyObject* object) noexcept;

/// Lets other Python threads run while it lives. A thread that wants the GIL back while the
/// interpreter shuts down never returns from here: CPython before 3.14 would unwind it through code
/// that still owns Python objects, later versions stop it themselves.
class GilRelease {
 public:
  GilRelease();
  ~GilRelease();
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

 private:
  bool outer_;
  PyThreadState* state_;
};

/// Holds the GIL while it lives, on any thread, whether it had it before or not. At shutdown as
/// above.
class GilAcquire {
 public:
  GilAcquire();
  ~GilAcquire();
  GilAcquire(const GilAcquire&) = delete;
  GilAcquire& operator=(const GilAcquire&) = delete;

 private:
  bool outer_;
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

/// A Python object that native code keeps, and that any thread may let go of.
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
  void reset() noexcept { let_go(object_.release().ptr()); }

 private:
  nanobind::object object_;
};

}  // namespace remotemedia::bindings

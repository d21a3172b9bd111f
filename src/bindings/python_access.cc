#include "bindings/python_access.h"

#include <atomic>
#include <mutex>
#include <unistd.h>
#include <utility>
#include <vector>

namespace remotemedia::bindings {
namespace {

/// The calling thread has given the GIL away, and will take it back.
thread_local bool has_released = false;

bool holds_gil() { return !has_released && PyGILState_GetThisThreadState() != nullptr; }

/// References of threads that had no GIL when they let go of them.
class LeftReferences {
 public:
  /// True if there was none before.
  bool add(PyObject* object) {
    const std::lock_guard lock(mutex_);
    objects_.push_back(object);
    return !has_some_.exchange(true, std::memory_order_relaxed);
  }

  /// With the GIL, and without a lock that Python code of a finaliser may ask for.
  void give_back() noexcept {
    while (has_some_.load(std::memory_order_relaxed)) {
      for (PyObject* object : take()) Py_DECREF(object);
    }
  }

 private:
  std::vector<PyObject*> take() {
    const std::lock_guard lock(mutex_);
    has_some_.store(false, std::memory_order_relaxed);
    return std::exchange(objects_, {});
  }

  std::mutex mutex_;
  std::vector<PyObject*> objects_;
  std::atomic<bool> has_some_{
      false};  ///< whether to look; what is in `objects_` comes with the lock
};

/// Never destroyed: threads may let go of objects until the process ends.
LeftReferences& left_references() {
  static auto* left = new LeftReferences;
  return *left;
}

int give_back_later(void* /*unused*/) {
  left_references().give_back();
  return 0;
}

/// Of a thread that the interpreter, which shuts down, lets run no further.
[[noreturn]] void wait_for_the_end() {
  while (true) pause();
}

/// Runs `take`, which CPython before 3.14 leaves by unwinding the thread if the interpreter shuts
/// down. The thread then waits for the process to end.
template <typename Take>
auto take_gil(Take take) {
  try {
    return take();
  } catch (...) {
    wait_for_the_end();
  }
}

}  // namespace

void let_go(PyObject* object) noexcept {
  if (object == nullptr || !nanobind::is_alive()) return;
  if (holds_gil()) {
    Py_DECREF(object);
    return;
  }
  // The main thread comes for it, unless another one takes the GIL here before.
  if (left_references().add(object) && Py_IsInitialized() != 0) {
    static_cast<void>(Py_AddPendingCall(give_back_later, nullptr));
  }
}

GilRelease::GilRelease() : outer_(std::exchange(has_released, true)), state_(PyEval_SaveThread()) {}

GilRelease::~GilRelease() {
  take_gil([this] { PyEval_RestoreThread(state_); });
  has_released = outer_;
  left_references().give_back();
}

GilAcquire::GilAcquire()
    : outer_(std::exchange(has_released, false)), state_(take_gil(PyGILState_Ensure)) {
  left_references().give_back();
}

GilAcquire::~GilAcquire() {
  // Python code that was called in between wanted it back, and the thread is being unwound.
  if (PyGILState_Check() == 0) wait_for_the_end();
  PyGILState_Release(state_);
  has_released = outer_;
}

}  // namespace remotemedia::bindings

#include "bindings/python_access.h"

#include <atomic>
#include <memory>
#include <unistd.h>
#include <utility>

namespace remotemedia::bindings {
namespace {

/// The calling thread has given the GIL away, and will take it back.
thread_local bool has_released = false;

bool holds_gil() { return !has_released && PyGILState_GetThisThreadState() != nullptr; }

/// References of threads that had no GIL when they let go of them. Without a lock: a thread that
/// held it while another one forks would leave it locked in the child.
class LeftReferences {
 public:
  /// True if there was none before.
  bool add(PyObject* object) {
    Left* before = first_.load(std::memory_order_relaxed);
    auto* const left = new Left{object, before};
    while (!first_.compare_exchange_weak(before, left, std::memory_order_release,
                                         std::memory_order_relaxed)) {
      left->next = before;
    }
    return before == nullptr;  // whoever gives back may have deleted what `left` points to
  }

  /// With the GIL. A finaliser may leave more.
  void give_back() noexcept {
    while (first_.load(std::memory_order_relaxed) != nullptr) {
      Left* left = first_.exchange(nullptr, std::memory_order_acquire);
      while (left != nullptr) {
        const std::unique_ptr<Left> last(std::exchange(left, left->next));
        Py_DECREF(last->object);
      }
    }
  }

 private:
  struct Left {
    PyObject* object;
    Left* next;
  };
  std::atomic<Left*> first_{nullptr};
};

/// Never destroyed: threads may let go of objects until the process ends.
constinit LeftReferences left_references;

int give_back_later(void* /*unused*/) {
  left_references.give_back();
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
  if (left_references.add(object) && Py_IsInitialized() != 0) {
    static_cast<void>(Py_AddPendingCall(give_back_later, nullptr));
  }
}

GilRelease::GilRelease() : outer_(std::exchange(has_released, true)), state_(PyEval_SaveThread()) {}

GilRelease::~GilRelease() {
  take_gil([this] { PyEval_RestoreThread(state_); });
  has_released = outer_;
  left_references.give_back();
}

GilAcquire::GilAcquire()
    : outer_(std::exchange(has_released, false)), state_(take_gil(PyGILState_Ensure)) {
  left_references.give_back();
}

GilAcquire::~GilAcquire() {
  // Python code that was called in between wanted it back, and the thread is being unwound.
  if (PyGILState_Check() == 0) wait_for_the_end();
  PyGILState_Release(state_);
  has_released = outer_;
}

}  // namespace remotemedia::bindings

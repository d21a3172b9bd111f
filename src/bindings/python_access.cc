#include "bindings/python_access.h"

#include <unistd.h>

namespace remotemedia::bindings {
namespace {

/// Runs `take`, which CPython before 3.14 leaves by unwinding the thread if the interpreter shuts
/// down. The thread then waits for the process to end.
template <typename Take>
auto take_gil(Take take) {
  try {
    return take();
  } catch (...) {
    while (true) pause();
  }
}

}  // namespace

GilRelease::~GilRelease() {
  take_gil([this] { PyEval_RestoreThread(state_); });
}

GilAcquire::GilAcquire() : state_(take_gil(PyGILState_Ensure)) {}

void KeptObject::reset() noexcept {
  if (!object_.is_valid()) return;
  if (const PythonAccess python; python) {
    object_.reset();
  } else {
    static_cast<void>(object_.release());
  }
}

}  // namespace remotemedia::bindings

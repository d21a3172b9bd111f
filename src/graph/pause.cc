#include "graph/pause.h"

namespace remotemedia {

bool Pause::wait(Time time) {
  if (is_cancelled()) return false;
  if (ended_.try_acquire_for(time)) ended_.release();  // wakes the next one that waits
  return !is_cancelled();
}

void Pause::cancel() noexcept {
  if (!cancelled_.exchange(true)) ended_.release();
}

}  // namespace remotemedia

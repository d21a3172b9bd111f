#pragma once

#include "remotemedia/base/time.h"

#include <algorithm>
#include <chrono>

namespace remotemedia {

/// What a caller lets a call wait, in a size that a clock's time can be added to.
constexpr Time waitable(Time time) { return std::min<Time>(time, std::chrono::hours(24 * 365)); }

}  // namespace remotemedia

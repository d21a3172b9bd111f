#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/graph/node_policy.h"

namespace remotemedia {

/// The wait before a retry, which counts from 1. `random` is from [0, 1), for the jitter.
Time retry_delay(const RetryPolicy& policy, int retry, double random);

}  // namespace remotemedia

#pragma once

#include "remotemedia/graph/metrics.h"

#include <nanobind/nanobind.h>

namespace remotemedia::bindings {

/// Metrics as the dict that users see, without a tree of values in between.
nanobind::dict to_python(const Metrics& metrics);

}  // namespace remotemedia::bindings

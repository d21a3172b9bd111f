#pragma once

#include "remotemedia/graph/node_type.h"

namespace remotemedia {

/// The registry with every node type of the SDK, native and Python-only. Built on first use;
/// read-only.
const NodeRegistry& builtin_nodes();

}  // namespace remotemedia

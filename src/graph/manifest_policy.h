#pragma once

#include "graph/manifest_fields.h"
#include "remotemedia/graph/node_policy.h"

namespace remotemedia {

/// Reads `retry`, `circuit_breaker`, `timeout_ms` and `on_error` of a node; manifest error at the
/// field that is wrong.
NodePolicy read_policy(const Fields& node);
/// Reads `retry_policy`, `max_retries` and `circuit_breaker_threshold` of the second dialect's
/// `config`.
NodePolicy read_default_policy(const Fields& config);
/// Adds the fields that differ from none at all.
void write_policy(const NodePolicy& policy, Object& node);

}  // namespace remotemedia

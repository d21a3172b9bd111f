#pragma once

#include "server/sessions.h"

#include <map>
#include <string>
#include <vector>

namespace remotemedia::server {

struct ServerFigures {
  const std::vector<ShardStatistics>& shards;
  const SessionCounts& counts;
  std::size_t sessions = 0;
  int sockets = 0;
  std::uint64_t refused_connections = 0;
  const std::map<int, std::uint64_t>& statuses;  ///< HTTP answers by status
};

/// In Prometheus' text format, version 0.0.4.
std::string prometheus_text(const ServerFigures& figures);

}  // namespace remotemedia::server

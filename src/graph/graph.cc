#include "remotemedia/graph/graph.h"

#include <algorithm>
#include <utility>

namespace remotemedia {

const char* to_string(Runtime runtime) { return runtime == Runtime::native ? "native" : "python"; }

bool Graph::continuous() const {
  // Where connections meet, blocks of both alternate, and no joining takes them apart again.
  return std::ranges::all_of(nodes_, [](const GraphNode& node) {
    return node.type.continuous && node.incoming.size() <= 1;
  });
}

Object Graph::info() const {
  Value::Array order;
  for (const std::size_t index : order_) order.emplace_back(nodes_[index].id);
  const auto sources = static_cast<std::int64_t>(sources_.size() + inputs_.size());
  const auto sinks =
      std::ranges::count_if(nodes_, [](const GraphNode& node) { return node.outgoing.empty(); });
  return Object{{"node_count", nodes_.size()},
                {"source_count", sources},
                {"sink_count", static_cast<std::int64_t>(sinks)},
                {"execution_order", std::move(order)}};
}

}  // namespace remotemedia

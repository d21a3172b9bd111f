#pragma once

#include "remotemedia/graph/graph.h"

#include <nanobind/nanobind.h>

#include <memory>
#include <vector>

namespace remotemedia::bindings {

/// Makes the executors of one Python node; owned by the graph's node type, and so by the graph.
class PythonFactory;

/// A graph some of whose nodes run in Python. The garbage collector sees their factories, which
/// often refer back to what holds the graph.
class PythonGraph {
 public:
  /// `foreign`: node id -> (factory, reason, builtin, streaming).
  PythonGraph(nanobind::handle manifest, const nanobind::dict& foreign);

  [[nodiscard]] const std::shared_ptr<const Graph>& graph() const { return graph_; }
  /// Its nodes wait for nothing: no Python, no files, no repeated calls.
  [[nodiscard]] bool is_quick() const;

  int traverse(visitproc visit, void* arg) const;
  void clear();

 private:
  void add_foreign(GraphOptions& options, ManifestNode& node, const nanobind::tuple& given);

  std::shared_ptr<const Graph> graph_;
  std::vector<std::shared_ptr<PythonFactory>> factories_;
};

}  // namespace remotemedia::bindings

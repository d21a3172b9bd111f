#include "bindings/graph.h"

#include "bindings/module.h"
#include "bindings/packets.h"
#include "bindings/python_access.h"
#include "bindings/python_node.h"
#include "bindings/values.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/nodes/builtin.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

class PythonFactory {
 public:
  explicit PythonFactory(nb::object factory) : factory_(std::move(factory)) {}

  [[nodiscard]] std::unique_ptr<NodeExecutor> make() const {
    return std::make_unique<PythonNode>(factory_.get());
  }
  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(factory_.get().ptr());
    return 0;
  }
  void clear() { factory_.reset(); }

 private:
  KeptObject factory_;
};

namespace {

/// The registry's type with its parameters filled in. If there is none, or the parameters are
/// wrong, the graph's builder says so.
std::optional<NodeType> builtin_type(ManifestNode& node) {
  const NodeType* type = builtin_nodes().find(node.node_type);
  if (type == nullptr) return std::nullopt;
  ParameterProblem problem;
  const auto parameters =
      check_parameters(type->parameters, type->refused_parameters, node.params, &problem);
  if (!parameters) return std::nullopt;
  node.params = parameters->values();
  return *type;
}

/// A class of the user: takes and gives anything.
NodeType user_type(const ManifestNode& node, bool streaming) {
  NodeType type;
  type.name = node.node_type;
  type.category = "general";
  type.continuous = false;
  type.streaming = streaming;
  // The Python side has asked the class before it wrote the policy.
  type.repeatable = node.policy.retry.has_value();
  type.offloaded = true;
  // What it gives need not be what it takes.
  type.resolve = [](const Parameters&, const StreamFormat&) { return StreamFormat{}; };
  return type;
}

nb::object join_packets(const PythonGraph& graph, const nb::list& packets) {
  PacketJoiner joiner(*graph.graph());
  std::vector<Packet> blocks;
  for (const nb::handle packet : packets) blocks.push_back(to_packet(packet));
  Packet joined;
  {
    const GilRelease unlocked;
    for (const Packet& block : blocks) joiner.add(block);
    joined = joiner.take();
  }
  return to_python(joined);
}

std::vector<std::string> execution_order(const PythonGraph& graph) {
  std::vector<std::string> ids;
  for (const std::size_t index : graph.graph()->order()) {
    ids.push_back(graph.graph()->nodes()[index].id);
  }
  return ids;
}

int graph_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  // The collector may come between the allocation and the constructor.
  return nb::inst_ready(self) ? nb::inst_ptr<PythonGraph>(self)->traverse(visit, arg) : 0;
}

int graph_clear(PyObject* self) {
  if (nb::inst_ready(self)) nb::inst_ptr<PythonGraph>(self)->clear();
  return 0;
}

PyType_Slot graph_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(graph_traverse)},
                             {Py_tp_clear, reinterpret_cast<void*>(graph_clear)},
                             {0, nullptr}};

}  // namespace

PythonGraph::PythonGraph(nb::handle manifest, const nb::dict& foreign) {
  Document document;
  document.root = to_value(manifest, "manifest");
  Manifest parsed = parse_manifest(document);
  GraphOptions options;
  for (ManifestNode& node : parsed.nodes) {
    const nb::str id = to_python(std::string_view(node.id));
    if (foreign.contains(id)) add_foreign(options, node, nb::cast<nb::tuple>(foreign[id]));
  }
  const GilRelease unlocked;
  graph_ = Graph::build(parsed, builtin_nodes(), options);
}

bool PythonGraph::is_quick() const {
  return factories_.empty() && std::ranges::none_of(graph_->nodes(), [](const GraphNode& node) {
           return node.type.offloaded || node.policy.retry;
         });
}

void PythonGraph::add_foreign(GraphOptions& options, ManifestNode& node, const nb::tuple& given) {
  const auto builtin = nb::cast<bool>(given[2]);
  const auto streaming = nb::cast<bool>(given[3]);
  std::optional<NodeType> type = builtin ? builtin_type(node) : user_type(node, streaming);
  if (!type) return;
  factories_.push_back(std::make_shared<PythonFactory>(nb::borrow(given[0])));
  type->make = [factory = factories_.back()](const Parameters& /*checked*/) {
    return factory->make();
  };
  options.foreign.emplace(node.id, ForeignNode{*std::move(type), nb::cast<std::string>(given[1])});
}

int PythonGraph::traverse(visitproc visit, void* arg) const {
  for (const auto& factory : factories_) {
    if (const int result = factory->traverse(visit, arg); result != 0) return result;
  }
  return 0;
}

void PythonGraph::clear() {
  for (const auto& factory : factories_) factory->clear();
}

void bind_graph(nb::module_& m) {
  using nb::literals::operator""_a;
  bind_emit(m);
  nb::class_<PythonGraph>(m, "Graph", nb::is_final(), nb::type_slots(graph_slots),
                          "A checked manifest: nodes, order, formats. Shared by sessions.")
      .def(nb::init<nb::handle, const nb::dict&>(), "manifest"_a, "foreign"_a,
           nb::sig("def __init__(self, manifest: dict[str, typing.Any], foreign: dict[str, "
                   "tuple[collections.abc.Callable[[], remotemedia._packet.Executor], str, bool, "
                   "bool]]) -> None"),
           "Nodes of `foreign` run in Python: id -> (factory of executors, reason, builtin, "
           "streaming).")
      .def_prop_ro("order", execution_order, "Ids of the nodes in the order they run.")
      .def_prop_ro(
          "continuous", [](const PythonGraph& graph) { return graph.graph()->continuous(); },
          "Results of blocks may be joined.")
      .def(
          "info", [](const PythonGraph& graph) { return to_python(graph.graph()->info()); },
          nb::sig("def info(self) -> dict[str, typing.Any]"), "Counts and execution order.")
      .def(
          "mermaid", [](const PythonGraph& graph) { return to_mermaid(*graph.graph()); },
          "A Mermaid flowchart.")
      .def(
          "dot", [](const PythonGraph& graph) { return to_dot(*graph.graph()); },
          "A Graphviz graph.");
  m.def("join_packets", join_packets, "graph"_a, "packets"_a,
        nb::sig("def join_packets(graph: Graph, packets: list[remotemedia._packet.Packet]) -> "
                "remotemedia._packet.Packet"),
        "Join the blocks of one output into the item that the whole clip would have given.");
}

}  // namespace remotemedia::bindings

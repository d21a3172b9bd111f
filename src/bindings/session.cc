// A running graph for Python: one call at a time, the GIL free while native nodes work.

#include "remotemedia/graph/session.h"

#include "bindings/errors.h"
#include "bindings/graph.h"
#include "bindings/module.h"
#include "bindings/packets.h"
#include "bindings/python_access.h"
#include "bindings/python_node.h"
#include "bindings/turn.h"
#include "bindings/values.h"
#include "remotemedia/nodes/file_input.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

std::vector<std::string> output_ids(const Graph& graph) {
  std::vector<std::string> ids;
  for (const std::size_t index : graph.outputs()) ids.push_back(graph.nodes()[index].id);
  return ids;
}

/// Hands results to the Python sink, on the thread that runs the graph.
Session::Sink make_sink(std::shared_ptr<PythonSide> side, std::vector<std::string> ids) {
  return [side = std::move(side), ids = std::move(ids)](const Output& output) {
    const GilAcquire gil;
    try {
      side->sink(to_python(std::string_view(ids[output.index])), to_python(output.packet));
    } catch (const nb::python_error& error) {
      side->sink_error = exception_of(error);
      throw;
    }
  };
}

/// Ctrl-C reaches a native run only where it asks. Python's handlers run on the main thread.
void check_signals() {
  const GilAcquire gil;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

/// Owned by Python. All members but `cancelled_` are guarded by the GIL; the native session belongs
/// to the thread of the running call, if there is one.
class PythonSession {
 public:
  PythonSession(nb::handle_t<PythonGraph> graph, std::string id, bool enable_metrics,
                nb::callable sink, nb::object loop)
      : graph_(nb::borrow(graph)), side_(std::make_shared<PythonSide>()) {
    side_->sink = std::move(sink);
    side_->loop = std::move(loop);
    const auto& definition = nb::cast<const PythonGraph&>(graph).graph();
    Session::Sink to_python_sink = make_sink(side_, output_ids(*definition));
    const MakingNodes making(side_);
    const GilRelease unlocked;
    session_.emplace(definition,
                     SessionOptions{.id = std::move(id), .enable_metrics = enable_metrics},
                     std::move(to_python_sink));
    snapshot_ = session_->metrics();
  }

  void push(nb::handle packet) {
    Packet given = to_packet(packet);
    run([&] { session_->push(std::move(given)); });
  }

  void run_sources() {
    run([&] { session_->run_sources(); });
  }

  void run_file(const std::filesystem::path& path) {
    run([&] {
      remotemedia::run_file(*session_, path, [&](std::uint64_t /*done*/, std::uint64_t /*total*/) {
        check_signals();
        return !cancelled_.load(std::memory_order_relaxed);
      });
    });
  }

  void finish() {
    run([&] { session_->finish(); });
  }

  void cancel() noexcept {
    cancelled_.store(true, std::memory_order_relaxed);
    session_->cancel();
  }

  /// From inside a run, or while another thread runs it, it only cancels.
  void close() {
    if (busy_) return cancel();
    run([&] { session_->close(); });
  }

  nb::object metrics() {
    if (!busy_ || thread_ == std::this_thread::get_id()) {
      return to_python(metrics_to_value(session_->metrics()));
    }
    // Another thread is counting now. What it had at the end of its last call is given, and kept
    // from now on.
    watched_ = true;
    return to_python(metrics_to_value(snapshot_));
  }

  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(graph_.ptr());
    return side_->traverse(visit, arg);
  }

  void clear() {
    side_->clear();
    graph_.reset();
  }

 private:
  template <typename Work>
  void run(Work work) {
    const Turn turn(busy_, "the session",
                    "call it from one thread at a time, and not from its own sink");
    thread_ = std::this_thread::get_id();
    const Ending ending(*this);
    const GilRelease unlocked;
    work();
  }

  /// After a call, however it ended.
  class Ending {
   public:
    explicit Ending(PythonSession& session) : session_(session) {}
    ~Ending() {
      session_.side_->sink_error.reset();
      if (session_.watched_) session_.snapshot_ = session_.session_->metrics();
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

   private:
    PythonSession& session_;
  };

  nb::object graph_;
  std::shared_ptr<PythonSide> side_;
  bool busy_ = false;
  std::thread::id thread_;  ///< of the running call
  bool watched_ = false;    ///< another thread reads the metrics
  Metrics snapshot_;
  std::atomic<bool> cancelled_{false};  ///< set by any thread; publishes nothing else
  std::optional<Session> session_;      ///< last: its nodes refer to what is above
};

int session_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  // The collector may come between the allocation and the constructor.
  return nb::inst_ready(self) ? nb::inst_ptr<PythonSession>(self)->traverse(visit, arg) : 0;
}

int session_clear(PyObject* self) {
  if (nb::inst_ready(self)) nb::inst_ptr<PythonSession>(self)->clear();
  return 0;
}

/// Before a cycle is taken apart: the executors' cleanup() still finds everything whole.
void session_finalize(PyObject* self) {
  if (!nb::inst_ready(self)) return;
  const nb::error_scope keep_current;
  nb::inst_ptr<PythonSession>(self)->close();
}

PyType_Slot session_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(session_traverse)},
                               {Py_tp_clear, reinterpret_cast<void*>(session_clear)},
                               {Py_tp_finalize, reinterpret_cast<void*>(session_finalize)},
                               {0, nullptr}};

}  // namespace

void bind_session(nb::module_& m) {
  using nb::literals::operator""_a;
  nb::class_<PythonSession>(m, "Session", nb::is_final(), nb::type_slots(session_slots),
                            "A running graph: its nodes, their state, its metrics.")
      .def(nb::init<nb::handle_t<PythonGraph>, std::string, bool, nb::callable, nb::object>(),
           "graph"_a, "session_id"_a, "enable_metrics"_a, "sink"_a, "loop"_a.none(),
           nb::sig("def __init__(self, graph: Graph, session_id: str, enable_metrics: bool, sink: "
                   "collections.abc.Callable[[str, remotemedia._packet.Packet], None], loop: "
                   "asyncio.AbstractEventLoop | None) -> None"))
      .def("push", &PythonSession::push, "packet"_a,
           nb::sig("def push(self, packet: remotemedia._packet.Packet) -> None"),
           "Give a packet to the graph's inputs; the sink has had its results on return.")
      .def("run_sources", &PythonSession::run_sources, "Run the source nodes to their end.")
      .def("run_file", &PythonSession::run_file, "path"_a,
           nb::sig("def run_file(self, path: str) -> None"),
           "Stream an audio file through the graph in blocks, then finish.")
      .def("finish", &PythonSession::finish, "End of input: flush all nodes. Repeatable.")
      .def("cancel", &PythonSession::cancel, "Make the running call return soon. Any thread.")
      .def("close", &PythonSession::close, "Clean up all nodes. Repeatable.")
      .def("metrics", &PythonSession::metrics,
           nb::sig("def metrics(self) -> dict[str, typing.Any]"),
           "Counts and times of the session and its nodes.");
}

}  // namespace remotemedia::bindings

// A running graph for Python: one call at a time, the GIL free while native nodes work.

#include "remotemedia/graph/session.h"

#include "bindings/errors.h"
#include "bindings/graph.h"
#include "bindings/metrics.h"
#include "bindings/module.h"
#include "bindings/packets.h"
#include "bindings/python_access.h"
#include "bindings/python_node.h"
#include "bindings/turn.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/worker_pool.h"
#include "remotemedia/nodes/file_input.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

std::vector<std::string> output_ids(const Graph& graph) {
  std::vector<std::string> ids;
  for (const std::size_t index : graph.outputs()) ids.push_back(graph.nodes()[index].id);
  return ids;
}

/// Hands results to the Python sink, on the thread that runs the graph or a lane.
Session::Sink make_sink(std::shared_ptr<PythonSide> side, std::vector<std::string> ids) {
  return [side = std::move(side), ids = std::move(ids)](const Output& output) {
    const GilAcquire gil;
    if (!side->sink.is_valid()) return;  // the collector has taken it
    try {
      side->sink(to_python(std::string_view(ids[output.index])), to_python(output.packet));
    } catch (const nb::python_error& error) {
      side->sink_error = exception_of(error);
      throw;
    }
  };
}

/// Tells Python of the failure of a node on a lane.
std::function<void(std::exception_ptr)> make_listener(std::shared_ptr<PythonSide> side) {
  return [side = std::move(side)](std::exception_ptr failure) {
    const PythonAccess python;
    if (!python || !side->on_failure.is_valid() || side->on_failure.is_none()) return;
    const nb::error_scope keep_current;
    try {
      side->on_failure(to_exception(failure));
    } catch (nb::python_error& error) {
      error.discard_as_unraisable(side->on_failure);
    }
  };
}

QueuePolicy queue_policy(std::string_view name) {
  for (const QueuePolicy policy :
       {QueuePolicy::block, QueuePolicy::drop_oldest, QueuePolicy::coalesce}) {
    if (name == to_string(policy)) return policy;
  }
  refuse("queue_policy", "'" + std::string(name) + "'", "block, drop_oldest or coalesce");
}

SessionOptions make_options(std::string id, bool enable_metrics, std::string_view lanes,
                            std::size_t queue_capacity, std::string_view policy, bool node_queues) {
  return {.id = std::move(id),
          .enable_metrics = enable_metrics,
          .lanes = lanes != "none",
          .parallel_branches = lanes == "branches",
          .queue = {.capacity = queue_capacity, .policy = queue_policy(policy)},
          .node_queues = node_queues,
          .lanes_wait_for_caller = lanes == "of the loop"};
}

/// Ctrl-C reaches a native run only where it asks. Python's handlers run on the main thread.
void check_signals() {
  const GilAcquire gil;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

/// Native nodes take less for it than what another thread may keep the GIL for: 20 ms of stereo.
bool is_short(const Packet& packet) {
  constexpr std::size_t kSamples = 1'920;
  if (const AudioBuffer* audio = packet.audio()) {
    return audio->frames() * static_cast<std::size_t>(audio->channels()) <= kSamples;
  }
  const auto* text = std::get_if<std::string>(&packet.payload);
  return !std::holds_alternative<PacketList>(packet.payload) &&
         (text == nullptr || text->size() <= kSamples);
}

/// What a session had measured at one time. A call makes the dict of it, whose many objects most
/// runs never need.
class Measured {
 public:
  explicit Measured(Metrics metrics) : metrics_(std::move(metrics)) {}
  nb::object operator()() const { return to_python(metrics_); }
  [[nodiscard]] nb::str to_json() const {
    return to_python(std::string_view(metrics_to_json(metrics_)));
  }

 private:
  Metrics metrics_;
};

/// BlockingScope as a context manager, of one thread.
class Blocking {
 public:
  void enter() { scope_.emplace(); }
  void exit(const nb::args& /*error*/) { scope_.reset(); }

 private:
  std::optional<BlockingScope> scope_;
};

/// Owned by Python. All members but `stopped_` are guarded by the GIL; the native session belongs
/// to the thread of the running call, if there is one.
class PythonSession {
 public:
  PythonSession(nb::handle_t<PythonGraph> graph, nb::callable sink, nb::object loop,
                nb::object on_failure, SessionOptions options)
      : graph_(nb::borrow(graph)), side_(std::make_shared<PythonSide>()) {
    side_->sink = std::move(sink);
    side_->loop = std::move(loop);
    side_->on_failure = std::move(on_failure);
    const auto& given = nb::cast<const PythonGraph&>(graph);
    is_quick_ = given.is_quick() && !options.parallel_branches;
    const auto& definition = given.graph();
    Session::Sink to_python_sink = make_sink(side_, output_ids(*definition));
    options.on_failure = make_listener(side_);
    const MakingNodes making(side_);
    const GilRelease unlocked;
    session_.emplace(definition, std::move(options), std::move(to_python_sink));
  }

  void push(nb::handle packet) {
    Packet given = to_packet(packet);
    const bool is_little = is_short(given);
    run([&] { session_->push(std::move(given)); }, is_little);
  }

  void run_sources() {
    run([&] { session_->run_sources(); });
  }

  void run_file(const std::filesystem::path& path) {
    run([&] {
      remotemedia::run_file(*session_, path, [&](std::uint64_t /*done*/, std::uint64_t /*total*/) {
        check_signals();
        return !stopped_.load(std::memory_order_relaxed);
      });
    });
  }

  void flush() {
    run([&] { session_->flush(); }, true);
  }

  void finish() {
    run([&] { session_->finish(); }, true);
  }

  void begin_finish(nb::callable ready) {
    auto kept = std::make_shared<KeptObject>(std::move(ready));
    run([&] {
      session_->begin_finish([kept = std::move(kept)] {
        const PythonAccess python;
        if (!python) return;
        const nb::error_scope keep_current;
        try {
          kept->get()();
        } catch (nb::python_error& error) {
          error.discard_as_unraisable(kept->get());
        }
      });
    });
  }

  // Without the GIL: the locks that they take are held by threads that may wait for it.
  [[nodiscard]] bool has_room() const {
    const GilRelease unlocked;
    return session_->has_room();
  }

  void cancel() noexcept {
    const GilRelease unlocked;
    session_->cancel();
  }

  void stop() noexcept {
    stopped_.store(true, std::memory_order_relaxed);
    const GilRelease unlocked;
    session_->stop();
  }

  /// From inside a run, or while another thread runs it, it only stops.
  bool close(std::optional<double> timeout_s) {
    if (busy_) {
      stop();
      return false;
    }
    bool is_clean = false;
    run(
        [&] {
          is_clean = session_->close(
              timeout_s ? std::optional(Time(static_cast<std::int64_t>(*timeout_s * 1e9)))
                        : std::nullopt);
        },
        true);
    side_->is_closed = true;
    return is_clean;
  }

  /// The collector takes the session: a call that does not end is left behind.
  void finalize() noexcept {
    static_cast<void>(session_->close(Time{0}));
    side_->is_closed = true;
  }

  [[nodiscard]] Measured measure() const {
    std::optional<GilRelease> unlocked;
    if (!is_quick_) unlocked.emplace();
    return Measured(session_->metrics());
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
  /// Little work of quick nodes keeps the GIL: beside a thread of Python code it would have to wait
  /// 5 ms to get it back. Then nothing may wait for a thread that waits for the GIL, so there must
  /// be no lanes.
  template <typename Work>
  void run(Work work, bool is_little = false) {
    const Turn turn(busy_, "the session",
                    "call it from one thread at a time, and not from its own sink");
    const Ending ending(*side_);
    std::optional<GilRelease> unlocked;
    if (!is_little || !is_quick_) unlocked.emplace();
    work();
  }

  /// After a call, however it ended.
  class Ending {
   public:
    explicit Ending(PythonSide& side) : side_(side) {}
    ~Ending() { side_.sink_error.reset(); }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

   private:
    PythonSide& side_;
  };

  nb::object graph_;
  std::shared_ptr<PythonSide> side_;
  bool is_quick_ = false;
  bool busy_ = false;
  std::atomic<bool> stopped_{false};  ///< set by any thread; publishes nothing else
  std::optional<Session> session_;    ///< last: its nodes refer to what is above
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
  nb::inst_ptr<PythonSession>(self)->finalize();
}

PyType_Slot session_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(session_traverse)},
                               {Py_tp_clear, reinterpret_cast<void*>(session_clear)},
                               {Py_tp_finalize, reinterpret_cast<void*>(session_finalize)},
                               {0, nullptr}};

}  // namespace

void bind_session(nb::module_& m) {
  using nb::literals::operator""_a;
  nb::class_<Measured>(m, "Measured", nb::is_final(), "What a session had measured at one time.")
      .def("__call__", &Measured::operator(),
           nb::sig("def __call__(self) -> dict[str, typing.Any]"))
      .def("to_json", &Measured::to_json, "The dict as JSON on one line.");
  nb::class_<Blocking>(m, "Blocking", nb::is_final(),
                       "A context in which the calling thread waits for something: what has to be "
                       "brief on the SDK's threads says so.")
      .def(nb::init<>())
      .def("__enter__", &Blocking::enter)
      .def("__exit__", &Blocking::exit);
  nb::class_<PythonSession>(m, "Session", nb::is_final(), nb::type_slots(session_slots),
                            "A running graph: its nodes, their state, its metrics.")
      .def(
          "__init__",
          [](PythonSession* self, nb::handle_t<PythonGraph> graph, std::string session_id,
             bool enable_metrics, nb::callable sink, nb::object loop, nb::object on_failure,
             std::string_view lanes, std::size_t queue_capacity, std::string_view queue_policy,
             bool node_queues) {
            new (self) PythonSession(graph, std::move(sink), std::move(loop), std::move(on_failure),
                                     make_options(std::move(session_id), enable_metrics, lanes,
                                                  queue_capacity, queue_policy, node_queues));
          },
          "graph"_a, "session_id"_a, "enable_metrics"_a, "sink"_a, "loop"_a.none(),
          "on_failure"_a.none() = nb::none(), "lanes"_a = "none", "queue_capacity"_a = 64,
          "queue_policy"_a = "block", "node_queues"_a = true,
          nb::sig("def __init__(self, graph: Graph, session_id: str, enable_metrics: bool, sink: "
                  "collections.abc.Callable[[str, remotemedia._packet.Packet], None], loop: "
                  "asyncio.AbstractEventLoop | None, on_failure: "
                  "collections.abc.Callable[[BaseException], None] | None = None, lanes: str = "
                  "'none', queue_capacity: int = 64, queue_policy: str = 'block', node_queues: "
                  "bool = True) -> None"))
      .def("push", &PythonSession::push, "packet"_a,
           nb::sig("def push(self, packet: remotemedia._packet.Packet) -> None"),
           "Give a packet to the graph's inputs; the sink has had its results on return.")
      .def("run_sources", &PythonSession::run_sources, "Run the source nodes to their end.")
      .def("run_file", &PythonSession::run_file, "path"_a,
           nb::sig("def run_file(self, path: str) -> None"),
           "Stream an audio file through the graph in blocks, then finish.")
      .def("flush", &PythonSession::flush, "End of a stream: flush all nodes, and go on.")
      .def("finish", &PythonSession::finish, "End of input: flush all nodes. Repeatable.")
      .def("begin_finish", &PythonSession::begin_finish, "ready"_a,
           nb::sig("def begin_finish(self, ready: collections.abc.Callable[[], object]) -> None"),
           "Begin finish; `ready` is called, on any thread, once finish would not wait.")
      .def("has_room", &PythonSession::has_room, "Whether push would not wait. Any thread.")
      .def("cancel", &PythonSession::cancel, "Drop what was pushed, and go on. Any thread.")
      .def("stop", &PythonSession::stop, "Make the running call return soon. Any thread.")
      .def("close", &PythonSession::close, "timeout_s"_a.none() = nb::none(),
           "Stop and clean up all nodes; False if a call has not ended in time. Repeatable.")
      .def(
          "metrics", [](const PythonSession& session) { return session.measure()(); },
          nb::sig("def metrics(self) -> dict[str, typing.Any]"),
          "Counts and times of the session and its nodes. Any thread.")
      .def("measure", &PythonSession::measure,
           "What `metrics` would give now, made a dict when it is called. Any thread.");
}

}  // namespace remotemedia::bindings

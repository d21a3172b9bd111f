// The WebRTC server for Python: its graphs and what is told of its sessions come from Python.

#include "remotemedia/server/server.h"

#include "bindings/arrays.h"
#include "bindings/errors.h"
#include "bindings/graph.h"
#include "bindings/late_import.h"
#include "bindings/module.h"
#include "bindings/python_access.h"
#include "bindings/python_node.h"
#include "bindings/server_options.h"
#include "bindings/values.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/worker_pool.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

/// What the server's threads call.
struct ServerCallbacks {
  KeptObject graphs;
  KeptObject loop;
  KeptObject on_start;
  KeptObject on_message;
  KeptObject on_end;
};

/// What leaves Python for good: a thread that carries sessions must not wait for the GIL to free
/// it.
Session::Sink without_python(Session::Sink sink) {
  return [sink = std::move(sink)](Output output) {
    if (const AudioBuffer* audio = output.packet.audio()) {
      AudioBuffer own = own_samples(*audio);
      output.packet.payload = std::move(own);
    }
    sink(std::move(output));
  };
}

LateImport cancel_scope("remotemedia._cancel", "CancelScope");

/// Ends what the Python nodes of one session wait for. The session's threads must not wait for the
/// GIL: a worker does it.
class NodeWaits {
 public:
  /// With the GIL.
  NodeWaits() : scope_(cancel_scope()) {}

  /// Nodes that are initialised on this thread while it lives belong to these waits. With the GIL.
  class Entered {
   public:
    explicit Entered(const NodeWaits& waits) : manager_(waits.scope_.get().attr("entered")()) {
      manager_.attr("__enter__")();
    }
    ~Entered() {
      const nb::error_scope keep_current;
      try {
        manager_.attr("__exit__")(nb::none(), nb::none(), nb::none());
      } catch (nb::python_error& error) {
        error.discard_as_unraisable(manager_);
      }
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    nb::object manager_;
  };

  /// As SessionOptions::on_cancel.
  static void end(const std::shared_ptr<NodeWaits>& waits,
                  std::optional<std::uint32_t> generation) {
    if (!waits->has_nodes || (!generation && waits->stopped_.exchange(true))) return;
    try {
      run_on_worker([waits, generation] { waits->end_now(generation); });
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): they end in their time
    }
  }

  std::atomic<bool> has_nodes{false};  ///< in Python

 private:
  void end_now(std::optional<std::uint32_t> generation) const {
    const PythonAccess python;
    if (!python) return;
    try {
      if (generation) {
        scope_.get().attr("cancel_before")(*generation);
      } else {
        scope_.get().attr("stop")();
      }
    } catch (nb::python_error& error) {
      error.discard_as_unraisable(scope_.get());
    }
  }

  KeptObject scope_;
  std::atomic<bool> stopped_{false};
};

/// Makes the sessions of Python's graphs, on a worker's thread.
class ServerSessions {
 public:
  explicit ServerSessions(std::shared_ptr<ServerCallbacks> callbacks)
      : callbacks_(std::move(callbacks)) {}

  std::unique_ptr<Session> operator()(SessionOptions options, Session::Sink sink) const {
    const BlockingScope waiting;  // for the caller's code, however long it takes
    const GilAcquire gil;
    const nb::object made = graph_of(options.id);
    std::shared_ptr<const Graph> graph = nb::cast<const PythonGraph&>(made).graph();
    const auto side = std::make_shared<PythonSide>();
    side->loop = nb::borrow(callbacks_->loop.get());
    side->lets_pass = false;
    const MakingNodes making(side);
    const auto waits = std::make_shared<NodeWaits>();
    const NodeWaits::Entered entered(*waits);
    options.on_cancel = [waits](std::optional<std::uint32_t> generation) {
      NodeWaits::end(waits, generation);
    };
    std::unique_ptr<Session> session;
    {
      const GilRelease unlocked;
      session = std::make_unique<Session>(std::move(graph), std::move(options),
                                          without_python(std::move(sink)));
    }
    waits->has_nodes = !side->nodes.empty();
    return session;
  }

 private:
  /// Errors leave as text: nobody above knows Python.
  [[nodiscard]] nb::object graph_of(const std::string& id) const {
    try {
      nb::object made = callbacks_->graphs.get()(to_python(std::string_view(id)));
      if (!nb::isinstance<PythonGraph>(made)) {
        refuse_type("the graph of a session is a " + name_of_type(made) + ", expected a Graph");
      }
      return made;
    } catch (const nb::python_error& error) {
      throw Error("RM7000", words_of(error), {});
    }
  }

  std::shared_ptr<ServerCallbacks> callbacks_;
};

/// Calls back on a worker's thread, which has nobody to raise to.
template <typename... Arguments>
void tell(const KeptObject& callback, const Arguments&... arguments) {
  const PythonAccess python;
  if (!python || !callback.get().is_valid()) return;
  const nb::error_scope keep_current;
  try {
    callback.get()(to_python(arguments)...);
  } catch (nb::python_error& error) {
    error.discard_as_unraisable(callback.get());
  }
}

server::SessionListener listener_of(const std::shared_ptr<ServerCallbacks>& callbacks) {
  return {
      .on_start =
          [callbacks](const std::string& id) { tell(callbacks->on_start, std::string_view(id)); },
      .on_message =
          [callbacks](const std::string& id, const Value& message) {
            tell(callbacks->on_message, std::string_view(id), message);
          },
      .on_end =
          [callbacks](const std::string& id, const std::string& reason) {
            tell(callbacks->on_end, std::string_view(id), std::string_view(reason));
          }};
}

/// Owned by Python. Its methods leave the GIL to the server's threads, which they wait for.
class PythonServer {
 public:
  PythonServer(nb::handle options, nb::callable graphs, nb::object loop, nb::callable on_start,
               nb::callable on_message, nb::callable on_end) {
    const auto callbacks = std::make_shared<ServerCallbacks>();
    callbacks->graphs.keep(std::move(graphs));
    callbacks->loop.keep(std::move(loop));
    callbacks->on_start.keep(std::move(on_start));
    callbacks->on_message.keep(std::move(on_message));
    callbacks->on_end.keep(std::move(on_end));
    server::SessionSource sessions = ServerSessions(callbacks);
    server_ = std::make_unique<server::Server>(server_options(to_object(options, "options")),
                                               std::move(sessions), listener_of(callbacks));
  }

  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;

  /// One that nobody has stopped goes on: its threads may wait for an interpreter that ends, and
  /// then nobody may wait for them.
  ~PythonServer() {
    if (running_) static_cast<void>(server_.release());
    const GilRelease unlocked;
    server_.reset();
  }

  void start() {
    const GilRelease unlocked;
    server_->start();
    running_ = true;
  }

  void stop(double drain_timeout_s) {
    const GilRelease unlocked;
    server_->stop(Time(static_cast<std::int64_t>(drain_timeout_s * 1e9)));
    running_ = false;
  }

  [[nodiscard]] int port() const { return server_->port(); }
  [[nodiscard]] std::vector<int> udp_ports() const {
    const auto ports = server_->udp_ports();
    return {ports.begin(), ports.end()};
  }

  void send(const std::string& session_id, nb::handle message) {
    Value value = to_value(message, "message");
    const GilRelease unlocked;
    server_->send(session_id, std::move(value));
  }

  void broadcast(nb::handle message) {
    Value value = to_value(message, "message");
    const GilRelease unlocked;
    server_->broadcast(std::move(value));
  }

  void close_session(const std::string& session_id, const std::string& reason) {
    const GilRelease unlocked;
    server_->close_session(session_id, reason);
  }

  [[nodiscard]] nb::object connections() const {
    Value all;
    {
      const GilRelease unlocked;
      all = server_->connections();
    }
    return to_python(all);
  }

 private:
  std::unique_ptr<server::Server> server_;
  bool running_ = false;
};

}  // namespace

void bind_server(nb::module_& m) {
  using nb::literals::operator""_a;
  nb::class_<PythonServer>(m, "WebRtcServer", nb::is_final(),
                           "WebRTC sessions, each with a graph of Python's. See server/server.h.")
      .def(
          nb::init<nb::handle, nb::callable, nb::object, nb::callable, nb::callable,
                   nb::callable>(),
          "options"_a, "graphs"_a, "loop"_a.none(), "on_start"_a, "on_message"_a, "on_end"_a,
          nb::sig("def __init__(self, options: dict[str, typing.Any], graphs: "
                  "collections.abc.Callable[[str], Graph], loop: asyncio.AbstractEventLoop | None, "
                  "on_start: collections.abc.Callable[[str], None], on_message: "
                  "collections.abc.Callable[[str, dict[str, typing.Any]], None], on_end: "
                  "collections.abc.Callable[[str, str], None]) -> None"),
          "`options` are those of ServerOptions, times in seconds. The functions are called on "
          "threads of the server.")
      .def("start", &PythonServer::start, "Listen. Once.")
      .def("stop", &PythonServer::stop, "drain_timeout_s"_a,
           "Wait for sessions, no longer than that, then end all. Repeatable.")
      .def_prop_ro("port", &PythonServer::port, "Of HTTP; 0 before the start.")
      .def_prop_ro("udp_ports", &PythonServer::udp_ports, "One for each shard.")
      .def("send", &PythonServer::send, "session_id"_a, "message"_a,
           nb::sig("def send(self, session_id: str, message: dict[str, typing.Any]) -> None"),
           "To the page of one session. Any thread.")
      .def("broadcast", &PythonServer::broadcast, "message"_a,
           nb::sig("def broadcast(self, message: dict[str, typing.Any]) -> None"),
           "To the pages of all sessions. Any thread.")
      .def("close_session", &PythonServer::close_session, "session_id"_a, "reason"_a,
           "End one session; its page is told the reason. Any thread.")
      .def("connections", &PythonServer::connections,
           nb::sig("def connections(self) -> list[dict[str, typing.Any]]"),
           "What GET /connections lists. Any thread.");
}

}  // namespace remotemedia::bindings

#pragma once

#include "remotemedia/base/value.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/server/options.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::server {

/// The graph of a new session, and of one that goes on after a failure (OnFailure::restart). Called
/// on a worker's thread, for several sessions at once. What it throws refuses, or ends, the session
/// with its message.
using GraphSource = std::function<std::shared_ptr<const Graph>(const std::string& session_id)>;

/// As a GraphSource, for one who makes the running graph himself: with these options, of which `id`
/// is the session's, and this sink.
using SessionSource = std::function<std::unique_ptr<Session>(SessionOptions, Session::Sink)>;

/// What happens to sessions, for one who embeds the server. Any may be empty. Called on worker
/// threads, the calls of one session in order; must not throw.
struct SessionListener {
  std::function<void(const std::string& session_id)> on_start = {};
  /// A message of the page that the server does not answer itself, with its `type`.
  std::function<void(const std::string& session_id, const Value& message)> on_message = {};
  std::function<void(const std::string& session_id, const std::string& reason)> on_end = {};
  /// Nothing of any session is left, and free memory is about to go back to the system. On the
  /// thread that answers HTTP, which opens no session meanwhile: for what takes no time.
  std::function<void()> on_idle = {};
};

/// The graph that runs if none is given: Silero VAD at 16 kHz, whose audio goes back.
std::shared_ptr<const Graph> default_graph();

/// WebRTC sessions of browsers, each with a running graph of its own: what a browser says is
/// decoded and pushed, audio that comes out is sent back, text and JSON go into a data channel.
/// HTTP on one thread; the sessions on `shards` others, each with one UDP port. docs/server.md has
/// endpoints, messages and limits.
///
/// Methods may be called from any thread.
class Server {
 public:
  /// Configuration error for options out of range.
  Server(ServerOptions options, GraphSource graphs, SessionListener listener = {});
  Server(ServerOptions options, SessionSource running, SessionListener listener = {});
  /// Stops without waiting for sessions.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens. I/O error that names the port if that cannot be; configuration error that names the
  /// file for a certificate or key that cannot be used.
  void start();
  /// Takes no new session, waits for the others for at most `drain_timeout`, closes them, ends all
  /// threads. Repeatable.
  void stop() { stop(options().drain_timeout); }
  void stop(Time drain_timeout);

  [[nodiscard]] const ServerOptions& options() const;
  /// Of HTTP; 0 before start().
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::vector<std::uint16_t> udp_ports() const;

  /// To the page of one session, or of all; its data channel carries it as JSON.
  void send(const std::string& session_id, Value message);
  void broadcast(Value message);
  /// Ends one session; its page is told the reason.
  void close_session(const std::string& session_id, const std::string& reason);
  /// As GET /connections lists them.
  [[nodiscard]] Value::Array connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remotemedia::server

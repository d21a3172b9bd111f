#include "remotemedia/server/server.h"

#include "remotemedia/base/check.h"
#include "remotemedia/base/log.h"
#include "remotemedia/graph/manifest.h"
#include "remotemedia/nodes/builtin.h"
#include "remotemedia/rtc/address.h"
#include "server/access.h"
#include "server/api.h"
#include "server/clock.h"
#include "server/http_server.h"
#include "server/sessions.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace remotemedia::server {
namespace {

constexpr const char* kDefaultGraph = R"({
  "version": "v1",
  "metadata": {"name": "voice", "description": "Finds speech, and gives the audio back"},
  "nodes": [
    {"id": "resample", "node_type": "AudioResampleNode",
     "params": {"target_sample_rate": 16000, "mono": true}},
    {"id": "vad", "node_type": "SileroVADNode", "params": {}}
  ],
  "connections": [{"from": "resample", "to": "vad"}]
})";

bool is_loopback(const std::string& host) {
  const auto address = rtc::parse_address(host, 0);
  if (!address) return false;
  if (!address->v6) return address->bytes[0] == 127;
  return host == "::1";
}

/// The shortest one: "::" of "0::0", and IPv4 where it is written as IPv6. What asks whether an
/// address is this machine's own, or stands for all of them, compares it.
std::string usual_spelling(const std::string& host) {
  namespace ip = boost::asio::ip;
  const ip::address address = ip::make_address(host);
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

SessionSource running(GraphSource graphs) {
  if (!graphs) return {};
  return [graphs = std::move(graphs)](SessionOptions options, Session::Sink sink) {
    std::shared_ptr<const Graph> graph = graphs(options.id);
    return std::make_unique<Session>(std::move(graph), std::move(options), std::move(sink));
  };
}

}  // namespace

std::shared_ptr<const Graph> default_graph() {
  return Graph::build(parse_manifest(kDefaultGraph, TextFormat::json), builtin_nodes());
}

class Server::Impl {
 public:
  Impl(ServerOptions options, SessionSource running, SessionListener listener)
      : options_(std::move(options)),
        access_(options_.tokens, options_.allowed_origins, is_loopback(options_.host)),
        rate_(options_.max_requests_per_minute),
        sessions_(options_, std::move(running), std::move(listener),
                  [this](std::function<void()> task) { post(std::move(task)); }),
        connections_(options_.max_connections, options_.max_connections_per_address),
        api_(options_, sessions_, access_, rate_, connections_) {}

  ~Impl() { stop(Time{}); }

  void start() {
    if (http_) refuse("server", "started", "one that has not been started");
    http_.emplace(context_, options_, api_, sessions_, access_, rate_, connections_);
    port_ = http_->port();
    sessions_.start();
    udp_ports_ = sessions_.udp_ports();
    http_->start();
    thread_ = std::thread([this] { context_.run(); });
    running_ = true;
    if (access_.open() && !is_loopback(options_.host)) {
      log(LogLevel::warning, "the server listens on " + options_.host +
                                 " without a token: everybody who reaches it may use it");
    }
  }

  void stop(Time drain_timeout) {
    const std::lock_guard lock(stopping_);
    if (!thread_.joinable()) return;
    if (drain_timeout > Time{}) wait_for_sessions(drain_timeout);
    std::promise<void> closed;
    post([&] {
      http_->close();
      sessions_.drain();
      sessions_.close_all();
      wait_until_empty([&] { closed.set_value(); });
    });
    // Sessions say goodbye and go; what hangs is ended without.
    closed.get_future().wait_for(std::chrono::seconds(1));
    running_ = false;
    context_.stop();
    thread_.join();
    sessions_.stop();
  }

  [[nodiscard]] const ServerOptions& options() const { return options_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::vector<std::uint16_t> udp_ports() const { return udp_ports_; }
  void post(std::function<void()> task) { boost::asio::post(context_, std::move(task)); }
  Sessions& sessions() { return sessions_; }

  Value::Array connections() {
    if (!running_) return {};
    auto result = std::make_shared<std::promise<Value::Array>>();
    auto future = result->get_future();
    post([this, result] {
      sessions_.describe([result](Value::Array all) { result->set_value(std::move(all)); });
    });
    if (future.wait_for(std::chrono::seconds(5)) != std::future_status::ready) return {};
    return future.get();
  }

 private:
  void wait_for_sessions(Time timeout) {
    auto empty = std::make_shared<std::promise<void>>();
    auto future = empty->get_future();
    post([this, empty] {
      sessions_.drain();
      wait_until_empty([empty] { empty->set_value(); });
    });
    future.wait_for(timeout);
  }

  /// Calls it on the front thread once there are no sessions.
  void wait_until_empty(std::function<void()> done) {
    if (sessions_.count() == 0) return done();
    auto timer = std::make_shared<boost::asio::steady_timer>(context_);
    timer->expires_after(std::chrono::milliseconds(10));
    timer->async_wait([this, timer, done = std::move(done)](const boost::system::error_code&) {
      wait_until_empty(done);
    });
  }

  ServerOptions options_;
  Access access_;
  RequestRate rate_;
  Sessions sessions_;
  Connections connections_;
  Api api_;
  // After what the connections use that it still holds when it goes.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::optional<HttpServer> http_;
  std::uint16_t port_ = 0;
  std::vector<std::uint16_t> udp_ports_;
  std::mutex stopping_;
  std::thread thread_;
  std::atomic<bool> running_{false};
};

Server::Server(ServerOptions options, GraphSource graphs, SessionListener listener)
    : Server(std::move(options), running(std::move(graphs)), std::move(listener)) {}

Server::Server(ServerOptions options, SessionSource running, SessionListener listener) {
  check(options);
  options.host = usual_spelling(options.host);
  if (!running) refuse("server: graphs", "empty", "a function that gives the graph of a session");
  impl_ = std::make_unique<Impl>(std::move(options), std::move(running), std::move(listener));
}

Server::~Server() = default;

void Server::start() { impl_->start(); }
void Server::stop(Time drain_timeout) { impl_->stop(drain_timeout); }
const ServerOptions& Server::options() const { return impl_->options(); }
std::uint16_t Server::port() const { return impl_->port(); }
std::vector<std::uint16_t> Server::udp_ports() const { return impl_->udp_ports(); }

void Server::send(const std::string& session_id, Value message) {
  impl_->post([this, session_id, message = std::move(message)] {
    impl_->sessions().send(session_id, message);
  });
}

void Server::broadcast(Value message) {
  impl_->post([this, message = std::move(message)] { impl_->sessions().broadcast(message); });
}

void Server::close_session(const std::string& session_id, const std::string& reason) {
  impl_->post([this, session_id, reason] { impl_->sessions().end_with(session_id, reason); });
}

Value::Array Server::connections() const { return impl_->connections(); }

}  // namespace remotemedia::server

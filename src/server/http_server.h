#pragma once

#include "server/access.h"
#include "server/api.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>

namespace remotemedia::server {

/// HTTP/1.1 and WebSockets, with TLS where there is a certificate: reads requests within limits of
/// size and time and hands them to the Api. All on the thread of its context.
class HttpServer {
 public:
  static constexpr std::size_t kMaxHeaderBytes = 16U << 10U;
  /// A session description of the largest size, written as JSON.
  static constexpr std::size_t kMaxBodyBytes = 160U << 10U;

  /// I/O error if the port is in use, or the certificate does not serve.
  HttpServer(boost::asio::io_context& context, const ServerOptions& options, Api& api,
             Sessions& sessions, const Access& access, RequestRate& rate, Connections& connections);
  ~HttpServer();

  void start();
  /// Takes no more connections.
  void close();
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// What all connections share.
  struct Shared;

 private:
  void accept();
  void accept_later();
  void welcome(boost::asio::ip::tcp::socket socket);

  std::shared_ptr<Shared> shared_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
};

}  // namespace remotemedia::server

#pragma once

#include "server/http_server.h"
#include "server/signalling.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <optional>
#include <string>

namespace remotemedia::server {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using PlainStream = beast::tcp_stream;
using SecureStream = beast::ssl_stream<beast::tcp_stream>;
using BeastRequest = http::request<http::string_body>;

/// For a request to come, and for an answer to be taken.
inline constexpr auto kHttpTimeout = std::chrono::seconds(30);

struct HttpServer::Shared {
  const ServerOptions& options;
  Api& api;
  Sessions& sessions;
  const Access& access;
  RequestRate& rate;
  Connections& connections;
  std::optional<boost::asio::ssl::context> tls;
};

/// Who is at the other side of a connection.
struct Client {
  std::string ip;
  Connections::Place place;
};

/// Takes over a connection whose request asks for a WebSocket.
void serve_socket(PlainStream stream, BeastRequest request, Client client,
                  std::shared_ptr<HttpServer::Shared> shared);
void serve_socket(SecureStream stream, BeastRequest request, Client client,
                  std::shared_ptr<HttpServer::Shared> shared);

HttpRequest to_request(const BeastRequest& request, const std::string& client, bool secure);

/// One of those that are open, as long as it lives.
class Counted {
 public:
  explicit Counted(int& count) : count_(&count) { ++*count_; }
  ~Counted() { --*count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int* count_;
};

}  // namespace remotemedia::server

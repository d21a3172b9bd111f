#include "server/http_server.h"

#include "remotemedia/rtc/address.h"
#include "server/http_shared.h"
#include "server/problem.h"
#include "server/tls.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cctype>
#include <utility>

namespace remotemedia::server {

namespace {

using Tcp = boost::asio::ip::tcp;
using Error = boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

using Parser = http::request_parser<http::string_body>;

bool asks_first(const BeastRequest& request) {
  const auto expected = request[http::field::expect];
  return request.version() == 11 && lower({expected.data(), expected.size()}) == "100-continue";
}

/// A proxy in front may see another end of such a request, or another host, than this server.
std::optional<HttpResponse> refuse_framing(const Parser& parser) {
  const BeastRequest& request = parser.get();
  if (request.count(http::field::transfer_encoding) > 0 && !parser.chunked()) {
    return refusal(501, "the only Transfer-Encoding that is known here is chunked");
  }
  if (request.count(http::field::host) > 1) return refusal(400, "there is more than one Host");
  return std::nullopt;
}

/// One connection: requests one after another, until one asks for a WebSocket or either side ends.
template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, Client client, std::shared_ptr<HttpServer::Shared> shared)
      : stream_(std::move(stream)), shared_(std::move(shared)), client_(std::move(client)) {}

  void start() {
    if constexpr (kSecure) {
      beast::get_lowest_layer(stream_).expires_after(kHttpTimeout);
      stream_.async_handshake(boost::asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const Error& error) {
                                if (!error) self->read();
                              });
    } else {
      read();
    }
  }

 private:
  static constexpr bool kSecure = std::is_same_v<Stream, SecureStream>;

  void read() {
    parser_.emplace();
    parser_->header_limit(HttpServer::kMaxHeaderBytes);
    parser_->body_limit(HttpServer::kMaxBodyBytes);
    beast::get_lowest_layer(stream_).expires_after(kHttpTimeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](const Error& error, std::size_t) {
                              self->on_header(error);
                            });
  }

  /// A client that asks first, as curl does before a large body, waits to be told to go on.
  void on_header(const Error& error) {
    if (error) return on_read(error);
    if (!asks_first(parser_->get()) || parser_->is_done()) return read_body();
    static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::asio::async_write(stream_, boost::asio::buffer(kGoOn),
                             [self = this->shared_from_this()](const Error& failed, std::size_t) {
                               if (!failed) self->read_body();
                             });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](const Error& error, std::size_t) {
                       self->on_read(error);
                     });
  }

  void on_read(const Error& error) {
    keep_alive_ = only_head_ = false;
    if (error == http::error::body_limit) return respond(refusal(413, "the body is too large"));
    if (error == http::error::header_limit) return respond(refusal(431, "the header is too large"));
    if (error == http::error::end_of_stream) return end();
    if (error.category() == make_error_code(http::error::bad_method).category()) {
      return respond(refusal(400, "this is no HTTP request: " + error.message()));
    }
    if (error) return;
    if (auto refused = refuse_framing(*parser_)) return respond(*std::move(refused));
    keep_alive_ = parser_->get().keep_alive();
    only_head_ = parser_->get().method() == http::verb::head;
    if (beast::websocket::is_upgrade(parser_->get())) return upgrade();
    const HttpRequest request = to_request(parser_->get(), client_.ip, kSecure);
    beast::get_lowest_layer(stream_).expires_never();
    shared_->api.handle(request, [self = this->shared_from_this()](HttpResponse response) {
      self->respond(std::move(response));
    });
  }

  void upgrade() {
    const HttpRequest request = to_request(parser_->get(), client_.ip, kSecure);
    if (request.path != "/ws") return respond(refusal(404, "there is no WebSocket but /ws"));
    if (auto refused = shared_->access.refuse_origin(request)) return respond(*std::move(refused));
    if (auto refused = shared_->access.refuse_token(request)) return respond(*std::move(refused));
    beast::get_lowest_layer(stream_).expires_never();
    serve_socket(std::move(stream_), parser_->release(), std::move(client_), shared_);
  }

  void respond(HttpResponse given) {
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(given.status));
    response_.set(http::field::server, "remotemedia");
    response_.set("X-Content-Type-Options", "nosniff");
    if (!given.content_type.empty()) response_.set(http::field::content_type, given.content_type);
    for (const auto& [name, value] : given.headers) response_.set(name, value);
    response_.keep_alive(keep_alive_);
    const std::size_t size = given.body.size();
    if (!only_head_) response_.body() = std::move(given.body);
    if (given.status != 204) response_.prepare_payload();
    if (only_head_) response_.content_length(size);
    beast::get_lowest_layer(stream_).expires_after(kHttpTimeout);
    http::async_write(stream_, response_,
                      [self = this->shared_from_this()](const Error& error, std::size_t) {
                        if (error) return;
                        if (self->keep_alive_) return self->read();
                        self->end();
                      });
  }

  void end() {
    Error ignored;
    if constexpr (kSecure) {
      stream_.async_shutdown([self = this->shared_from_this()](const Error&) {});
    } else {
      stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    }
  }

  Stream stream_;
  std::shared_ptr<HttpServer::Shared> shared_;
  Client client_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  http::response<http::string_body> response_;
  bool keep_alive_ = false;
  bool only_head_ = false;
};

template <typename Stream>
void serve(Stream stream, Client client, std::shared_ptr<HttpServer::Shared> shared) {
  std::make_shared<Connection<Stream>>(std::move(stream), std::move(client), std::move(shared))
      ->start();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                         hex_digit(text[i + 2]) >= 0;
    if (!escaped) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return result;
}

/// IP address of the other side; empty if it is gone.
std::string ip_of(const Tcp::socket& socket) {
  Error error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

HttpRequest to_request(const BeastRequest& request, const std::string& client, bool secure) {
  HttpRequest result;
  result.method = std::string(request.method_string());
  for (const auto& field : request) {
    const std::string value(field.value());
    const auto [at, is_first] =
        result.headers.emplace(lower(std::string(field.name_string())), value);
    if (!is_first) at->second += ", " + value;  // one list (RFC 9110, 5.3)
  }
  std::string_view target(request.target().data(), request.target().size());
  if (target.starts_with("http://") || target.starts_with("https://")) {  // as proxies get it
    target.remove_prefix(target.find("//") + 2);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    result.headers["host"] = std::string(target.substr(0, end));
    target.remove_prefix(end);
    if (!target.starts_with('/')) target = "/";
  }
  result.path = decoded(target.substr(0, target.find('?')));
  result.body = request.body();
  result.client = client;
  result.secure = secure;
  return result;
}

HttpServer::HttpServer(boost::asio::io_context& context, const ServerOptions& options, Api& api,
                       Sessions& sessions, const Access& access, RequestRate& rate,
                       Connections& connections)
    : shared_(new Shared{options, api, sessions, access, rate, connections, {}}),
      acceptor_(context),
      pause_(context) {
  if (!options.certificate.empty()) shared_->tls.emplace(tls_context(options));
  const Tcp::endpoint endpoint(boost::asio::ip::make_address(options.host), options.port);
  Error error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor_.set_option(boost::asio::ip::v6_only(false), error);
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) {
    fail_to_listen("TCP " + to_string(*rtc::parse_address(options.host, options.port)),
                   error.value());
  }
  port_ = acceptor_.local_endpoint().port();
}

HttpServer::~HttpServer() = default;

void HttpServer::start() { accept(); }

void HttpServer::close() {
  Error ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void HttpServer::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept([this](const Error& error, Tcp::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) return accept_later();
    welcome(std::move(socket));
    accept();
  });
}

/// Without a free descriptor it fails at once, again and again, until a connection ends: asking all
/// the time would take a processor.
void HttpServer::accept_later() {
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this](const Error& stopped) {
    if (!stopped) accept();
  });
}

void HttpServer::welcome(Tcp::socket socket) {
  std::string ip = ip_of(socket);
  auto place = shared_->connections.open(ip);
  if (!place) return;
  Error ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
  Client client{std::move(ip), *std::move(place)};
  PlainStream stream(std::move(socket));
  if (shared_->tls) {
    serve(SecureStream(std::move(stream), *shared_->tls), std::move(client), shared_);
  } else {
    serve(std::move(stream), std::move(client), shared_);
  }
}

}  // namespace remotemedia::server

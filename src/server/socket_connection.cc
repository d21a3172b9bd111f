// A WebSocket: texts in, texts out, one Signalling behind it.

#include "server/clock.h"
#include "server/http_shared.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <memory>
#include <utility>

namespace remotemedia::server {
namespace {

namespace websocket = beast::websocket;
using boost::system::error_code;

/// More texts than a page that reads would ever leave unread.
constexpr std::size_t kMaxUnread = 64;

/// `remotemedia`, if the page names it; a token never comes back.
std::string chosen_protocol(std::string_view offered) {
  http::token_list names(offered);
  return names.exists("remotemedia") ? "remotemedia" : "";
}

template <typename Stream>
class SocketConnection : public std::enable_shared_from_this<SocketConnection<Stream>> {
 public:
  SocketConnection(Stream stream, BeastRequest request, Client client,
                   std::shared_ptr<HttpServer::Shared> shared)
      : socket_(std::move(stream)),
        request_(std::move(request)),
        shared_(std::move(shared)),
        client_(std::move(client)),
        open_(shared_->api.sockets),
        deadline_(socket_.get_executor()) {}

  void start() {
    auto timeout = websocket::stream_base::timeout::suggested(beast::role_type::server);
    timeout.idle_timeout = std::chrono::seconds(30);
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.read_message_max(HttpServer::kMaxBodyBytes);
    const std::string protocol =
        chosen_protocol(std::string_view(request_[http::field::sec_websocket_protocol]));
    socket_.set_option(
        websocket::stream_base::decorator([protocol](websocket::response_type& response) {
          response.set(http::field::server, "remotemedia");
          if (!protocol.empty()) response.set(http::field::sec_websocket_protocol, protocol);
        }));
    socket_.async_accept(request_, [self = this->shared_from_this()](const error_code& error) {
      if (!error) self->begin();
    });
  }

 private:
  void begin() {
    const std::weak_ptr<SocketConnection> weak = this->shared_from_this();
    signalling_ = std::make_shared<Signalling>(
        shared_->sessions, shared_->rate, client_.ip,
        [weak](std::string text) {
          if (const auto self = weak.lock()) self->send(std::move(text));
        },
        [weak] {
          if (const auto self = weak.lock()) self->hang_up();
        });
    read();
    expect_offer();
  }

  /// Ends it if it has had no session for too long.
  void expect_offer() {
    const Time limit = shared_->options.connect_timeout;
    const Time end = signalling_->waits_since().value_or(steady_now()) + limit;
    deadline_.expires_after(end - steady_now());
    deadline_.async_wait([weak = this->weak_from_this(), limit](const error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      const auto since = self->signalling_->waits_since();
      if (!since || *since + limit > steady_now()) return self->expect_offer();
      self->signalling_->end(fmt::format("no offer came within {:g} s", seconds(limit)));
    });
  }

  void read() {
    socket_.async_read(
        buffer_, [self = this->shared_from_this()](const error_code& error, std::size_t /*size*/) {
          self->on_read(error);
        });
  }

  void on_read(const error_code& error) {
    if (error) return signalling_->on_close();
    const std::string text = beast::buffers_to_string(buffer_.data());
    buffer_.consume(buffer_.size());
    signalling_->on_text(text);
    read();
  }

  void send(std::string text) {
    if (ends_) return;
    if (unread_.size() >= kMaxUnread) return drop();
    unread_.push_back(std::move(text));
    if (unread_.size() == 1) write();
  }

  void write() {
    socket_.text(true);
    socket_.async_write(
        boost::asio::buffer(unread_.front()),
        [self = this->shared_from_this()](const error_code& error, std::size_t /*size*/) {
          if (error) return;
          self->unread_.pop_front();
          if (!self->unread_.empty()) return self->write();
          if (self->ends_) self->close();
        });
  }

  /// A socket may be closed a single time, and after that nothing may be sent.
  void hang_up() {
    if (std::exchange(ends_, true)) return;
    if (unread_.empty()) close();
  }

  void close() {
    socket_.async_close(websocket::close_code::normal,
                        [self = this->shared_from_this()](const error_code& /*error*/) {});
  }

  /// It does not read: nothing more can be told.
  void drop() {
    beast::get_lowest_layer(socket_).close();
    signalling_->on_close();
  }

  websocket::stream<Stream> socket_;
  BeastRequest request_;
  std::shared_ptr<HttpServer::Shared> shared_;
  Client client_;
  Counted open_;
  boost::asio::steady_timer deadline_;
  std::shared_ptr<Signalling> signalling_;
  beast::flat_buffer buffer_;
  std::deque<std::string> unread_;
  bool ends_ = false;
};

template <typename Stream>
void begin_socket(Stream stream, BeastRequest request, Client client,
                  std::shared_ptr<HttpServer::Shared> shared) {
  std::make_shared<SocketConnection<Stream>>(std::move(stream), std::move(request),
                                             std::move(client), std::move(shared))
      ->start();
}

}  // namespace

void serve_socket(PlainStream stream, BeastRequest request, Client client,
                  std::shared_ptr<HttpServer::Shared> shared) {
  begin_socket(std::move(stream), std::move(request), std::move(client), std::move(shared));
}

void serve_socket(SecureStream stream, BeastRequest request, Client client,
                  std::shared_ptr<HttpServer::Shared> shared) {
  begin_socket(std::move(stream), std::move(request), std::move(client), std::move(shared));
}

}  // namespace remotemedia::server

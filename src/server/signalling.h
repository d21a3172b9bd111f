#pragma once

#include "server/sessions.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// The conversation with one page over a WebSocket: its session lives as long as the socket.
class Signalling : public std::enable_shared_from_this<Signalling> {
 public:
  /// Messages a second, in bursts of five times as many.
  static constexpr int kMessagesPerSecond = 10;

  /// `send` gives a text to the page, `hang_up` closes the socket once that has been sent. Offers
  /// count among the requests of the client's address.
  Signalling(Sessions& sessions, RequestRate& requests, std::string client,
             std::function<void(std::string)> send, std::function<void()> hang_up);

  void on_text(std::string_view text);
  /// The page has gone.
  void on_close();
  /// Tells the page why, and ends the conversation.
  void end(const std::string& reason);
  /// Since when it has had no session, nor an offer of one.
  [[nodiscard]] std::optional<Time> waits_since() const;

 private:
  void on_offer(std::string sdp);
  void on_answered(const Result& result);
  void refuse(const std::string& message, int code = 400, int retry_after_s = 0);

  Sessions& sessions_;
  RequestRate& requests_;
  std::string client_;
  std::string id_;
  std::function<void(std::string)> send_;
  std::function<void()> hang_up_;
  RequestRate rate_{kMessagesPerSecond * 60};
  Time waits_since_;
  bool opened_ = false;
  bool closed_ = false;
};

}  // namespace remotemedia::server

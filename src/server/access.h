#pragma once

#include "server/http_message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::server {

/// Who may do what: tokens, and the pages that browsers let talk to us.
class Access {
 public:
  /// `loopback`: the server is for this machine only, so no other name may lead to it.
  Access(std::vector<std::string> tokens, std::vector<std::string> origins, bool loopback);

  /// Why a request is not for this server at all: a page of somebody else's, or a name that
  /// somebody pointed at it (DNS rebinding).
  [[nodiscard]] std::optional<HttpResponse> refuse_origin(const HttpRequest& request) const;
  /// Why it may not use sessions: a wrong token, or none.
  [[nodiscard]] std::optional<HttpResponse> refuse_token(const HttpRequest& request) const;
  [[nodiscard]] bool open() const { return tokens_.empty(); }
  /// What lets the page of an allowed origin read the answer.
  void allow(const HttpRequest& request, HttpResponse& response) const;
  [[nodiscard]] bool is_allowed_origin(std::string_view origin) const;

 private:
  [[nodiscard]] bool is_known(std::string_view token) const;

  std::vector<std::string> tokens_;
  std::vector<std::string> origins_;
  bool loopback_;
};

/// The token of `Authorization: Bearer TOKEN` or, as pages cannot set that for a WebSocket, of its
/// subprotocol `bearer.` and the token in base64url.
std::string token_of(const HttpRequest& request);

}  // namespace remotemedia::server

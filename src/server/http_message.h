#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::server {

/// A request as the server's own code sees it, whatever library read it.
struct HttpRequest {
  std::string method;
  std::string path;  ///< decoded, without the query
  /// By name in lower case; what comes on several lines is one list.
  std::map<std::string, std::string> headers;
  std::string body;
  std::string client;  ///< IP address
  bool secure = false;

  [[nodiscard]] std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// A JSON body {"error": {"status", "message"}}; with Retry-After if there is a time.
HttpResponse refusal(int status, std::string_view message, int retry_after_s = 0);

}  // namespace remotemedia::server

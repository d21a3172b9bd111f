#include "server/http_message.h"

#include "remotemedia/base/value.h"

namespace remotemedia::server {

HttpResponse refusal(int status, std::string_view message, int retry_after_s) {
  const Object error{{"status", status}, {"message", message}};
  HttpResponse response{.status = status,
                        .content_type = "application/json",
                        .body = to_json(Object{{"error", error}}) + "\n"};
  if (retry_after_s > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  }
  return response;
}

}  // namespace remotemedia::server

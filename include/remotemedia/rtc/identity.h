#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace remotemedia::rtc {

/// A self-signed certificate (ECDSA P-256, valid for 30 days) with what DTLS shares among sessions.
/// One serves all endpoints of a process, on any thread; make a new one once a week.
class Identity {
 public:
  /// `unix_time_s` is now, in seconds since 1970. Throws a configuration error if OpenSSL cannot.
  static std::shared_ptr<const Identity> generate(std::int64_t unix_time_s);

  /// SHA-256 of the certificate as descriptions write it: "AB:CD:...".
  [[nodiscard]] std::string fingerprint() const;

  struct Content;
  explicit Identity(std::unique_ptr<Content> content);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  [[nodiscard]] const Content& content() const { return *content_; }

 private:
  std::unique_ptr<Content> content_;
};

}  // namespace remotemedia::rtc

#include "server/access.h"

#include "remotemedia/rtc/address.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace remotemedia::server {
namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// Of equal length, so that comparing tells nothing of the token's.
Hash hash_of(std::string_view text) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Without the port.
std::string_view name_of_host(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_loopback_name(std::string_view host) {
  std::string name(name_of_host(host));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "localhost" || name.ends_with(".localhost") || name == "[::1]") return true;
  const auto address = rtc::parse_address(name, 0);
  return address && !address->v6 && address->bytes[0] == 127;
}

int base64url_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

/// Empty if it is none.
std::string from_base64url(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = base64url_digit(c);
    if (digit < 0) return {};
    bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

}  // namespace

Access::Access(std::vector<std::string> tokens, std::vector<std::string> origins, bool loopback)
    : tokens_(std::move(tokens)), origins_(std::move(origins)), loopback_(loopback) {}

std::optional<HttpResponse> Access::refuse_origin(const HttpRequest& request) const {
  const std::string_view host = request.header("host");
  if (loopback_ && !is_loopback_name(host)) {
    return refusal(421, "this server is for its own machine: open it as http://localhost");
  }
  const std::string_view origin = request.header("origin");
  if (origin.empty() || is_allowed_origin(origin)) return std::nullopt;
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos && origin.substr(scheme + 3) == host) return std::nullopt;
  return refusal(403,
                 "pages of this origin may not use the server; it has a list of those that may");
}

std::optional<HttpResponse> Access::refuse_token(const HttpRequest& request) const {
  if (open() || is_known(token_of(request))) return std::nullopt;
  HttpResponse response = refusal(401, "a token is needed: Authorization: Bearer TOKEN");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

bool Access::is_known(std::string_view token) const {
  const Hash given = hash_of(token);
  bool known = false;
  for (const std::string& one : tokens_) {
    const Hash hash = hash_of(one);
    known |= CRYPTO_memcmp(given.data(), hash.data(), hash.size()) == 0;
  }
  return known;
}

void Access::allow(const HttpRequest& request, HttpResponse& response) const {
  const std::string_view origin = request.header("origin");
  if (!is_allowed_origin(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Vary", "Origin");
  response.headers.emplace_back("Access-Control-Expose-Headers", "Location, ETag, Link");
}

bool Access::is_allowed_origin(std::string_view origin) const {
  return std::ranges::any_of(
      origins_, [&](const std::string& allowed) { return equals_ignoring_case(allowed, origin); });
}

std::string token_of(const HttpRequest& request) {
  const std::string_view authorization = request.header("authorization");
  if (authorization.size() > 7 && equals_ignoring_case(authorization.substr(0, 7), "bearer ")) {
    return std::string(authorization.substr(7));
  }
  static constexpr std::string_view kPrefix = "bearer.";
  std::string_view protocols = request.header("sec-websocket-protocol");
  while (!protocols.empty()) {
    const std::size_t comma = protocols.find(',');
    std::string_view one = protocols.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.starts_with(kPrefix)) return from_base64url(one.substr(kPrefix.size()));
    protocols = comma == std::string_view::npos ? "" : protocols.substr(comma + 1);
  }
  return {};
}

}  // namespace remotemedia::server

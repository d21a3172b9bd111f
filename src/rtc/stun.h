#pragma once

#include "remotemedia/rtc/address.h"
#include "rtc/bytes.h"
#include "rtc/parsed.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// STUN as ICE uses it (RFC 8489, RFC 8445): messages of the short-term credential mechanism.
namespace remotemedia::rtc::stun {

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

inline constexpr std::uint16_t kBinding = 1;
inline constexpr int kUnknownAttribute = 420;
inline constexpr int kBadRequest = 400;
inline constexpr int kRoleConflict = 487;

using TransactionId = std::array<std::uint8_t, 12>;

/// A message of correct form whose integrity has not been checked. Views point into the datagram.
struct Message {
  Class kind = Class::request;
  std::uint16_t method = 0;
  TransactionId transaction{};
  std::string_view username;
  std::optional<Address> mapped;  ///< XOR-MAPPED-ADDRESS
  bool has_priority = false;
  bool use_candidate = false;
  bool controlling = false;  ///< ICE-CONTROLLING is there
  bool controlled = false;   ///< ICE-CONTROLLED is there
  bool has_fingerprint = false;
  int error_code = 0;            ///< of an error response, 300..699; otherwise 0
  std::uint16_t unknown = 0;     ///< the first attribute that must be understood and is not
  std::size_t integrity_at = 0;  ///< where MESSAGE-INTEGRITY begins; 0 without one
};

/// Checks the form, every length, and FINGERPRINT if there is one.
Parsed<Message> parse(Bytes datagram);
/// By its first byte, which no other protocol of an endpoint has (RFC 7983).
inline bool is_stun(Bytes datagram) { return !datagram.empty() && datagram[0] < 4; }

/// Whether MESSAGE-INTEGRITY is there and was made with `key`.
bool has_integrity(Bytes datagram, const Message& message, std::string_view key);

/// Builds one message, which `finish()` completes.
class Writer {
 public:
  Writer(Class kind, const TransactionId& transaction);

  Writer& username(std::string_view name);
  Writer& priority(std::uint32_t priority);
  Writer& controlling(std::uint64_t tie_breaker);
  Writer& controlled(std::uint64_t tie_breaker);
  Writer& use_candidate();
  Writer& mapped(const Address& address);
  /// ERROR-CODE with an empty reason; of 420 also the attribute that is not known.
  Writer& error(int code, std::uint16_t unknown = 0);

  /// MESSAGE-INTEGRITY with `key`, then FINGERPRINT. Valid while the writer lives.
  Bytes finish(std::string_view key);

 private:
  void attribute(std::uint16_t type, std::size_t size);

  DatagramWriter out_;
  TransactionId transaction_;
};

}  // namespace remotemedia::rtc::stun

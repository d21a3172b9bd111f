#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/rtc/drop.h"
#include "remotemedia/rtc/ice_credentials.h"
#include "rtc/output.h"
#include "rtc/stun.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::rtc {

/// One side of ICE (RFC 8445) for one component. The lite side answers authenticated checks and
/// sends none; the controlling side checks the candidates of a peer and nominates at once.
/// What is not authenticated is neither answered nor remembered.
class IceAgent {
 public:
  /// Source addresses that are kept; of more, the one longest without a check goes.
  static constexpr std::size_t kMaxAddresses = 8;
  static constexpr Time kCheckInterval = std::chrono::milliseconds(50);
  static constexpr Time kRetryInterval = std::chrono::milliseconds(500);
  static constexpr Time kConsentInterval = std::chrono::milliseconds(2'500);

  enum class Role : std::uint8_t { lite, controlling };

  IceAgent(Role role, DatagramOutput& output);

  [[nodiscard]] const IceCredentials& local() const { return local_; }
  /// The other side's credentials; the controlling side begins to check the candidates.
  void set_remote(IceCredentials remote, std::vector<Address> candidates, Time now);
  [[nodiscard]] const IceCredentials& remote() const { return remote_; }
  /// New credentials of ours. The old ones stay valid until the first check with the new ones.
  void restart();

  /// Takes a STUN message. Says why if it had no effect.
  std::optional<Drop> receive(const Address& source, Bytes datagram, Time now);

  /// Whether a check from there was authenticated.
  [[nodiscard]] bool verified(const Address& source) const;
  /// Where to send; nothing before the first authenticated check.
  [[nodiscard]] const std::optional<Address>& selected() const { return selected_; }
  /// Authenticated media came from there: clients move without nominating again.
  void follow(const Address& source);

  /// When the last authenticated check or response came; nothing before the first.
  [[nodiscard]] const std::optional<Time>& last_consent() const { return last_consent_; }

  void advance(Time now);
  [[nodiscard]] Time next_timeout() const { return next_check_; }

 private:
  struct Source {
    Address address;
    Time last_check;
  };

  std::optional<Drop> answer(const Address& source, Bytes datagram, const stun::Message& message,
                             Time now);
  std::optional<Drop> take_response(const Address& source, Bytes datagram,
                                    const stun::Message& message, Time now);
  const IceCredentials* addressed(const stun::Message& message) const;
  void remember(const Address& source, Time now);
  void send_check(const Address& to);

  Role role_;
  DatagramOutput* output_;
  IceCredentials local_;
  std::optional<IceCredentials> previous_;  // after a restart
  std::string previous_remote_ufrag_;
  IceCredentials remote_;
  std::vector<Address> candidates_;
  std::vector<Source> sources_;
  std::optional<Address> selected_;
  std::optional<Time> last_consent_;
  std::optional<stun::TransactionId> check_;  // what the controlling side waits for
  std::uint64_t tie_breaker_ = 0;
  Time next_check_ = Time::max();
  Time interval_ = kCheckInterval;
};

}  // namespace remotemedia::rtc

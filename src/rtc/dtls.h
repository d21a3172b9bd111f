#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/rtc/drop.h"
#include "rtc/identity_content.h"
#include "rtc/output.h"
#include "rtc/srtp_keys.h"

#include <optional>
#include <vector>

namespace remotemedia::rtc {

/// What takes the data that comes inside DTLS.
class RecordInput {
 public:
  virtual ~RecordInput() = default;
  /// One record, valid during the call. Says why if it had no effect.
  virtual std::optional<Drop> on_record(Bytes record, Time now) = 0;
};

/// DTLS 1.2 (RFC 6347) on datagrams, to agree on keys for SRTP (RFC 5764) and to carry data. Give
/// it datagrams of verified addresses only: a cookie exchange is left out, because ICE has shown
/// who is there.
///
/// OpenSSL reads its own clock to tell whether a flight is due again: `advance` is called at
/// `next_timeout()` of a clock of the same speed.
class Dtls {
 public:
  enum class Role : std::uint8_t { server, client };
  enum class State : std::uint8_t { handshaking, connected, failed, closed };
  /// A forged hello must not end a session, so a server begins again this often.
  static constexpr int kMaxRestarts = 3;

  /// The peer's certificate must have one of the fingerprints.
  Dtls(std::shared_ptr<const Identity> identity, Role role, std::vector<Sha256> fingerprints,
       DatagramOutput& output);
  Dtls(const Dtls&) = delete;
  Dtls& operator=(const Dtls&) = delete;

  /// A client sends its hello.
  void start(Time now);
  /// Takes one datagram, and gives the data in it. Says why if it had no effect.
  std::optional<Drop> receive(Bytes datagram, Time now, RecordInput& data);
  /// Sends data as one record in one datagram; lost unless connected.
  void send(Bytes data);
  void advance(Time now);
  [[nodiscard]] Time next_timeout() const { return next_timeout_; }
  /// Tells the peer.
  void close();

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] State state() const { return state_; }
  /// Why it failed; a constant text.
  [[nodiscard]] const char* problem() const { return problem_; }
  /// Only when connected; each call derives them again.
  [[nodiscard]] std::optional<SrtpKeys> export_keys() const;

 private:
  struct Transport {
    Bytes input;  // the one datagram, until OpenSSL has taken it
    DatagramOutput* output;
  };
  friend struct DtlsBio;
  using Ssl = std::unique_ptr<SSL, OpensslFree<SSL_free>>;

  void open();
  void handshake();
  bool peer_is_expected() const;
  void fail(const char* problem);
  void set_timeout(Time now);
  std::optional<Drop> read_records(Time now, RecordInput& data);

  std::shared_ptr<const Identity> identity_;
  Role role_;
  std::vector<Sha256> fingerprints_;
  Transport transport_;
  Ssl ssl_;
  State state_ = State::handshaking;
  const char* problem_ = "";
  int restarts_ = 0;
  Time next_timeout_ = Time::max();
};

}  // namespace remotemedia::rtc

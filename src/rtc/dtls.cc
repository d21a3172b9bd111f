#include "rtc/dtls.h"

#include "remotemedia/base/check.h"

#include <algorithm>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <sys/time.h>
#include <utility>

namespace remotemedia::rtc {
namespace {

constexpr unsigned int kFirstTimeoutUs = 100'000;
constexpr unsigned int kMaxTimeoutUs = 4'000'000;
constexpr Time kShortestWait = std::chrono::milliseconds(5);
constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";

unsigned int timeout_after(SSL*, unsigned int previous_us) {
  return previous_us == 0 ? kFirstTimeoutUs : std::min(previous_us * 2, kMaxTimeoutUs);
}

std::optional<SrtpProfile> profile_of(SSL* ssl) {
  const SRTP_PROTECTION_PROFILE* chosen = SSL_get_selected_srtp_profile(ssl);
  if (chosen == nullptr) return std::nullopt;
  switch (chosen->id) {
    case SRTP_AEAD_AES_128_GCM:
      return SrtpProfile::aead_aes_128_gcm;
    case SRTP_AEAD_AES_256_GCM:
      return SrtpProfile::aead_aes_256_gcm;
    case SRTP_AES128_CM_SHA1_80:
      return SrtpProfile::aes128_cm_sha1_80;
    default:
      return std::nullopt;
  }
}

}  // namespace

/// A BIO that reads the one datagram there is and sends each write as one. OpenSSL's memory BIO
/// would join what belongs into several datagrams, and keep the rest of one that was cut.
struct DtlsBio {
  static int write(BIO* bio, const char* data, int size) {
    const auto* transport = static_cast<Dtls::Transport*>(BIO_get_data(bio));
    transport->output->send(
        {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
    return size;
  }

  static int read(BIO* bio, char* data, int size) {
    auto* transport = static_cast<Dtls::Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const Bytes input = std::exchange(transport->input, {});
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(data, input.data(), count);
    return static_cast<int>(count);
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static BIO* make(Dtls::Transport* transport) {
    static BIO_METHOD* const method_of_all = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "datagram");
      BIO_meth_set_write(method, write);
      BIO_meth_set_read(method, read);
      BIO_meth_set_ctrl(method, control);
      BIO_meth_set_create(method, create);
      return method;
    }();
    BIO* bio = BIO_new(method_of_all);
    if (bio != nullptr) BIO_set_data(bio, transport);
    return bio;
  }
};

Dtls::Dtls(std::shared_ptr<const Identity> identity, Role role, std::vector<Sha256> fingerprints,
           DatagramOutput& output)
    : identity_(std::move(identity)),
      role_(role),
      fingerprints_(std::move(fingerprints)),
      transport_{{}, &output} {
  open();
}

void Dtls::open() {
  ssl_.reset(SSL_new(identity_->content().context.get()));
  BIO* bio = DtlsBio::make(&transport_);
  if (ssl_ == nullptr || bio == nullptr) refuse("memory for DTLS", "not there", "some");
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mtu(ssl_.get(), static_cast<long>(kMaxDatagram));
  DTLS_set_timer_cb(ssl_.get(), timeout_after);
  if (role_ == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

void Dtls::fail(const char* problem) {
  state_ = State::failed;
  problem_ = problem;
}

void Dtls::start(Time now) {
  if (role_ == Role::client && state_ == State::handshaking) handshake();
  set_timeout(now);
}

void Dtls::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    if (!peer_is_expected()) {
      SSL_shutdown(ssl_.get());
      return fail("the certificate does not have the fingerprint of the description");
    }
    if (!profile_of(ssl_.get())) return fail("the peer takes none of the SRTP profiles");
    state_ = State::connected;
    return;
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return;
  if (restarts_++ == kMaxRestarts || role_ == Role::client) return fail("the handshake failed");
  transport_.input = {};
  open();
}

bool Dtls::peer_is_expected() const {
  const std::unique_ptr<X509, OpensslFree<X509_free>> peer(SSL_get1_peer_certificate(ssl_.get()));
  if (peer == nullptr) return false;
  const Sha256 found = fingerprint_of(*peer);
  return std::ranges::find(fingerprints_, found) != fingerprints_.end();
}

std::optional<Drop> Dtls::receive(Bytes datagram, Time now, RecordInput& data) {
  if (state_ == State::failed || state_ == State::closed) return Drop::after_end;
  transport_.input = datagram;
  const int restarts = restarts_;
  std::optional<Drop> drop;
  if (state_ == State::handshaking) handshake();
  if (state_ == State::connected) {
    drop = read_records(now, data);
  } else if (state_ == State::failed || restarts_ != restarts) {
    drop = Drop::dtls_rejected;
  }
  transport_.input = {};  // what OpenSSL did not take belongs to nothing
  set_timeout(now);
  return drop;
}

/// After the handshake: alerts, the peer's last flight again, and data.
std::optional<Drop> Dtls::read_records(Time now, RecordInput& data) {
  std::optional<Drop> drop;
  std::array<std::uint8_t, kMaxInput> record;
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (count > 0) {
      const auto ignored =
          data.on_record(Bytes(record).first(static_cast<std::size_t>(count)), now);
      if (ignored) drop = ignored;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::closed;
    } else if (error != SSL_ERROR_WANT_READ) {
      fail("the peer ended DTLS with an error");
    }
    return drop;
  }
}

void Dtls::send(Bytes data) {
  if (state_ != State::connected) return;
  ERR_clear_error();
  SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
}

void Dtls::set_timeout(Time now) {
  timeval left{};
  if (state_ != State::handshaking || DTLSv1_get_timeout(ssl_.get(), &left) != 1) {
    next_timeout_ = Time::max();
    return;
  }
  const Time wait = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  next_timeout_ = now + std::max<Time>(wait, kShortestWait);
}

void Dtls::advance(Time now) {
  if (now < next_timeout_) return;
  ERR_clear_error();
  if (DTLSv1_handle_timeout(ssl_.get()) < 0) fail("the handshake had no answer");
  set_timeout(now);
}

void Dtls::close() {
  if (state_ == State::connected) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  if (state_ != State::failed) state_ = State::closed;
  next_timeout_ = Time::max();
}

std::optional<SrtpKeys> Dtls::export_keys() const {
  const auto profile = profile_of(ssl_.get());
  if (state_ != State::connected || !profile) return std::nullopt;
  const std::size_t key = key_size(*profile);
  const std::size_t salt = salt_size(*profile);
  std::array<std::uint8_t, std::size_t{2} * (32 + 14)> material{};
  if (SSL_export_keying_material(ssl_.get(), material.data(), 2 * (key + salt),
                                 kExporterLabel.data(), kExporterLabel.size(), nullptr, 0,
                                 0) != 1) {
    return std::nullopt;
  }
  // Key of the client, of the server, salt of the client, of the server (RFC 5764, 4.2).
  SrtpKeys keys;
  keys.profile = *profile;
  auto& client = role_ == Role::client ? keys.ours : keys.theirs;
  auto& server = role_ == Role::client ? keys.theirs : keys.ours;
  const std::uint8_t* next = material.data();
  std::memcpy(client.data(), next, key);
  std::memcpy(server.data(), next + key, key);
  std::memcpy(client.data() + key, next + 2 * key, salt);
  std::memcpy(server.data() + key, next + 2 * key + salt, salt);
  OPENSSL_cleanse(material.data(), material.size());
  return keys;
}

}  // namespace remotemedia::rtc

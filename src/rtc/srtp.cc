#include "rtc/srtp.h"

#include "remotemedia/base/check.h"

#include <arpa/inet.h>
#include <srtp2/srtp.h>

namespace remotemedia::rtc {
namespace {

constexpr unsigned long kReplayWindow = 1'024;

static_assert(Srtp::kTrailer >= SRTP_MAX_TRAILER_LEN);

void set_policy(srtp_policy_t& policy, SrtpProfile profile) {
  for (srtp_crypto_policy_t* part : {&policy.rtp, &policy.rtcp}) {
    switch (profile) {
      case SrtpProfile::aes128_cm_sha1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(part);
        break;
      case SrtpProfile::aead_aes_128_gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(part);
        break;
      case SrtpProfile::aead_aes_256_gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(part);
        break;
    }
  }
}

srtp_t make_direction(SrtpProfile profile, SrtpKeys::Master key, srtp_ssrc_type_t direction) {
  srtp_policy_t policy{};
  set_policy(policy, profile);
  policy.ssrc.type = direction;
  policy.key = key.data();
  policy.window_size = kReplayWindow;
  srtp_t session = nullptr;
  const srtp_err_status_t status = srtp_create(&session, &policy);
  OPENSSL_cleanse(key.data(), key.size());
  if (status != srtp_err_status_ok) {
    refuse("an SRTP session", "refused by libsrtp", "success", "check libsrtp's ciphers");
  }
  return session;
}

std::optional<Drop> drop_of(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_ok:
      return std::nullopt;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
      return Drop::srtp_replayed;
    default:
      return Drop::srtp_rejected;
  }
}

template <auto kFunction>
srtp_err_status_t apply(srtp_t session, std::span<std::uint8_t> memory, std::size_t& size) {
  int length = static_cast<int>(size);
  const srtp_err_status_t status = kFunction(session, memory.data(), &length);
  if (status == srtp_err_status_ok) size = static_cast<std::size_t>(length);
  return status;
}

}  // namespace

struct Srtp::Context {
  srtp_t in = nullptr;
  srtp_t out = nullptr;

  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    if (in != nullptr) srtp_dealloc(in);
    if (out != nullptr) srtp_dealloc(out);
  }
};

Srtp::Srtp(const SrtpKeys& keys) : context_(std::make_unique<Context>()) {
  static const srtp_err_status_t initialized = srtp_init();
  if (initialized != srtp_err_status_ok) {
    refuse("libsrtp", "not initialized", "a library that passes its self-tests");
  }
  context_->in = make_direction(keys.profile, keys.theirs, ssrc_any_inbound);
  context_->out = make_direction(keys.profile, keys.ours, ssrc_any_outbound);
}

Srtp::~Srtp() = default;

bool Srtp::protect_rtp(std::span<std::uint8_t> memory, std::size_t& size) {
  return memory.size() >= size + kTrailer &&
         apply<srtp_protect>(context_->out, memory, size) == srtp_err_status_ok;
}

bool Srtp::protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size) {
  return memory.size() >= size + kTrailer &&
         apply<srtp_protect_rtcp>(context_->out, memory, size) == srtp_err_status_ok;
}

std::optional<Drop> Srtp::unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size) {
  return drop_of(apply<srtp_unprotect>(context_->in, packet, size));
}

std::optional<Drop> Srtp::unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size) {
  return drop_of(apply<srtp_unprotect_rtcp>(context_->in, packet, size));
}

void Srtp::remove_stream(std::uint32_t ssrc) { srtp_remove_stream(context_->in, htonl(ssrc)); }

}  // namespace remotemedia::rtc

#include "rtc/srtp.h"

#include "remotemedia/base/check.h"
#include "rtc/bytes.h"
#include "rtc/rtp.h"
#include "rtc/srtp_ciphers.h"

#include <fmt/format.h>

#include <algorithm>
#include <openssl/crypto.h>
#include <srtp2/srtp.h>

namespace remotemedia::rtc {
namespace {

constexpr std::size_t kRtpSsrcAt = 8;
constexpr std::size_t kRtcpSsrcAt = 4;
constexpr std::size_t kRtcpHeader = 8;
constexpr std::size_t kRtcpIndex = 4;
constexpr unsigned long kReplayWindow = 1'024;

void set_profile(SrtpProfile profile, srtp_crypto_policy_t& policy) {
  switch (profile) {
    case SrtpProfile::aes128_cm_sha1_80:
      return srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy);
    case SrtpProfile::aead_aes_128_gcm:
      return srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy);
    case SrtpProfile::aead_aes_256_gcm:
      return srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy);
  }
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

using Work = srtp_err_status_t (*)(srtp_t, void*, int*);

/// In place; `size` becomes that of the result.
srtp_err_status_t run(Work work, srtp_t session, std::uint8_t* packet, std::size_t& size) {
  int length = static_cast<int>(size);
  const srtp_err_status_t status = work(session, packet, &length);
  if (status == srtp_err_status_ok) size = static_cast<std::size_t>(length);
  return status;
}

}  // namespace

void Srtp::Free::operator()(srtp_ctx_t_* session) const { srtp_dealloc(session); }

Srtp::Direction::Direction(SrtpProfile profile, SrtpKeys::Master master, bool inbound) {
  prepare_libsrtp();
  srtp_policy_t policy{};
  set_profile(profile, policy.rtp);
  set_profile(profile, policy.rtcp);
  policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
  policy.key = master.data();
  policy.window_size = kReplayWindow;
  srtp_t session = nullptr;
  const srtp_err_status_t status = srtp_create(&session, &policy);
  OPENSSL_cleanse(master.data(), master.size());
  if (status != srtp_err_status_ok) {
    refuse("SRTP", fmt::format("refused by libsrtp2 with status {}", static_cast<int>(status)),
           "a session with the keys of DTLS", "check the version of libsrtp2");
  }
  session_.reset(session);
  streams_.reserve(kMaxStreams);
}

void Srtp::Direction::note(std::uint32_t ssrc) {
  auto at = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (at == streams_.end() && streams_.size() < kMaxStreams) {
    at = streams_.insert(at, Stream{ssrc, 0});
  } else if (at == streams_.end()) {
    at = std::ranges::min_element(streams_, {}, &Stream::last_used);
    srtp_remove_stream(session_.get(), at->ssrc);
    at->ssrc = ssrc;
  }
  at->last_used = ++uses_;
}

Srtp::Srtp(const SrtpKeys& keys)
    : tag_size_(keys.profile == SrtpProfile::aes128_cm_sha1_80 ? 10 : 16),
      in_(keys.profile, keys.theirs, true),
      out_(keys.profile, keys.ours, false) {}

bool Srtp::protect_rtp(std::span<std::uint8_t> memory, std::size_t& size) {
  if (size < kRtpHeader || memory.size() < size + tag_size_) return false;
  const std::uint32_t ssrc = read_u32(memory, kRtpSsrcAt);
  if (run(srtp_protect, out_.session(), memory.data(), size) != srtp_err_status_ok) return false;
  out_.note(ssrc);
  return true;
}

bool Srtp::protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size) {
  if (size < kRtcpHeader || memory.size() < size + tag_size_ + kRtcpIndex) return false;
  const std::uint32_t ssrc = read_u32(memory, kRtcpSsrcAt);
  if (run(srtp_protect_rtcp, out_.session(), memory.data(), size) != srtp_err_status_ok) {
    return false;
  }
  out_.note(ssrc);
  return true;
}

std::optional<Drop> Srtp::unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size) {
  if (size < kRtpHeader + tag_size_) return Drop::srtp_rejected;
  const auto drop = drop_of(run(srtp_unprotect, in_.session(), packet.data(), size));
  if (!drop) in_.note(read_u32(packet, kRtpSsrcAt));
  return drop;
}

std::optional<Drop> Srtp::unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size) {
  if (size < kRtcpHeader + tag_size_ + kRtcpIndex) return Drop::srtp_rejected;
  const auto drop = drop_of(run(srtp_unprotect_rtcp, in_.session(), packet.data(), size));
  if (!drop) in_.note(read_u32(packet, kRtcpSsrcAt));
  return drop;
}

}  // namespace remotemedia::rtc

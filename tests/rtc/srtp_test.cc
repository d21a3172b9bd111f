#include "rtc/srtp.h"

#include "rtc/hex.h"
#include "rtc/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <srtp2/srtp.h>
#include <stdexcept>

namespace remotemedia::rtc::test {
namespace {

/// libsrtp2 in the place of the other side.
class Libsrtp {
 public:
  explicit Libsrtp(const SrtpKeys& keys) : in_(make(keys, keys.theirs, ssrc_any_inbound)) {
    out_ = make(keys, keys.ours, ssrc_any_outbound);
  }
  ~Libsrtp() {
    srtp_dealloc(in_);
    srtp_dealloc(out_);
  }
  Libsrtp(const Libsrtp&) = delete;
  Libsrtp& operator=(const Libsrtp&) = delete;

  Datagram protect(Datagram packet, bool rtcp) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    require((rtcp ? srtp_protect_rtcp : srtp_protect)(out_, packet.data(), &size));
    packet.resize(static_cast<std::size_t>(size));
    return packet;
  }
  Datagram unprotect(Datagram packet, bool rtcp) {
    int size = static_cast<int>(packet.size());
    require((rtcp ? srtp_unprotect_rtcp : srtp_unprotect)(in_, packet.data(), &size));
    packet.resize(static_cast<std::size_t>(size));
    return packet;
  }

 private:
  static void require(srtp_err_status_t status) {
    if (status != srtp_err_status_ok) {
      throw std::runtime_error("libsrtp says " + std::to_string(static_cast<int>(status)));
    }
  }
  static srtp_t make(const SrtpKeys& keys, SrtpKeys::Master key, srtp_ssrc_type_t direction) {
    static const srtp_err_status_t kInitialized = srtp_init();
    require(kInitialized);
    srtp_policy_t policy{};
    for (srtp_crypto_policy_t* part : {&policy.rtp, &policy.rtcp}) {
      switch (keys.profile) {
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
    policy.ssrc.type = direction;
    policy.key = key.data();
    policy.window_size = 1'024;
    srtp_t session = nullptr;
    require(srtp_create(&session, &policy));
    return session;
  }

  srtp_t in_;
  srtp_t out_ = nullptr;
};

struct SrtpTest : testing::TestWithParam<SrtpProfile> {
  SrtpTest() {
    keys.profile = GetParam();
    for (std::size_t i = 0; i < keys.ours.size(); ++i) {
      keys.ours[i] = static_cast<std::uint8_t>(i);
      keys.theirs[i] = static_cast<std::uint8_t>(200 - i);
    }
    mirrored.profile = keys.profile;
    mirrored.ours = keys.theirs;
    mirrored.theirs = keys.ours;
  }

  /// An RTP packet, at times with CSRC list, extension or no payload.
  Datagram rtp(std::uint16_t sequence, std::uint32_t ssrc = 7) {
    const std::size_t sources = draw() % 3;
    const bool extended = draw() % 2 == 0;
    Datagram packet(12 + 4 * sources);
    packet[0] = static_cast<std::uint8_t>(0x80 | (extended ? 0x10 : 0) | sources);
    packet[1] = 111;
    packet[2] = static_cast<std::uint8_t>(sequence >> 8);
    packet[3] = static_cast<std::uint8_t>(sequence);
    packet[10] = static_cast<std::uint8_t>(ssrc >> 8);
    packet[11] = static_cast<std::uint8_t>(ssrc);
    if (extended) packet.insert(packet.end(), {0xBE, 0xDE, 0, 1, 0x10, 0x55, 0, 0});
    append_noise(packet, draw() % 4 == 0 ? 0 : draw() % 200);
    return packet;
  }
  Datagram rtcp(std::uint32_t ssrc = 7) {
    Datagram packet = {0x80,
                       201,
                       0,
                       1,
                       0,
                       0,
                       static_cast<std::uint8_t>(ssrc >> 8),
                       static_cast<std::uint8_t>(ssrc)};
    append_noise(packet, 4 * (draw() % 20));
    return packet;
  }
  void append_noise(Datagram& packet, std::size_t size) {
    while (size-- > 0) packet.push_back(static_cast<std::uint8_t>(draw()));
  }
  std::uint32_t draw() { return static_cast<std::uint32_t>(dice()); }

  static Datagram protect(Srtp& srtp, Datagram packet, bool rtcp) {
    std::size_t size = packet.size();
    packet.resize(size + Srtp::kTrailer);
    EXPECT_TRUE(rtcp ? srtp.protect_rtcp(packet, size) : srtp.protect_rtp(packet, size));
    packet.resize(size);
    return packet;
  }
  static std::optional<Drop> unprotect(Srtp& srtp, Datagram& packet, bool rtcp) {
    std::size_t size = packet.size();
    const auto drop = rtcp ? srtp.unprotect_rtcp(packet, size) : srtp.unprotect_rtp(packet, size);
    if (!drop) packet.resize(size);
    return drop;
  }

  std::mt19937 dice{1};
  SrtpKeys keys;
  SrtpKeys mirrored;
};

TEST_P(SrtpTest, MakesTheBytesOfLibsrtpAcrossThreeRollovers) {
  Srtp ours(keys);
  Libsrtp peer(keys);
  Libsrtp reader(mirrored);
  for (std::uint32_t number = 65'000; number < 4 * 65'536; number += 1 + draw() % 2'000) {
    const Datagram plain = rtp(static_cast<std::uint16_t>(number));
    const Datagram protected_by_us = protect(ours, plain, false);
    ASSERT_EQ(protected_by_us, peer.protect(plain, false)) << number;
    ASSERT_EQ(reader.unprotect(protected_by_us, false), plain) << number;
  }
  for (int i = 0; i < 50; ++i) {
    const Datagram plain = rtcp();
    const Datagram protected_by_us = protect(ours, plain, true);
    ASSERT_EQ(protected_by_us, peer.protect(plain, true));
    ASSERT_EQ(reader.unprotect(protected_by_us, true), plain);
  }
}

TEST_P(SrtpTest, ReadsWhatLibsrtpSendsInAnyOrderWithLossAndOfThreeStreams) {
  Srtp ours(keys);
  Libsrtp peer(mirrored);
  std::vector<std::pair<Datagram, Datagram>> flying;  // plain, protected
  const auto land = [&](std::size_t left) {
    while (flying.size() > left) {
      auto& one = flying[draw() % flying.size()];
      ASSERT_EQ(unprotect(ours, one.second, false), std::nullopt);
      ASSERT_EQ(one.second, one.first);
      std::swap(one, flying.back());
      flying.pop_back();
    }
  };
  for (std::uint32_t number = 32'000; number < 3 * 65'536; number += 1 + draw() % 300) {
    const Datagram plain = rtp(static_cast<std::uint16_t>(number), number % 3);
    Datagram sent = peer.protect(plain, false);
    if (draw() % 10 != 0) flying.emplace_back(plain, std::move(sent));
    land(draw() % 3);
  }
  land(0);
  for (int i = 0; i < 50; ++i) {
    const Datagram plain = rtcp(draw() % 3);
    Datagram sent = peer.protect(plain, true);
    ASSERT_EQ(unprotect(ours, sent, true), std::nullopt);
    ASSERT_EQ(sent, plain);
  }
}

TEST_P(SrtpTest, AChangedBitAnywhereOrAMissingEndIsRejectedAndLeavesNoTrace) {
  Srtp us(keys);
  Srtp them(mirrored);
  for (const bool control : {false, true}) {
    const Datagram plain = control ? rtcp() : rtp(1);
    const Datagram whole = protect(us, plain, control);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      Datagram changed = whole;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      ASSERT_EQ(unprotect(them, changed, control), Drop::srtp_rejected) << bit;
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Datagram cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_EQ(unprotect(them, cut, control), Drop::srtp_rejected) << size;
    }
    Datagram read = whole;
    EXPECT_EQ(unprotect(them, read, control), std::nullopt);
    EXPECT_EQ(read, plain);
  }
}

TEST_P(SrtpTest, APacketIsReadOnceAndNotWhenItIsAsOldAsTheWindow) {
  Srtp us(keys);
  Srtp them(mirrored);
  std::vector<Datagram> sent;
  for (std::uint16_t number = 0; number < 1'100; ++number) {
    sent.push_back(protect(us, rtp(number), false));
  }
  const auto arrives = [&](std::size_t number) {
    Datagram packet = sent[number];
    return unprotect(them, packet, false);
  };
  EXPECT_EQ(arrives(0), std::nullopt);
  EXPECT_EQ(arrives(1'090), std::nullopt);
  EXPECT_EQ(arrives(1'090), Drop::srtp_replayed);
  EXPECT_EQ(arrives(66), Drop::srtp_replayed);
  EXPECT_EQ(arrives(67), std::nullopt);
  EXPECT_EQ(arrives(67), Drop::srtp_replayed);
  Datagram report = protect(us, rtcp(), true);
  Datagram again = report;
  EXPECT_EQ(unprotect(them, report, true), std::nullopt);
  EXPECT_EQ(unprotect(them, again, true), Drop::srtp_replayed);
}

TEST_P(SrtpTest, RefusesToProtectTwoPacketsUnderOneNumber) {
  Srtp us(keys);
  protect(us, rtp(5), false);
  Datagram again = rtp(5);
  std::size_t size = again.size();
  again.resize(size + Srtp::kTrailer);
  EXPECT_FALSE(us.protect_rtp(again, size));
}

TEST_P(SrtpTest, ANinthStreamTakesThePlaceOfTheQuietest) {
  Srtp us(keys);
  Srtp them(mirrored);
  std::vector<Datagram> first;
  for (std::uint32_t ssrc = 0; ssrc <= Srtp::kMaxStreams; ++ssrc) {
    first.push_back(protect(us, rtp(1, ssrc), false));
    Datagram read = first.back();
    ASSERT_EQ(unprotect(them, read, false), std::nullopt);
  }
  EXPECT_EQ(unprotect(them, first[1], false), Drop::srtp_replayed);
  EXPECT_EQ(unprotect(them, first[0], false), std::nullopt);  // forgotten
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpTest,
                         testing::Values(SrtpProfile::aead_aes_128_gcm,
                                         SrtpProfile::aead_aes_256_gcm,
                                         SrtpProfile::aes128_cm_sha1_80),
                         [](const auto& chosen) {
                           return "Profile" + std::to_string(static_cast<int>(chosen.param));
                         });

SrtpKeys keys_of(SrtpProfile profile, std::string_view master) {
  SrtpKeys keys;
  keys.profile = profile;
  std::ranges::copy(hex(master), keys.ours.begin());
  return keys;
}

Datagram protected_packet(const SrtpKeys& keys, std::string_view plain) {
  Srtp srtp(keys);
  return SrtpTest::protect(srtp, hex(plain), false);
}

// The packet and keys that the test program of libsrtp has carried since 2001, the keys those of
// RFC 3711, B.3.
constexpr std::string_view kVector =
    "800f1234 decafbad cafebabe abababab abababab abababab abababab";

TEST(SrtpVectors, CounterModeAndHmac) {
  const SrtpKeys keys = keys_of(SrtpProfile::aes128_cm_sha1_80,
                                "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
  EXPECT_EQ(protected_packet(keys, kVector),
            hex("800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b"
                "8dbb"));
}

TEST(SrtpVectors, GaloisCounterMode) {
  const SrtpKeys keys = keys_of(SrtpProfile::aead_aes_128_gcm,
                                "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab");
  EXPECT_EQ(protected_packet(keys, kVector),
            hex("800f1234 decafbad cafebabe c5002ede 04cfdd2e b91159e0 880aa06e d2976826 f796b201"
                "df3131a1 27e8a392"));
}

TEST(ReplayWindow, AgreesWithASetOfAllThatWasSeen) {
  std::mt19937 dice(2);
  ReplayWindow window;
  std::set<std::int64_t> seen;
  std::int64_t front = 0;
  for (int i = 0; i < 20'000; ++i) {
    front += dice() % 100 == 0 ? dice() % 3'000 : dice() % 3;
    const std::int64_t number = front - static_cast<std::int64_t>(dice() % 1'500);
    const std::int64_t highest = seen.empty() ? -1 : *seen.rbegin();
    const bool expected =
        number >= 0 && number > highest - ReplayWindow::kSize && !seen.contains(number);
    ASSERT_EQ(window.is_new(number), expected) << number << " after " << highest;
    if (!expected) continue;
    window.add(number);
    seen.insert(number);
  }
}

}  // namespace
}  // namespace remotemedia::rtc::test

#include "rtc/srtp.h"

#include "rtc/hex.h"
#include "rtc/outbox.h"
#include "rtc/srtp_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace remotemedia::rtc::test {
namespace {

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

TEST_P(SrtpTest, PacketsAreThoseOfTheFormulasAcrossThreeRollovers) {
  Srtp us(keys);
  const SrtpOracle oracle(keys.profile, keys.ours, false);
  const SrtpOracle control_oracle(keys.profile, keys.ours, true);
  for (std::uint32_t number = 65'000; number < 4 * 65'536; number += 1 + draw() % 2'000) {
    const Datagram plain = rtp(static_cast<std::uint16_t>(number));
    const std::size_t extension = (plain[0] & 0x10U) != 0 ? 8 : 0;
    const std::size_t clear = 12 + std::size_t{4} * (plain[0] & 0xFU) + extension;
    ASSERT_EQ(protect(us, plain, false), oracle.protect(plain, clear, 7, number)) << number;
  }
  for (std::uint32_t number = 1; number <= 50; ++number) {
    const Datagram plain = rtcp();
    ASSERT_EQ(protect(us, plain, true), control_oracle.protect(plain, 8, 7, number)) << number;
  }
}

TEST_P(SrtpTest, ReadsThreeStreamsInAnyOrderWithLossAcrossRollovers) {
  Srtp us(keys);
  Srtp them(mirrored);
  std::vector<std::pair<Datagram, Datagram>> flying;  // plain, protected
  const auto land = [&](std::size_t left) {
    while (flying.size() > left) {
      auto& one = flying[draw() % flying.size()];
      ASSERT_EQ(unprotect(us, one.second, false), std::nullopt);
      ASSERT_EQ(one.second, one.first);
      std::swap(one, flying.back());
      flying.pop_back();
    }
  };
  for (std::uint32_t number = 32'000; number < 3 * 65'536; number += 1 + draw() % 300) {
    const Datagram plain = rtp(static_cast<std::uint16_t>(number), number % 3);
    Datagram sent = protect(them, plain, false);
    if (draw() % 10 != 0) flying.emplace_back(plain, std::move(sent));
    land(draw() % 3);
  }
  land(0);
  for (int i = 0; i < 50; ++i) {
    const Datagram plain = rtcp(draw() % 3);
    Datagram sent = protect(them, plain, true);
    ASSERT_EQ(unprotect(us, sent, true), std::nullopt);
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

}  // namespace
}  // namespace remotemedia::rtc::test

#include "rtc/stun.h"

#include "rtc/hex.h"
#include "rtc/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace remotemedia::rtc::test {
namespace {

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
constexpr std::string_view kHeaderTail = "21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae";

// RFC 5769, 2.1 to 2.3.
Datagram sample_request() {
  return hex("00 01 00 58" + std::string(kHeaderTail) +
             "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74"
             "00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36"
             "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20"
             "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2"
             "80 28 00 04 e5 7a 3b cf");
}

Datagram sample_v4_response() {
  return hex("01 01 00 3c" + std::string(kHeaderTail) +
             "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
             "00 20 00 08 00 01 a1 47 e1 12 a6 43"
             "00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7"
             "80 28 00 04 c0 7d 4c 96");
}

Datagram sample_v6_response() {
  return hex("01 01 00 48" + std::string(kHeaderTail) +
             "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
             "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9"
             "00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41"
             "80 28 00 04 c8 fb 0b 4c");
}

TEST(Stun, ReadsTheSampleRequestOfRfc5769) {
  const Datagram datagram = sample_request();
  const auto message = stun::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, stun::Class::request);
  EXPECT_EQ(message->method, stun::kBinding);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_TRUE(message->has_priority);
  EXPECT_TRUE(message->controlled);
  EXPECT_FALSE(message->controlling);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_EQ(message->unknown, 0);
  EXPECT_TRUE(stun::has_integrity(datagram, *message, kPassword));
  EXPECT_FALSE(stun::has_integrity(datagram, *message, "VOkJxbRl1RmTxUk/WvJxBs"));
}

TEST(Stun, ReadsTheSampleResponsesOfRfc5769) {
  for (const auto& [datagram, address] :
       {std::pair(sample_v4_response(), "192.0.2.1:32853"),
        std::pair(sample_v6_response(), "[2001:db8:1234:5678:11:2233:4455:6677]:32853")}) {
    const auto message = stun::parse(datagram);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, stun::Class::success);
    ASSERT_TRUE(message->mapped);
    EXPECT_EQ(to_string(*message->mapped), address);
    EXPECT_TRUE(stun::has_integrity(datagram, *message, kPassword));
  }
}

TEST(Stun, EveryChangedByteIsSeen) {
  const Datagram whole = sample_request();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Datagram changed = whole;
    changed[i] ^= 0x10;
    const auto message = stun::parse(changed);
    EXPECT_FALSE(message && message->has_fingerprint) << "byte " << i;
  }
}

TEST(Stun, EveryCutIsMalformed) {
  const Datagram whole = sample_request();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Datagram cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto message = stun::parse(cut);
    ASSERT_FALSE(message) << size;
    EXPECT_EQ(message.drop(), Drop::stun_malformed);
  }
}

TEST(Stun, AnAttributeThatReachesPastTheEndIsMalformed) {
  Datagram datagram = hex("00 01 00 08" + std::string(kHeaderTail) + "00 06 00 05 61 62 63 64");
  EXPECT_FALSE(stun::parse(datagram));
  datagram = hex("00 01 00 08" + std::string(kHeaderTail) + "00 06 ff ff 61 62 63 64");
  EXPECT_FALSE(stun::parse(datagram));
}

TEST(Stun, NamesTheFirstUnknownAttributeThatMustBeUnderstood) {
  const auto message = stun::parse(
      hex("00 01 00 0c" + std::string(kHeaderTail) + "c0 57 00 04 00 00 00 01 00 17 00 00"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->unknown, 0x17);
}

TEST(Stun, IgnoresWhatFollowsTheIntegrity) {
  Datagram request = sample_request();
  request.erase(request.end() - 8, request.end());  // without FINGERPRINT
  const Datagram use_candidate = hex("00 25 00 00");
  request.insert(request.end(), use_candidate.begin(), use_candidate.end());
  request[3] = static_cast<std::uint8_t>(request.size() - 20);
  const auto message = stun::parse(request);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(stun::has_integrity(request, *message, kPassword));
}

TEST(Stun, ReadsWhatItWrites) {
  const stun::TransactionId id = {1, 2, 3};
  stun::Writer request(stun::Class::request, id);
  const Bytes bytes = request.username("ours:theirs")
                          .priority(42)
                          .controlling(7)
                          .use_candidate()
                          .finish("password");
  const auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->transaction, id);
  EXPECT_EQ(message->username, "ours:theirs");
  EXPECT_TRUE(message->has_priority && message->controlling && message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_TRUE(stun::has_integrity(bytes, *message, "password"));

  for (const char* ip : {"192.0.2.9", "2001:db8::9"}) {
    const Address address = *parse_address(ip, 4711);
    stun::Writer response(stun::Class::success, id);
    const Bytes written = response.mapped(address).finish("password");
    EXPECT_EQ(stun::parse(written)->mapped, address);
    EXPECT_LE(written.size(), address.v6 ? 76U : 64U);
  }
  stun::Writer error(stun::Class::error, id);
  const auto read = stun::parse(error.error(stun::kUnknownAttribute, 0x17).finish("password"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->error_code, 420);
}

TEST(Address, TakesNumbersOnly) {
  EXPECT_EQ(to_string(*parse_address("2001:DB8::1", 9)), "[2001:db8::1]:9");
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "a.local"}) {
    EXPECT_FALSE(parse_address(text, 9)) << text;
  }
}

}  // namespace
}  // namespace remotemedia::rtc::test

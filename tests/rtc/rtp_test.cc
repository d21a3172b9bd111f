#include "rtc/rtp.h"

#include "rtc/hex.h"
#include "rtc/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace remotemedia::rtc::test {
namespace {

TEST(Rtp, ReadsHeaderExtensionAndPadding) {
  const Datagram datagram =
      hex("b1 ef 12 34 00 00 03 c0 de ad be ef 00 00 00 01"  // one CSRC, extension, padding, marker
          "be de 00 02 10 8a 00 21 61 62 00 00"
          "f8 ff fe 00 00 03");
  const auto packet = parse_rtp(datagram);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_type, 111);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp, 960U);
  EXPECT_EQ(packet->ssrc, 0xdeadbeefU);
  EXPECT_TRUE(std::ranges::equal(packet->payload, hex("f8 ff fe")));
  EXPECT_TRUE(std::ranges::equal(*find_extension(*packet, 1), hex("8a")));
  EXPECT_TRUE(std::ranges::equal(*find_extension(*packet, 2), hex("61 62")));
  EXPECT_FALSE(find_extension(*packet, 3));
}

TEST(Rtp, ReadsExtensionsOfTwoBytes) {
  const auto datagram =
      hex("90 6f 00 01 00 00 00 00 00 00 00 01 10 00 00 02 05 00 00 07 02 aa bb 00 f8");
  const auto packet = parse_rtp(datagram);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(find_extension(*packet, 5)->empty());
  EXPECT_TRUE(std::ranges::equal(*find_extension(*packet, 7), hex("aa bb")));
}

TEST(Rtp, RefusesLengthsThatCannotBe) {
  for (const char* text : {
           "",
           "80 6f 00 01 00 00 00 00 00 00 00",              // cut header
           "40 6f 00 01 00 00 00 00 00 00 00 01",           // version 1
           "8f 6f 00 01 00 00 00 00 00 00 00 01 00",        // CSRCs that are not there
           "90 6f 00 01 00 00 00 00 00 00 00 01 be de 00",  // cut extension header
           "90 6f 00 01 00 00 00 00 00 00 00 01 be de 00 02 00 00 00 00",  // cut extension
           "a0 6f 00 01 00 00 00 00 00 00 00 01",                          // padding of nothing
           "a0 6f 00 01 00 00 00 00 00 00 00 01 f8 00",                    // padding of 0 bytes
           "a0 6f 00 01 00 00 00 00 00 00 00 01 f8 03",                    // more than there is
       }) {
    const auto packet = parse_rtp(hex(text));
    ASSERT_FALSE(packet) << text;
    EXPECT_EQ(packet.drop(), Drop::rtp_malformed);
  }
}

TEST(Rtp, AnExtensionThatReachesPastTheEndIsNotThere) {
  const auto datagram = hex("90 6f 00 01 00 00 00 00 00 00 00 01 be de 00 01 00 00 00 1f");
  EXPECT_FALSE(find_extension(*parse_rtp(datagram), 1));
}

TEST(Rtp, ReadsWhatItWrites) {
  RtpPacket header;
  header.payload_type = 109;
  header.marker = true;
  header.sequence = 65'535;
  header.timestamp = 0xFFFFFFF0;
  header.ssrc = 7;
  DatagramWriter out;
  write_rtp_header(out, header, {4, "audio", 1, 30, true});
  out.text("opus");
  const auto packet = parse_rtp(out.written());
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->sequence, 65'535);
  EXPECT_EQ(packet->timestamp, 0xFFFFFFF0);
  EXPECT_TRUE(packet->marker);
  EXPECT_TRUE(std::ranges::equal(*find_extension(*packet, 4), std::string_view("audio")));
  EXPECT_TRUE(std::ranges::equal(*find_extension(*packet, 1), hex("9e")));
  EXPECT_TRUE(std::ranges::equal(packet->payload, std::string_view("opus")));
}

TEST(Rtp, NumbersGoOnOverTheirWrap) {
  std::int64_t last = 65'530;
  for (const std::uint16_t low : {std::uint16_t{65'535}, std::uint16_t{3}, std::uint16_t{65'534}}) {
    last = extend(last, low);
  }
  EXPECT_EQ(last, 65'534);
  EXPECT_EQ(extend(std::int64_t{65'535}, std::uint16_t{0}), 65'536);
  EXPECT_EQ(extend(std::int64_t{0xFFFFFFFF}, std::uint32_t{959}), 0x1000003BF);
}

}  // namespace
}  // namespace remotemedia::rtc::test

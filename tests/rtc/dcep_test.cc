#include "rtc/dcep.h"

#include "rtc/hex.h"

#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using dcep::Reliability;

// Laid out by hand after the figure in RFC 8832, 5.1: type, channel type, priority, reliability
// parameter, lengths of label and protocol, label, protocol.
const std::vector<std::uint8_t> kOpen = hex("03 00 0100 00000000 0004 0000 63 68 61 74");
const std::vector<std::uint8_t> kPartial = hex("03 82 0080 000000fa 0002 0003 75 6e 61 2f 62");

TEST(Dcep, ReadsOpenInTheLayoutOfTheRfc) {
  const auto open = dcep::parse(kOpen);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->kind, dcep::Message::Kind::open);
  EXPECT_TRUE(open->delivery.ordered);
  EXPECT_EQ(open->delivery.reliability, Reliability::full);
  EXPECT_EQ(open->priority, 256);
  EXPECT_EQ(open->label, "chat");
  EXPECT_EQ(open->protocol, "");
}

TEST(Dcep, ReadsChannelsThatAreUnorderedAndGiveUp) {
  const auto open = dcep::parse(kPartial);
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->delivery.ordered);
  EXPECT_EQ(open->delivery.reliability, Reliability::lifetime);
  EXPECT_EQ(open->delivery.limit, 250U);
  EXPECT_EQ(open->label, "un");
  EXPECT_EQ(open->protocol, "a/b");
  auto retransmits = kPartial;
  retransmits[1] = 0x01;
  EXPECT_EQ(dcep::parse(retransmits)->delivery.reliability, Reliability::retransmits);
  EXPECT_TRUE(dcep::parse(retransmits)->delivery.ordered);
}

TEST(Dcep, WritesWhatItReads) {
  for (const auto& bytes : {kOpen, kPartial, hex("02")}) {
    EXPECT_EQ(dcep::write(*dcep::parse(bytes)), bytes);
  }
}

TEST(Dcep, RefusesOtherLengthsTypesAndKinds) {
  for (std::size_t size = 0; size < kPartial.size(); ++size) {
    EXPECT_FALSE(dcep::parse(Bytes(kPartial).first(size))) << size;
  }
  auto longer = kOpen;
  longer.push_back(0);
  EXPECT_FALSE(dcep::parse(longer));
  auto type = kOpen;
  type[1] = 0x03;
  EXPECT_FALSE(dcep::parse(type));
  EXPECT_FALSE(dcep::parse(hex("00")));
  EXPECT_FALSE(dcep::parse(hex("04")));
}

TEST(Dcep, LabelsHaveAtMost256Bytes) {
  for (const std::size_t size : {256U, 257U}) {
    std::vector<std::uint8_t> open = hex("03 00 0000 00000000 0000 0000");
    open[8] = static_cast<std::uint8_t>(size >> 8);
    open[9] = static_cast<std::uint8_t>(size);
    open.resize(open.size() + size, 'x');
    EXPECT_EQ(static_cast<bool>(dcep::parse(open)), size == 256);
  }
}

}  // namespace
}  // namespace remotemedia::rtc::test

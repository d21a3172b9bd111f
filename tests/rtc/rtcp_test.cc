#include "rtc/rtcp.h"

#include "rtc/hex.h"

#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

ReportBlock some_report() {
  return {.ssrc = 5,
          .fraction_lost = 64,
          .lost = -3,
          .highest_sequence = 70'000,
          .jitter = 12,
          .last_sr = 0x01020304,
          .delay_since_sr = 65'536};
}

TEST(Rtcp, ReadsTheCompoundThatItWrites) {
  DatagramWriter out;
  write_report(out, 9, SenderInfo{0x0102030405060708, 960, 10, 800}, some_report());
  write_sdes(out, 9, "cname");
  write_bye(out, 9);
  const auto compound = parse_rtcp(out.written());
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->sender, 9U);
  ASSERT_TRUE(compound->sender_info);
  EXPECT_EQ(compound->sender_info->ntp, 0x0102030405060708U);
  EXPECT_EQ(compound->sender_info->octets, 800U);
  ASSERT_EQ(compound->report_count, 1U);
  const ReportBlock& report = compound->reports[0];
  EXPECT_EQ(report.lost, -3);
  EXPECT_EQ(report.fraction_lost, 64);
  EXPECT_EQ(report.highest_sequence, 70'000U);
  EXPECT_EQ(report.last_sr, 0x01020304U);
  ASSERT_EQ(compound->bye_count, 1U);
  EXPECT_EQ(compound->bye[0], 9U);
}

TEST(Rtcp, TakesALoneReceiverReportOfEightBytes) {
  const auto compound = parse_rtcp(hex("80 c9 00 01 00 00 00 07"));
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->sender, 7U);
  EXPECT_EQ(compound->report_count, 0U);
}

TEST(Rtcp, CountsFeedbackAndPassesOverOtherTypes) {
  const auto compound =
      parse_rtcp(hex("81 cd 00 03 00 00 00 01 00 00 00 02 00 0a 00 03"  // NACK of 10, 11 and 12
                     "81 ce 00 02 00 00 00 01 00 00 00 02"              // PLI
                     "80 cf 00 01 00 00 00 01"));                       // XR
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->nack_count, 3U);
  EXPECT_EQ(compound->pli_count, 1U);
}

TEST(Rtcp, RefusesLengthsThatCannotBe) {
  for (const char* text : {
           "",
           "80 c9 00",                                         // cut header
           "80 c9 00 02 00 00 00 07",                          // longer than the datagram
           "81 c9 00 01 00 00 00 07",                          // a report that is not there
           "80 c8 00 01 00 00 00 07",                          // no sender info
           "82 cb 00 01 00 00 00 07",                          // BYE of two with one
           "81 cd 00 01 00 00 00 07",                          // feedback without media SSRC
           "a0 c9 00 01 00 00 00 00",                          // padding of 0 bytes
           "a0 c9 00 01 00 00 00 09",                          // more padding than there is
           "a0 c9 00 01 00 00 00 04 80 c9 00 01 00 00 00 07",  // padding before the end
           "40 c9 00 01 00 00 00 07",                          // version 1
       }) {
    const auto compound = parse_rtcp(hex(text));
    ASSERT_FALSE(compound) << text;
    EXPECT_EQ(compound.drop(), Drop::rtcp_malformed);
  }
}

TEST(Rtcp, MoreReportsThanAreKeptAreNoError) {
  DatagramWriter out;
  for (int i = 0; i < 12; ++i) write_report(out, 9, std::nullopt, some_report());
  const auto compound = parse_rtcp(out.written());
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->report_count, RtcpCompound::kMaxBlocks);
}

}  // namespace
}  // namespace remotemedia::rtc::test

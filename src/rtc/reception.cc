#include "rtc/reception.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace remotemedia::rtc {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kAudioClock = 48'000;
constexpr std::int64_t kEpochS = std::int64_t{1} << 31;  // so that no time is before it

}  // namespace

std::uint64_t ntp_of(Time time) {
  const std::int64_t whole = time.count() / kSecondNs;
  const std::int64_t rest = time.count() % kSecondNs;
  const std::uint64_t part = (static_cast<std::uint64_t>(rest) << 32) / kSecondNs;
  return static_cast<std::uint64_t>(whole + kEpochS) << 32 | part;
}

void Reception::add(const RtpPacket& packet, Time now) {
  highest_ = std::max(highest_, extend(highest_, packet.sequence));
  ++received_;
  last_packet_ = now;
  const std::int64_t arrival = now.count() / 1'000 * kAudioClock / 1'000'000;
  const std::uint32_t transit = static_cast<std::uint32_t>(arrival) - packet.timestamp;
  if (last_transit_) {
    const double change = std::abs(static_cast<std::int32_t>(transit - *last_transit_));
    jitter_ += (change - jitter_) / 16;
  }
  last_transit_ = transit;
}

void Reception::add_sender_report(const SenderInfo& info, Time now) {
  last_sr_ = static_cast<std::uint32_t>(info.ntp >> 16);
  last_sr_at_ = now;
}

ReportBlock Reception::report(Time now) {
  const std::int64_t expected = highest_ - base_ + 1;
  const std::int64_t expected_now = expected - expected_before_;
  const std::int64_t lost_now = expected_now - (received_ - received_before_);
  expected_before_ = expected;
  received_before_ = received_;
  ReportBlock block;
  block.ssrc = ssrc_;
  if (expected_now > 0 && lost_now > 0) {
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_now * 256 / expected_now, 255));
  }
  block.lost = static_cast<std::int32_t>(
      std::clamp<std::int64_t>(expected - received_, -0x800000, 0x7FFFFF));
  block.highest_sequence = static_cast<std::uint32_t>(highest_);
  block.jitter = static_cast<std::uint32_t>(jitter_);
  block.last_sr = last_sr_;
  if (last_sr_ != 0) {
    const double delay_s = seconds(now - last_sr_at_);
    block.delay_since_sr = static_cast<std::uint32_t>(std::lround(delay_s * 65'536));
  }
  return block;
}

}  // namespace remotemedia::rtc

// Any bytes are refused as SRTP and SRTCP, whose keys they were not made with. Those that are taken
// to be protected come back as they were, once.

#include "fuzz/expect.h"
#include "rtc/srtp.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace remotemedia::fuzz {
namespace {

rtc::SrtpKeys keys_of(std::uint8_t profile, bool mirrored) {
  rtc::SrtpKeys keys;
  keys.profile = static_cast<rtc::SrtpProfile>(profile % 3);
  std::ranges::fill(mirrored ? keys.theirs : keys.ours, std::uint8_t{1});
  std::ranges::fill(mirrored ? keys.ours : keys.theirs, std::uint8_t{2});
  return keys;
}

void refuse_as_it_came(rtc::Srtp& srtp, std::vector<std::uint8_t> packet, bool control) {
  std::size_t size = packet.size();
  const auto drop = control ? srtp.unprotect_rtcp(packet, size) : srtp.unprotect_rtp(packet, size);
  expect(drop == rtc::Drop::srtp_rejected, "nobody can make a packet without the key");
}

void there_and_back(rtc::Srtp& us, rtc::Srtp& them, const std::vector<std::uint8_t>& plain,
                    bool control) {
  std::vector<std::uint8_t> packet = plain;
  std::size_t size = packet.size();
  packet.resize(size + rtc::Srtp::kTrailer);
  if (!(control ? us.protect_rtcp(packet, size) : us.protect_rtp(packet, size))) return;
  packet.resize(size);
  std::vector<std::uint8_t> again = packet;
  const auto drop = control ? them.unprotect_rtcp(packet, size) : them.unprotect_rtp(packet, size);
  expect(!drop, "the other side reads it");
  packet.resize(size);
  expect(packet == plain, "and finds what was sent");
  size = again.size();
  const auto replayed =
      control ? them.unprotect_rtcp(again, size) : them.unprotect_rtp(again, size);
  expect(replayed == rtc::Drop::srtp_replayed, "but not twice");
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remotemedia;
  if (size == 0) return 0;
  const std::vector<std::uint8_t> packet(data + 1, data + size);
  rtc::Srtp us(fuzz::keys_of(data[0], false));
  rtc::Srtp them(fuzz::keys_of(data[0], true));
  for (const bool control : {false, true}) {
    fuzz::refuse_as_it_came(them, packet, control);
    fuzz::there_and_back(us, them, packet, control);
  }
  return 0;
}

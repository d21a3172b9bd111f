// Any bytes are an RTP packet or none, and a datagram of RTCP or none; what is read of them lies in
// the datagram.

#include "fuzz/expect.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"

#include <cstddef>
#include <cstdint>

namespace remotemedia::fuzz {
namespace {

bool inside(rtc::Bytes part, rtc::Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using remotemedia::fuzz::expect;
  using remotemedia::fuzz::inside;
  const remotemedia::rtc::Bytes bytes(data, size);
  if (const auto packet = remotemedia::rtc::parse_rtp(bytes)) {
    expect(inside(packet->payload, bytes), "the payload lies in the datagram");
    for (int id = 0; id < 256; ++id) {
      if (const auto value = remotemedia::rtc::find_extension(*packet, id)) {
        expect(inside(*value, packet->extensions), "a value lies among the extensions");
      }
    }
  }
  if (const auto compound = remotemedia::rtc::parse_rtcp(bytes)) {
    expect(compound->report_count <= compound->reports.size(), "reports are bounded");
    expect(compound->bye_count <= compound->bye.size(), "sources are bounded");
  }
  return 0;
}

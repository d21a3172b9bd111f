// Any text is a description or a refusal with a reason; what is taken of an offer is answered by a
// text that this parser reads, section for section.

#include "fuzz/expect.h"
#include "rtc/negotiation.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace remotemedia::fuzz {
namespace {

namespace sdp = rtc::sdp;

void answer(const sdp::Description& offer, const sdp::Negotiated& taken) {
  sdp::Local local;
  local.ice_ufrag = "abcd";
  local.ice_pwd = "0123456789012345678901";
  local.candidates = {*rtc::parse_address("192.0.2.1", 9)};
  local.cname = "us";
  const auto read = sdp::parse(sdp::write_answer(offer, taken, local));
  const auto* answer = std::get_if<sdp::Description>(&read);
  expect(answer != nullptr, "an answer is a description");
  expect(answer->sections.size() == offer.sections.size(), "one section for each");
  for (std::size_t i = 0; i < offer.sections.size(); ++i) {
    expect(answer->sections[i].mid == offer.sections[i].mid, "sections keep their mid");
    const bool data = taken.data && i == taken.data->section;
    expect(answer->sections[i].wanted() == (i == taken.section || data), "no other is taken");
  }
  const auto again = sdp::take_answer(*answer);
  const auto* read_back = std::get_if<sdp::Negotiated>(&again);
  expect(read_back != nullptr, "an answer can be taken");
  expect(read_back->data.has_value() == taken.data.has_value(), "with its data channels");
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remotemedia;
  const auto offer = rtc::sdp::parse({reinterpret_cast<const char*>(data), size});
  if (const auto* refusal = std::get_if<rtc::Refusal>(&offer)) {
    fuzz::expect(!refusal->reason.empty(), "a refusal has a reason");
    return 0;
  }
  const auto& description = std::get<rtc::sdp::Description>(offer);
  const auto taken = rtc::sdp::take_offer(description);
  if (const auto* audio = std::get_if<rtc::sdp::Negotiated>(&taken)) {
    fuzz::answer(description, *audio);
  }
  return 0;
}

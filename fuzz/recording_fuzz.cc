// Any bytes are a recording or an error that says what is wrong with them; and the content of its
// records is a packet that is written back as the same bytes, or none.

#include "fuzz/expect.h"
#include "graph/packet_bytes.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/recording.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace remotemedia::fuzz {
namespace {

RecordingReader reader_of(std::string_view bytes) {
  return {[bytes](char* data, std::size_t size) mutable {
            const std::size_t count = std::min(size, bytes.size());
            std::memcpy(data, bytes.data(), count);
            bytes.remove_prefix(count);
            return count;
          },
          "input"};
}

void read_all(std::string_view bytes) {
  try {
    RecordingReader inputs = reader_of(bytes);
    while (inputs.next_input()) {
    }
    RecordingReader outputs = reader_of(bytes);
    while (const auto output = outputs.next_output()) {
      expect(output->output < outputs.info().outputs.size(), "an output is one of the graph's");
    }
  } catch (const Error& error) {
    expect(std::string_view(error.what()).starts_with("input is "), "an error names the recording");
  }
}

// Checksums keep a fuzzer from the packets in a recording, so they are tried without one as well.
void read_packet(std::string_view bytes) {
  const auto packet = packet_of(bytes);
  if (!packet) return;
  std::string again;
  append_packet(*packet, again);
  expect(again == bytes, "a packet is written as it was read");
  expect(!first_difference(*packet, *packet), "a packet equals itself");
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  remotemedia::fuzz::read_all(bytes);
  remotemedia::fuzz::read_packet(bytes);
  return 0;
}

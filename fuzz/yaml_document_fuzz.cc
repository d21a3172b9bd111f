#include "fuzz/document_promises.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remotemedia::fuzz::check_document({reinterpret_cast<const char*>(data), size},
                                    remotemedia::TextFormat::yaml);
  return 0;
}

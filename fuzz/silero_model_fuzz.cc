// The ONNX reader: an error of ours, or constants that lie in the input and fill their shapes.

#include "dsp/onnx_reader.h"
#include "fuzz/expect.h"
#include "remotemedia/base/error.h"
#include "remotemedia/dsp/silero_vad.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace remotemedia::fuzz {
namespace {

void check_constants(std::span<const std::byte> model, std::string_view branch) {
  const auto lies_within = [&](const void* begin, std::size_t size) {
    const auto* const first = static_cast<const std::byte*>(begin);
    return size == 0 || (std::greater_equal<>()(first, model.data()) &&
                         std::less_equal<>()(first + size, model.data() + model.size()));
  };
  for (const dsp::OnnxTensor& tensor : dsp::read_branch_constants(model, branch)) {
    expect(lies_within(tensor.bytes.data(), tensor.bytes.size()), "values lie in the model");
    expect(lies_within(tensor.name.data(), tensor.name.size()), "names lie in the model");
    std::size_t count = sizeof(float);
    for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
    expect(count == tensor.bytes.size(), "values fill their shape");
  }
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model = std::as_bytes(std::span(data, size));
  for (const std::string_view branch : {"then_branch", "else_branch"}) {
    try {
      remotemedia::fuzz::check_constants(model, branch);
    } catch (const remotemedia::Error&) {
    }
  }
  try {
    remotemedia::dsp::SileroModel::parse(model);
  } catch (const remotemedia::Error&) {
  }
  return 0;
}

#include "dsp/onnx_reader.h"
#include "dsp/silero_network.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/silero_vad.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::dsp {
namespace {

/// The constants of one branch, by name.
class Constants {
 public:
  Constants(std::span<const std::byte> onnx, std::string_view branch)
      : tensors_(read_branch_constants(onnx, branch)) {}

  /// Values of the tensor `name`, copied to where floats may be read.
  std::vector<float> take(std::string_view name, const std::vector<std::int64_t>& shape) const {
    for (const OnnxTensor& tensor : tensors_) {
      if (tensor.name != name) continue;
      if (tensor.shape != shape) {
        refuse("SileroModel: shape of " + std::string(name), shown(tensor.shape), shown(shape));
      }
      std::vector<float> values(tensor.bytes.size() / sizeof(float));
      std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
      return values;
    }
    refuse("SileroModel: ONNX model", "without " + std::string(name), "Silero VAD v5 or v6");
  }

 private:
  static std::string shown(const std::vector<std::int64_t>& shape) {
    std::string text = "(";
    for (const std::int64_t size : shape) {
      if (text.size() > 1) text += ", ";
      text += std::to_string(size);
    }
    return text + ")";
  }

  std::vector<OnnxTensor> tensors_;
};

std::unique_ptr<const SileroNetwork> read_network(std::span<const std::byte> onnx,
                                                  std::string_view branch, std::size_t fft_length) {
  const Constants constants(onnx, branch);
  const auto fft = static_cast<std::int64_t>(fft_length);
  const std::int64_t bins = fft / 2 + 1;
  // The transform's matrix; its first row, of frequency 0, is the window itself.
  const std::vector<float> basis = constants.take("stft.forward_basis_buffer", {2 * bins, 1, fft});
  constexpr std::int64_t kOutputs[] = {128, 64, 64, 128};
  std::vector<float> conv[4];
  std::vector<float> conv_bias[4];
  std::int64_t inputs = bins;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string layer = "encoder." + std::to_string(i) + ".reparam_conv.";
    conv[i] = constants.take(layer + "weight", {kOutputs[i], inputs, 3});
    conv_bias[i] = constants.take(layer + "bias", {kOutputs[i]});
    inputs = kOutputs[i];
  }
  const std::vector<float> input_weights = constants.take("decoder.rnn.weight_ih", {512, 128});
  const std::vector<float> state_weights = constants.take("decoder.rnn.weight_hh", {512, 128});
  const std::vector<float> input_bias = constants.take("decoder.rnn.bias_ih", {512});
  const std::vector<float> state_bias = constants.take("decoder.rnn.bias_hh", {512});
  const std::vector<float> output_weights = constants.take("decoder.decoder.2.weight", {1, 128, 1});
  return std::make_unique<const SileroNetwork>(
      SileroTensors{.fft_length = fft_length,
                    .window = std::span(basis).first(fft_length),
                    .conv = {conv[0], conv[1], conv[2], conv[3]},
                    .conv_bias = {conv_bias[0], conv_bias[1], conv_bias[2], conv_bias[3]},
                    .input_weights = input_weights,
                    .state_weights = state_weights,
                    .input_bias = input_bias,
                    .state_bias = state_bias,
                    .output_weights = output_weights,
                    .output_bias = constants.take("decoder.decoder.2.bias", {1})[0]});
}

}  // namespace

SileroModel::SileroModel(std::span<const std::byte> onnx)
    : at_16_khz_(read_network(onnx, "then_branch", 256)),
      at_8_khz_(read_network(onnx, "else_branch", 128)) {}

SileroModel::~SileroModel() = default;

std::shared_ptr<const SileroModel> SileroModel::parse(std::span<const std::byte> onnx) {
  return std::make_shared<const SileroModel>(onnx);
}

const SileroNetwork& SileroModel::network(int rate) const {
  return rate == 8'000 ? *at_8_khz_ : *at_16_khz_;
}

}  // namespace remotemedia::dsp

#pragma once

#include "dsp/onnx_bytes.h"
#include "dsp/silero_oracle.h"
#include "remotemedia/dsp/silero_vad.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia::dsp::test {

/// A branch of Silero's file with these weights.
inline std::string silero_graph(const SileroWeights& weights) {
  const std::uint64_t fft = weights.fft_length;
  const std::uint64_t bins = fft / 2 + 1;
  std::vector<float> basis(2 * bins * fft);  // only its first row is read
  std::ranges::copy(weights.window, basis.begin());
  std::string graph =
      constant_node(tensor("stft.forward_basis_buffer", {2 * bins, 1, fft}, float_bytes(basis)));
  std::uint64_t inputs = bins;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name = "encoder." + std::to_string(i) + ".reparam_conv.";
    const std::uint64_t outputs = SileroWeights::kOutputs[i];
    graph +=
        constant_node(tensor(name + "weight", {outputs, inputs, 3}, float_bytes(weights.conv[i])));
    graph += constant_node(tensor(name + "bias", {outputs}, float_bytes(weights.conv_bias[i])));
    inputs = outputs;
  }
  const float output_bias[] = {weights.tensors().output_bias};
  graph += constant_node(
      tensor("decoder.rnn.weight_ih", {512, 128}, float_bytes(weights.input_weights)));
  graph += constant_node(
      tensor("decoder.rnn.weight_hh", {512, 128}, float_bytes(weights.state_weights)));
  graph += constant_node(tensor("decoder.rnn.bias_ih", {512}, float_bytes(weights.input_bias)));
  graph += constant_node(tensor("decoder.rnn.bias_hh", {512}, float_bytes(weights.state_bias)));
  graph += constant_node(
      tensor("decoder.decoder.2.weight", {1, 128, 1}, float_bytes(weights.output_weights)));
  return graph + constant_node(tensor("decoder.decoder.2.bias", {1}, float_bytes(output_bias)));
}

/// Random weights for both rates, and the model that a file of them gives.
struct RandomSilero {
  SileroWeights at_16_khz{256, 21};
  SileroWeights at_8_khz{128, 22};
  std::shared_ptr<const SileroModel> model =
      SileroModel::parse(as_bytes(model_of(branch("then_branch", silero_graph(at_16_khz)) +
                                           branch("else_branch", silero_graph(at_8_khz)))));

  [[nodiscard]] const SileroWeights& weights(int rate) const {
    return rate == 16'000 ? at_16_khz : at_8_khz;
  }
};

}  // namespace remotemedia::dsp::test

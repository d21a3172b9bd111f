#include "dsp/silero_network.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kAlignment = 16;  // floats: a cache line
constexpr std::size_t kRadix = 16;      // of the first stage of the transform
constexpr std::size_t kPartRows = 9;    // of its results: 0..8, the others are their conjugates

constexpr std::size_t aligned(std::size_t count) {
  return (count + kAlignment - 1) / kAlignment * kAlignment;
}

/// What the taps of conv 0 to 3 meet: 4, 4, 2 and 1 frames with one of zeros on either side.
struct Taps {
  std::size_t first;
  std::size_t count;
};
constexpr Taps kTaps[] = {{0, 3}, {0, 3}, {1, 2}, {1, 1}};
constexpr std::size_t kOutputs[] = {128, 64, 64, 128};

std::size_t storage_size(std::size_t fft_length) {
  const std::size_t bins = fft_length / 2 + 1;
  const std::size_t lanes = fft_length / kRadix;
  std::size_t conv = 0;
  std::size_t inputs = bins;
  for (std::size_t i = 0; i < std::size(kOutputs); ++i) {
    conv += kOutputs[i] * inputs * kTaps[i].count;
    inputs = kOutputs[i];
  }
  return aligned(fft_length) + aligned(2 * kPartRows * lanes * lanes) + conv +
         2 * kSileroGates * kSileroHidden + (128 + 64 + 64 + 128) + kSileroGates + kSileroHidden;
}

}  // namespace

SileroNetwork::SileroNetwork(const SileroTensors& tensors)
    : fft_length_(tensors.fft_length),
      storage_(hwy::AllocateAligned<float>(storage_size(tensors.fft_length))),
      output_bias_(tensors.output_bias) {
  window_ = copy(tensors.window);
  twiddles_ = make_twiddles();
  std::size_t inputs = bins();
  for (std::size_t i = 0; i < conv_.size(); ++i) {
    conv_[i] =
        pack(tensors.conv[i], kOutputs[i], inputs, 3, kTaps[i].first, kTaps[i].count, i == 0);
    conv_[i].bias = copy(tensors.conv_bias[i]);
    inputs = kOutputs[i];
  }
  lstm_input_ = pack(tensors.input_weights, kSileroGates, kSileroHidden, 1, 0, 1);
  lstm_state_ = pack(tensors.state_weights, kSileroGates, kSileroHidden, 1, 0, 1);
  float* bias = take(kSileroGates);
  for (std::size_t i = 0; i < kSileroGates; ++i) {
    bias[i] = tensors.input_bias[i] + tensors.state_bias[i];
  }
  lstm_input_.bias = bias;
  output_weights_ = copy(tensors.output_weights);
}

float* SileroNetwork::take(std::size_t count) {
  float* taken = storage_.get() + used_;
  used_ += aligned(count);
  return taken;
}

const float* SileroNetwork::copy(std::span<const float> values) {
  float* copied = take(values.size());
  std::copy(values.begin(), values.end(), copied);
  return copied;
}

SileroLayer SileroNetwork::pack(std::span<const float> weights, std::size_t outputs,
                                std::size_t inputs, std::size_t file_taps, std::size_t first_tap,
                                std::size_t taps, bool from_spectrum) {
  float* const packed = take(outputs * inputs * taps);
  float* at = packed;
  for (std::size_t block = 0; block < outputs; block += kSileroBlock) {
    for (std::size_t input = 0; input < inputs; ++input) {
      const std::size_t column = from_spectrum ? bin_of_channel(input) : input;
      for (std::size_t tap = first_tap; tap < first_tap + taps; ++tap) {
        for (std::size_t i = 0; i < kSileroBlock; ++i) {
          *at++ = weights[((block + i) * inputs + column) * file_taps + tap];
        }
      }
    }
  }
  return {.weights = packed, .inputs = inputs, .outputs = outputs};
}

// The kernel splits bin k = k1 + 16 * k2 as its transform does: k1 = 0 with the 9 (of 256) bins up
// to the Nyquist frequency, then k1 = 8 with its 8, then k1 = 1..7 with 16 each, of which the upper
// half lies above the Nyquist frequency: there the conjugate bin has the same magnitude.
std::size_t SileroNetwork::bin_of_channel(std::size_t channel) const {
  const std::size_t lanes = std::max(fft_length_ / kRadix, kRadix / 2);  // 16 or 8
  if (channel < lanes / 2 + 1) return kRadix * channel;
  if (channel < lanes + 1) return kRadix / 2 + kRadix * (channel - (lanes / 2 + 1));
  const std::size_t rest = channel - (lanes + 1);
  const std::size_t bin = 1 + rest / lanes + kRadix * (rest % lanes);
  return bin <= fft_length_ / 2 ? bin : fft_length_ - bin;
}

const float* SileroNetwork::make_twiddles() {
  constexpr std::size_t kRows[kPartRows] = {0, 8, 1, 2, 3, 4, 5, 6, 7};
  const std::size_t lanes = fft_length_ / kRadix;
  float* const table = take(2 * kPartRows * lanes * lanes);
  float* at = table;
  for (const std::size_t k1 : kRows) {
    for (std::size_t n2 = 0; n2 < lanes; ++n2) {
      for (std::size_t k2 = 0; k2 < lanes; ++k2) {
        const std::size_t turn = n2 * (k1 + kRadix * k2) % fft_length_;
        const double angle =
            2 * std::numbers::pi * static_cast<double>(turn) / static_cast<double>(fft_length_);
        at[k2] = static_cast<float>(std::cos(angle));
        at[lanes + k2] = static_cast<float>(std::sin(angle));
      }
      at += 2 * lanes;
    }
  }
  return table;
}

}  // namespace remotemedia::dsp

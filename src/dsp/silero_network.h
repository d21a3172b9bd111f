#pragma once

#include <hwy/aligned_allocator.h>

#include <array>
#include <cstddef>
#include <span>

namespace remotemedia::dsp {

// Sizes of Silero VAD v5 and v6. Lengths in samples follow from that of the Fourier transform:
// 256 at 16 kHz, 128 at 8 kHz.
inline constexpr std::size_t kSileroFrames = 4;    ///< of the spectrum of a window
inline constexpr std::size_t kSileroHidden = 128;  ///< of the LSTM
inline constexpr std::size_t kSileroGates = 512;   ///< input, forget, cell, output
inline constexpr std::size_t kSileroMaxFft = 256;

/// Outputs of a layer are computed, and its weights are stored, in blocks of this many.
inline constexpr std::size_t kSileroBlock = 64;

/// A layer's weights in the order in which the kernel reads them: [outputs / 64][inputs][taps][64],
/// with those taps only that meet a frame at all.
struct SileroLayer {
  const float* weights = nullptr;
  const float* bias = nullptr;  ///< [outputs]
  std::size_t inputs = 0;
  std::size_t outputs = 0;
};

/// The weights of one rate as the file has them: row-major, float32.
struct SileroTensors {
  std::size_t fft_length = 0;                  ///< 256 or 128
  std::span<const float> window;               ///< [fft_length]
  std::array<std::span<const float>, 4> conv;  ///< [outputs][inputs][3]
  std::array<std::span<const float>, 4> conv_bias;
  std::span<const float> input_weights;   ///< [512][128]
  std::span<const float> state_weights;   ///< [512][128]
  std::span<const float> input_bias;      ///< [512]
  std::span<const float> state_bias;      ///< [512]
  std::span<const float> output_weights;  ///< [128]
  float output_bias = 0.0F;
};

/// The network of one rate, packed once for the kernels and never changed: all detectors share it.
/// About 0.9 MB.
class SileroNetwork {
 public:
  explicit SileroNetwork(const SileroTensors& tensors);

  [[nodiscard]] std::size_t fft_length() const { return fft_length_; }
  [[nodiscard]] std::size_t bins() const { return fft_length_ / 2 + 1; }
  [[nodiscard]] std::size_t window_length() const { return 2 * fft_length_; }
  [[nodiscard]] std::size_t context_length() const { return fft_length_ / 4; }

  /// The Hann window, [fft_length].
  [[nodiscard]] const float* window() const { return window_; }
  /// Second stage of the transform: [9][fft_length / 16][cosines, sines][fft_length / 16].
  [[nodiscard]] const float* twiddles() const { return twiddles_; }
  [[nodiscard]] const SileroLayer& conv(std::size_t i) const { return conv_[i]; }
  [[nodiscard]] const SileroLayer& lstm_input() const { return lstm_input_; }
  [[nodiscard]] const SileroLayer& lstm_state() const { return lstm_state_; }  ///< no bias
  [[nodiscard]] const float* output_weights() const { return output_weights_; }
  [[nodiscard]] float output_bias() const { return output_bias_; }

 private:
  float* take(std::size_t count);
  const float* copy(std::span<const float> values);
  SileroLayer pack(std::span<const float> weights, std::size_t outputs, std::size_t inputs,
                   std::size_t file_taps, std::size_t first_tap, std::size_t taps,
                   bool from_spectrum = false);
  const float* make_twiddles();
  [[nodiscard]] std::size_t bin_of_channel(std::size_t channel) const;

  std::size_t fft_length_;
  hwy::AlignedFreeUniquePtr<float[]> storage_;
  std::size_t used_ = 0;
  const float* window_ = nullptr;
  const float* twiddles_ = nullptr;
  std::array<SileroLayer, 4> conv_{};
  SileroLayer lstm_input_;
  SileroLayer lstm_state_;
  const float* output_weights_ = nullptr;
  float output_bias_;
};

}  // namespace remotemedia::dsp

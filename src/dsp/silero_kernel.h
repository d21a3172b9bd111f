#pragma once

#include "dsp/silero_network.h"

#include <cstddef>
#include <string>

namespace remotemedia::dsp {

/// Windows that the functions below take at once.
inline constexpr std::size_t kSileroMaxBatch = 8;

/// What a detector remembers from window to window.
struct SileroState {
  alignas(64) float hidden[kSileroHidden];
  alignas(64) float cell[kSileroHidden];
};

/// All that does not depend on the state: gates[i] = W_ih * encoder(windows[i]) + b, for i < count.
/// A window is context_length() + window_length() samples; gates are [count][512], 64-byte aligned.
void silero_encode(const SileroNetwork& network, const float* const* windows, std::size_t count,
                   float* gates) noexcept;

/// One step of the LSTM for each of `count` detectors: changes the states, overwrites the gates.
void silero_step(const SileroNetwork& network, SileroState* const* states, std::size_t count,
                 float* gates, float* probabilities) noexcept;

/// Name of the instruction set that the functions above use now.
std::string silero_kernel_target();

}  // namespace remotemedia::dsp

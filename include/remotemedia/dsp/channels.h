#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstddef>
#include <span>

namespace remotemedia::dsp {

// Memory of samples must be aligned to their type: stores of whole cache lines rely on it.

/// Mean of the channels: out[i] = (sum in channel order) / channels in float, the bits of NumPy's
/// mean of float32; in double where the sum would be beyond the largest float. `out` may be one of
/// them, and overlaps them in no other way.
void mix_to_mono(std::span<const float* const> in, std::size_t frames, float* out) noexcept;

/// The same for audio with several channels; i16 and i32 are converted first.
void mix_to_mono(const AudioBuffer& audio, float* out);

/// f32 audio with one channel; i16 and i32 are converted first. Mono returns the same memory.
AudioBuffer to_mono(const AudioBuffer& audio);
/// N to 1 is the mean, 1 to N copies, N to fewer keeps the first ones. configuration error for N to
/// more (N > 1).
AudioBuffer change_channels(const AudioBuffer& audio, int channels);

}  // namespace remotemedia::dsp

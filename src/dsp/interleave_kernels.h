#pragma once

#include "dsp/streaming.h"

#include <cstddef>
#include <span>

namespace remotemedia::dsp {

/// Frames of out.size() samples to planes: out[c][i] = in[i * channels + c], for i < frames. For
/// float, std::int16_t and std::int32_t. Nothing overlaps.
template <typename Sample>
void frames_to_planes(const Sample* in, std::size_t frames, std::span<Sample* const> out,
                      Stores stores) noexcept;
/// The inverse.
template <typename Sample>
void planes_to_frames(std::span<const Sample* const> in, std::size_t frames, Sample* out,
                      Stores stores) noexcept;

}  // namespace remotemedia::dsp

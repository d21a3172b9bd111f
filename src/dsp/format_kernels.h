#pragma once

#include "dsp/streaming.h"

#include <cstddef>
#include <cstdint>

namespace remotemedia::dsp {

/// out[i] = in[i] in the other format, for i < count, by the rules of remotemedia/dsp/format.h.
/// Returns how many samples were NaN or infinite where those are replaced (float to integer), else
/// 0. For each of the 12 pairs of std::int16_t, std::int32_t, float and double. `in` and `out` do
/// not overlap.
template <typename From, typename To>
std::uint64_t convert_samples(const From* in, std::size_t count, To* out, Stores stores) noexcept;

}  // namespace remotemedia::dsp

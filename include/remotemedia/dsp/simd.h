#pragma once

#include <string>

namespace remotemedia::dsp {

/// Name of the instruction set that the kernels use on this machine, e.g. "AVX3_ZEN4", "AVX2",
/// "SSE4".
std::string simd_target();

}  // namespace remotemedia::dsp

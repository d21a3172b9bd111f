#include "remotemedia/dsp/simd.h"

#include "dsp/dot_kernel.h"

namespace remotemedia::dsp {

std::string simd_target() { return dot_kernel_target(); }

}  // namespace remotemedia::dsp

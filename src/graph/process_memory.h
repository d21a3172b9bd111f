#pragma once

#include <cstdint>

namespace remotemedia {

/// The highest resident size that this process ever had.
std::uint64_t peak_memory_bytes();

}  // namespace remotemedia

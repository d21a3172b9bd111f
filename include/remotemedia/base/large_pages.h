#pragma once

#include <cstddef>

namespace remotemedia {

/// Asks for pages of 2 MiB under these bytes, where the system offers them: first use then costs
/// one fault instead of 512, and one entry of the processor's table of pages reaches as far as 512.
///
/// Memory that is not mapped is left out. Only advice: where it is refused, pages stay small.
void ask_for_large_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace remotemedia

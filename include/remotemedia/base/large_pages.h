#pragma once

#include <cstddef>

namespace remotemedia {

/// Asks for pages of 2 MiB under these bytes, where the system offers them: first use then costs
/// one fault instead of 512, and one entry of the processor's table of pages reaches as far as 512.
///
/// Memory that is not mapped is left out. Only advice: where it is refused, pages stay small.
void ask_for_large_pages(void* memory, std::size_t bytes) noexcept;

/// Takes that back: small pages only, until they are asked for again. Otherwise the system may put
/// a large page, later and by itself, where all but a few small ones have been given back to it.
void do_without_large_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace remotemedia

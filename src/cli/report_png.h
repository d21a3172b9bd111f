#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace remotemedia::cli::report {

/// Red, green, blue and opacity.
using Color = std::array<std::uint8_t, 4>;

/// A PNG with a palette as a data: URL. Rows from the top; `pixels` are indices into `palette` (at
/// most 256). Not compressed: base64 makes it four thirds of the pixels.
std::string png_url(std::size_t width, std::span<const std::uint8_t> pixels,
                    std::span<const Color> palette);

}  // namespace remotemedia::cli::report

#pragma once

#include <cstddef>

namespace remotemedia::bench {

/// What a kernel reads and writes. One of them is a multiple of the other.
struct Traffic {
  std::size_t in_bytes;
  std::size_t out_bytes;
};

/// Reads and writes as much, in whole vectors and in the way of the kernels (streaming where the
/// output is large), and does nothing with it: a kernel of that traffic is not faster by more than
/// some per cent. `in` and `out` are aligned to 64 bytes.
void move(Traffic traffic, const std::byte* in, std::byte* out);

}  // namespace remotemedia::bench

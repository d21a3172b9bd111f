#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <nanobind/nanobind.h>

#include <cstddef>
#include <optional>
#include <span>

namespace remotemedia::bindings {

/// Audio in float64, which audio in a graph never is: a C-contiguous array of shape
/// (channels, frames) or (frames,). A view, valid while the array lives.
struct Float64Audio {
  std::span<const double> samples;  ///< channel after channel
  int channels = 1;
  bool one_dimensional = true;

  [[nodiscard]] std::size_t frames() const {
    return samples.size() / static_cast<std::size_t>(channels);
  }
  [[nodiscard]] std::span<const double> channel(int index) const {
    return samples.subspan(static_cast<std::size_t>(index) * frames(), frames());
  }
};

/// Nothing if `x` is something else.
std::optional<Float64Audio> as_float64(nanobind::handle x);

/// `audio` as a new float64 array of its shape.
nanobind::object to_float64(const AudioBuffer& audio);

}  // namespace remotemedia::bindings

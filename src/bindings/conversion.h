#pragma once

#include "bindings/numpy_array.h"

#include <nanobind/nanobind.h>

#include <cstdint>

namespace remotemedia::bindings {

/// Samples as `target` ("f32", "i16", "i32" or "f64", in any case): `x` itself if it has the type.
/// `dither` is for "i16", `first_frame` its place in the stream. What is no such argument is
/// refused as `remotemedia._arrays` says it.
nanobind::object convert_format(nanobind::handle x, nanobind::handle target,
                                nanobind::handle dither, std::uint64_t first_frame);

/// The same for samples that `check_samples` has passed.
nanobind::object converted(nanobind::object samples, ElementType to);

}  // namespace remotemedia::bindings

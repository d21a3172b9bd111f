#pragma once

#include <nanobind/nanobind.h>

namespace remotemedia::bindings {

/// A whole clip at another rate. What is no such argument is refused as `remotemedia._arrays` says
/// it.
nanobind::object resample(nanobind::handle x, nanobind::handle rate, nanobind::handle target_rate,
                          nanobind::handle quality, nanobind::handle mono, nanobind::handle mode);

}  // namespace remotemedia::bindings

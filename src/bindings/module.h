#pragma once

#include <nanobind/nanobind.h>

namespace remotemedia::bindings {

/// Each adds its part to the module.
void bind_documents(nanobind::module_& m);
void bind_graph(nanobind::module_& m);
void bind_kernels(nanobind::module_& m);
void bind_server(nanobind::module_& m);
void bind_session(nanobind::module_& m);
void bind_silero(nanobind::module_& m);

}  // namespace remotemedia::bindings

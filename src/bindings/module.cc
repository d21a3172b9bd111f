// The Python module remotemedia._native.

#include "bindings/module.h"

#include "bindings/errors.h"
#include "bindings/late_import.h"
#include "bindings/python_access.h"
#include "bindings/values.h"
#include "remotemedia/base/log.h"
#include "remotemedia/base/version.h"
#include "remotemedia/dsp/simd.h"

#include <nanobind/stl/string.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace remotemedia::bindings {
namespace {

namespace nb = nanobind;

LateImport get_logger("logging", "getLogger");

int logging_level(LogLevel level) {
  static constexpr int kLevels[] = {10, 20, 30, 40, 50};  // DEBUG to CRITICAL of logging
  return kLevels[static_cast<std::size_t>(level)];
}

/// Native lines go where the application sends those of the Python logger "remotemedia".
void log_to_python(LogLevel level, std::string_view message) {
  const PythonAccess python;
  if (!python) return;
  const nb::error_scope keep_current;
  try {
    get_logger("remotemedia").attr("log")(logging_level(level), "%s", to_python(message));
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("remotemedia: a log line");
  }
}

}  // namespace
}  // namespace remotemedia::bindings

NB_MODULE(_native, m) {
  namespace rm = remotemedia;
  namespace bindings = remotemedia::bindings;
  using nanobind::literals::operator""_a;
  // What an open session on a daemon thread holds at exit is no news to a user; our tests ask for
  // it.
  nanobind::set_leak_warnings(std::getenv("REMOTEMEDIA_LEAK_WARNINGS") != nullptr);
  m.doc() = "The native half of remotemedia: audio kernels, graphs and sessions.";
  m.attr("__version__") = rm::kVersion;
  m.def("simd_target", rm::dsp::simd_target, "Name of the instruction set that the kernels use.");
  m.def(
      "has_variable", [](const char* name) { return std::getenv(name) != nullptr; }, "name"_a,
      "Whether the environment has the variable, in a tenth of the time of os.environ.");
  bindings::bind_errors();
  bindings::bind_kernels(m);
  bindings::bind_documents(m);
  bindings::bind_graph(m);
  bindings::bind_session(m);
  bindings::bind_silero(m);
#ifdef REMOTEMEDIA_HAS_SERVER
  bindings::bind_server(m);
#endif
  rm::set_log_sink(bindings::log_to_python);
}

#pragma once

#include "bindings/python_access.h"
#include "remotemedia/base/packet.h"

#include <nanobind/nanobind.h>

namespace remotemedia::bindings {

/// Any Python object as a payload. Native nodes pass it on as it is; its operations take the GIL.
class PythonObject final : public ForeignObject {
 public:
  explicit PythonObject(nanobind::object object) : object_(std::move(object)) {}

  [[nodiscard]] nanobind::handle get() const { return object_.get(); }

  [[nodiscard]] std::string type_name() const override;
  [[nodiscard]] Value to_value() const override;
  /// By NumPy's rules; a whole operand is an int for them, so arrays of integers stay such.
  [[nodiscard]] ForeignPtr arithmetic(char op, double operand) const override;

 private:
  KeptObject object_;
};

}  // namespace remotemedia::bindings

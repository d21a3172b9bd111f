#include "bindings/late_import.h"

namespace remotemedia::bindings {

nanobind::handle LateImport::get() {
  if (object_ == nullptr) {
    // The import may let another thread in, which then imports the same object: keep the first one.
    nanobind::object found = nanobind::module_::import_(module_).attr(name_);
    if (object_ == nullptr) object_ = found.release().ptr();
  }
  return object_;
}

}  // namespace remotemedia::bindings

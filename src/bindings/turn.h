#pragma once

#include "remotemedia/base/check.h"

#include <string_view>

namespace remotemedia::bindings {

/// One call on a stateful object. While it runs the GIL is free, so another thread could call the
/// object too: it is refused. Made and destroyed with the GIL, which guards the flag.
class Turn {
 public:
  Turn(bool& busy, std::string_view what, std::string_view hint = kHint) : busy_(busy) {
    if (busy) refuse(what, "busy", "idle", hint);
    busy = true;
  }
  ~Turn() { busy_ = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static constexpr std::string_view kHint = "call it from one thread at a time";

  bool& busy_;
};

}  // namespace remotemedia::bindings

#pragma once

#include "remotemedia/base/time.h"

namespace remotemedia::rtc::test {

/// Sets the clock that OpenSSL reads for its timers, so that lost flights need no waiting.
void set_openssl_clock(Time now);

}  // namespace remotemedia::rtc::test

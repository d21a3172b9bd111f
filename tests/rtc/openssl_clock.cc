#include "rtc/openssl_clock.h"

#include <sys/time.h>

namespace remotemedia::rtc::test {
namespace {

Time clock_now{};

}  // namespace

void set_openssl_clock(Time now) { clock_now = now; }

}  // namespace remotemedia::rtc::test

// Takes the place of the C library's function in this program.
extern "C" __attribute__((visibility("default"))) int gettimeofday(timeval* time, void*) noexcept {
  const auto us = remotemedia::rtc::test::clock_now.count() / 1'000;
  time->tv_sec = 1'700'000'000 + us / 1'000'000;
  time->tv_usec = us % 1'000'000;
  return 0;
}

#include "server/problem.h"

#include "remotemedia/base/check.h"

#include <cerrno>
#include <system_error>

namespace remotemedia::server {

void fail_to_listen(const std::string& place, int error) {
  const char* hint = "";
  if (error == EADDRINUSE) hint = "another program uses it; choose another port";
  if (error == EADDRNOTAVAIL) hint = "no network interface of this machine has that address";
  if (error == EACCES) hint = "ports below 1024 need more rights";
  fail_io("cannot listen on " + place + ": " + std::generic_category().message(error), place, hint);
}

}  // namespace remotemedia::server

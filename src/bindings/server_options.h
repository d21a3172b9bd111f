#pragma once

#include "remotemedia/base/value.h"
#include "remotemedia/server/options.h"

namespace remotemedia::bindings {

/// From the names of ServerOptions, times in seconds. Configuration error for other names, and for
/// values of another type or out of what their type holds; the server checks the rest.
server::ServerOptions server_options(const Object& given);

}  // namespace remotemedia::bindings

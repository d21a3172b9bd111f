#pragma once

#include "remotemedia/server/options.h"

#include <boost/asio/ssl/context.hpp>

namespace remotemedia::server {

/// What https and wss need: TLS 1.2 and 1.3 with the options' certificate and key. Configuration
/// error that names the option and its file if one cannot be read, they are not of one pair, or the
/// certificate is not valid at this time.
boost::asio::ssl::context tls_context(const ServerOptions& options);

}  // namespace remotemedia::server

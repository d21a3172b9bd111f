#pragma once

#include <functional>
#include <string_view>

namespace remotemedia {

enum class LogLevel { debug, info, warning, error, off };

/// One line to the log. Never from the session thread's hot path.
void log(LogLevel level, std::string_view message);

/// Standard error by default, level from REMOTEMEDIA_LOG_LEVEL (debug|info|warning|error|off;
/// default warning). An embedding language replaces the sink by its own; an empty function restores
/// the default.
using LogSink = std::function<void(LogLevel, std::string_view)>;
void set_log_sink(LogSink sink);
void set_log_level(LogLevel level);

}  // namespace remotemedia

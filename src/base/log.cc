#include "remotemedia/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <mutex>
#include <string>

namespace remotemedia {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                          spdlog::level::warn, spdlog::level::err,
                                                          spdlog::level::off};
  return kLevels[static_cast<std::size_t>(level)];
}

struct Logger {
  std::mutex mutex;
  LogSink sink;
  std::shared_ptr<spdlog::logger> console = make_console();

  static std::shared_ptr<spdlog::logger> make_console() {
    auto logger = std::make_shared<spdlog::logger>(
        "remotemedia", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ remotemedia: %v");
    const char* name = std::getenv("REMOTEMEDIA_LOG_LEVEL");
    const auto level = spdlog::level::from_str(name == nullptr ? "warning" : name);
    logger->set_level(level);
    return logger;
  }
};

Logger& logger() {
  static Logger instance;
  return instance;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  Logger& instance = logger();
  LogSink sink;
  {
    const std::lock_guard lock(instance.mutex);
    sink = instance.sink;
  }
  // Called without the lock: a sink of an embedding language may log, or wait for its own lock.
  if (sink) {
    sink(level, message);
  } else {
    instance.console->log(to_spdlog(level), message);
  }
}

void set_log_sink(LogSink sink) {
  Logger& instance = logger();
  const std::lock_guard lock(instance.mutex);
  instance.sink = std::move(sink);
}

void set_log_level(LogLevel level) { logger().console->set_level(to_spdlog(level)); }

}  // namespace remotemedia

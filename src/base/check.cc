#include "remotemedia/base/check.h"

#include "remotemedia/base/error.h"

#include <fmt/format.h>

#include <utility>

namespace remotemedia {

void refuse(std::string_view what, std::string_view value, std::string_view expected,
            std::string_view hint) {
  throw ConfigError(fmt::format("{} is {}, expected {}", what, value, expected), std::string(hint));
}

void refuse(std::string_view what, double value, std::string_view expected, std::string_view hint) {
  refuse(what, std::string_view(fmt::to_string(value)), expected, hint);
}

void refuse_type(const std::string& message, std::string hint) {
  throw WrongTypeError(message, std::move(hint));
}

void fail_io(const std::string& message, std::string path, std::string hint) {
  throw IoError(message, std::move(path), std::move(hint));
}

void check_rate(std::string_view what, long long rate) {
  if (rate < kMinRate || rate > kMaxRate) {
    refuse(what, rate, fmt::format("{}..{} Hz", kMinRate, kMaxRate),
           rate > 0 && rate < 400 ? "pass the rate in Hz, not kHz" : "");
  }
}

void check_channels(std::string_view what, long long channels) {
  if (channels < 1 || channels > kMaxChannels) {
    refuse(what, channels, fmt::format("1..{} channels", kMaxChannels));
  }
}

}  // namespace remotemedia

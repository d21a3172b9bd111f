#include "bindings/server_options.h"

#include "remotemedia/base/check.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::bindings {
namespace {

using Setter = std::function<void(std::string_view name, const Value& value)>;

[[noreturn]] void refuse_option(std::string_view name, const Value& value, const char* expected) {
  refuse("server: " + std::string(name), to_json(value), expected);
}

Setter into(bool& option) {
  return [&option](std::string_view name, const Value& value) {
    if (value.as_bool() == nullptr) refuse_option(name, value, "true or false");
    option = *value.as_bool();
  };
}

template <std::integral Number>
Setter into(Number& option) {
  return [&option](std::string_view name, const Value& value) {
    const std::int64_t* number = value.as_int();
    if (number == nullptr || !std::in_range<Number>(*number)) {
      const std::string expected =
          "a whole number up to " + std::to_string(std::numeric_limits<Number>::max());
      refuse_option(name, value, expected.c_str());
    }
    option = static_cast<Number>(*number);
  };
}

Setter into(Time& option) {
  return [&option](std::string_view name, const Value& value) {
    const double number = value.number();
    // A century: what is more does not fit into nanoseconds.
    if (!value.is_number() || !(std::abs(number) < 3.2e9)) {
      refuse_option(name, value, "a time in seconds");
    }
    option = Time(static_cast<std::int64_t>(number * 1e9));
  };
}

Setter into(std::string& option) {
  return [&option](std::string_view name, const Value& value) {
    if (value.as_string() == nullptr) refuse_option(name, value, "text");
    option = *value.as_string();
  };
}

Setter into(server::OnFailure& option) {
  return [&option](std::string_view name, const Value& value) {
    const String* text = value.as_string();
    if (text == nullptr || (*text != "end" && *text != "restart")) {
      refuse_option(name, value, "'end' or 'restart'");
    }
    option = *text == "end" ? server::OnFailure::end : server::OnFailure::restart;
  };
}

Setter into(std::filesystem::path& option) {
  return [&option](std::string_view name, const Value& value) {
    if (value.as_string() == nullptr) refuse_option(name, value, "a path");
    option = *value.as_string();
  };
}

Setter into(std::vector<std::string>& option) {
  return [&option](std::string_view name, const Value& value) {
    if (value.as_array() == nullptr) refuse_option(name, value, "a list of text");
    option.clear();
    for (const Value& item : *value.as_array()) into(option.emplace_back())(name, item);
  };
}

}  // namespace

server::ServerOptions server_options(const Object& given) {
  server::ServerOptions options;
  const std::map<std::string_view, Setter> setters = {
      {"host", into(options.host)},
      {"port", into(options.port)},
      {"udp_port", into(options.udp_port)},
      {"shards", into(options.shards)},
      {"announced_addresses", into(options.announced_addresses)},
      {"certificate", into(options.certificate)},
      {"private_key", into(options.private_key)},
      {"tokens", into(options.tokens)},
      {"allowed_origins", into(options.allowed_origins)},
      {"web_folder", into(options.web_folder)},
      {"max_sessions", into(options.max_sessions)},
      {"max_sessions_per_address", into(options.max_sessions_per_address)},
      {"max_requests_per_minute", into(options.max_requests_per_minute)},
      {"max_connections", into(options.max_connections)},
      {"max_connections_per_address", into(options.max_connections_per_address)},
      {"connect_timeout_s", into(options.connect_timeout)},
      {"grace_s", into(options.grace)},
      {"max_session_age_s", into(options.max_session_age)},
      {"drain_timeout_s", into(options.drain_timeout)},
      {"bitrate", into(options.bitrate)},
      {"complexity", into(options.complexity)},
      {"receive_rate", into(options.receive_rate)},
      {"send_rate", into(options.send_rate)},
      {"barge_in", into(options.barge_in)},
      {"on_failure", into(options.on_failure)},
      {"metrics_interval_s", into(options.metrics_interval)},
  };
  for (const auto& [key, value] : given) {
    const std::string name(key);
    const auto setter = setters.find(name);
    if (setter == setters.end()) refuse("server: options", "'" + name + "'", "a known name");
    setter->second(name, value);
  }
  return options;
}

}  // namespace remotemedia::bindings

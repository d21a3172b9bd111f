#pragma once

#include <string>

namespace remotemedia::cli {

/// "7.10 s", "12 min 34.5 s", "3 h 02 min 05 s".
std::string spoken_duration(double seconds);
/// "0:07", "12:34", "3:02:05".
std::string clock_time(double seconds);
/// Three significant digits: "0.0016", "62.1", "6200".
std::string significant(double number);

}  // namespace remotemedia::cli

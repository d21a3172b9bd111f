#pragma once

#include <string>
#include <vector>

namespace remotemedia::cli {

/// A REMOTEMEDIA_* variable: what it is set to, what that means here, what is wrong with it.
struct EnvironmentVariable {
  std::string name;
  std::string value;  ///< empty if not set
  bool is_set = false;
  std::string meaning;
  std::string problem;  ///< empty if there is none
};

/// Those that the SDK reads, then others that are set.
std::vector<EnvironmentVariable> read_environment();

}  // namespace remotemedia::cli

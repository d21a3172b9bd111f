#pragma once

#include "remotemedia/base/time.h"

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>

namespace remotemedia::server {

/// Requests per address: `per_minute` on average, in bursts of a fifth of it. Remembers at most
/// kMaxAddresses; when it is full, all that have been quiet are forgotten, or else everybody new
/// has to wait.
class RequestRate {
 public:
  static constexpr std::size_t kMaxAddresses = 10'000;

  explicit RequestRate(int per_minute);
  /// 0 if the request may go on; else after how many seconds to come again.
  int seconds_to_wait(const std::string& address, Time now);

 private:
  struct Bucket {
    double tokens = 0;
    Time filled{};
  };
  [[nodiscard]] double filled(const Bucket& bucket, Time now) const;
  void forget_quiet(Time now);

  double per_second_;
  double burst_;
  std::unordered_map<std::string, Bucket> buckets_;
};

/// An IPv6 network of /64 counts as one address, as one person has at least so many.
std::string limit_key(const std::string& ip);

/// How many of each there are; only those that are not 0.
class Tally {
 public:
  int add(const std::string& key) { return ++counts_[key]; }
  void remove(const std::string& key) {
    const auto found = counts_.find(key);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
  [[nodiscard]] int of(const std::string& key) const {
    const auto found = counts_.find(key);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  std::unordered_map<std::string, int> counts_;
};

}  // namespace remotemedia::server

#pragma once

#include "remotemedia/base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

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

/// The connections of HTTP that are open: at most so many, and of one address. One thread.
class Connections {
 public:
  Connections(int most, int most_of_address) : most_(most), most_of_address_(most_of_address) {}

  /// One that is open as long as this lives.
  class Place {
   public:
    Place(Place&& other) noexcept
        : all_(std::exchange(other.all_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class Connections;
    Place(Connections& all, std::string key) : all_(&all), key_(std::move(key)) {}
    Connections* all_;
    std::string key_;
  };

  /// Nothing if there are enough of them, which counts as refused.
  std::optional<Place> open(const std::string& ip);
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  int most_;
  int most_of_address_;
  int count_ = 0;
  Tally of_address_;
  std::uint64_t refused_ = 0;
};

}  // namespace remotemedia::server

#include "server/admission.h"

#include "remotemedia/rtc/address.h"

#include <algorithm>
#include <cmath>

namespace remotemedia::server {

RequestRate::RequestRate(int per_minute)
    : per_second_(per_minute / 60.0), burst_(std::max(1.0, per_minute / 5.0)) {}

double RequestRate::filled(const Bucket& bucket, Time now) const {
  return std::min(burst_, bucket.tokens + per_second_ * seconds(now - bucket.filled));
}

int RequestRate::seconds_to_wait(const std::string& address, Time now) {
  if (buckets_.size() >= kMaxAddresses && !buckets_.contains(address)) {
    forget_quiet(now);
    if (buckets_.size() >= kMaxAddresses) return 1;
  }
  Bucket& bucket = buckets_.try_emplace(address, Bucket{burst_, now}).first->second;
  bucket.tokens = filled(bucket, now);
  bucket.filled = now;
  if (bucket.tokens < 1) {
    return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second_)));
  }
  bucket.tokens -= 1;
  return 0;
}

void RequestRate::forget_quiet(Time now) {
  std::erase_if(buckets_, [&](const auto& entry) { return filled(entry.second, now) >= burst_; });
}

std::string limit_key(const std::string& ip) {
  // Link-local ones have a zone, "fe80::1%eth0".
  auto address = rtc::parse_address(std::string_view(ip).substr(0, ip.find('%')), 0);
  if (!address || !address->v6) return ip;
  std::fill(address->bytes.begin() + 8, address->bytes.end(), std::uint8_t{0});
  return ip_text(*address);
}

std::optional<Connections::Place> Connections::open(const std::string& ip) {
  std::string key = limit_key(ip);
  if (count_ >= most_ || of_address_.of(key) >= most_of_address_) {
    ++refused_;
    return std::nullopt;
  }
  ++count_;
  of_address_.add(key);
  return Place(*this, std::move(key));
}

Connections::Place::~Place() {
  if (all_ == nullptr) return;
  --all_->count_;
  all_->of_address_.remove(key_);
}

}  // namespace remotemedia::server

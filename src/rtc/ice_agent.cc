#include "rtc/ice_agent.h"

#include "rtc/crypto.h"

#include <algorithm>
#include <utility>

namespace remotemedia::rtc {
namespace {

// Of a peer-reflexive candidate (RFC 8445, 5.1.2): what a controlling side puts into its checks.
constexpr std::uint32_t kPriority = (110U << 24) + (65'535U << 8) + 255U;

}  // namespace

IceAgent::IceAgent(Role role, DatagramOutput& output)
    : role_(role),
      output_(&output),
      local_(IceCredentials::random()),
      tie_breaker_(static_cast<std::uint64_t>(random_u32()) << 32 | random_u32()) {
  sources_.reserve(kMaxAddresses);
}

void IceAgent::set_remote(IceCredentials remote, std::vector<Address> candidates, Time now) {
  remote_ = std::move(remote);
  candidates_ = std::move(candidates);
  if (role_ == Role::controlling) {
    next_check_ = now;
    interval_ = kCheckInterval;
  }
}

void IceAgent::restart() {
  previous_ = std::exchange(local_, IceCredentials::random());
  previous_remote_ufrag_ = remote_.ufrag;
}

std::optional<Drop> IceAgent::receive(const Address& source, Bytes datagram, Time now) {
  const auto message = stun::parse(datagram);
  if (!message) return message.drop();
  if (message->method != stun::kBinding) return Drop::stun_unexpected;
  if (message->kind == stun::Class::request) return answer(source, datagram, *message, now);
  if (message->kind == stun::Class::indication) return Drop::stun_unexpected;
  return take_response(source, datagram, *message, now);
}

/// The credentials of ours that "ours:theirs" names.
const IceCredentials* IceAgent::addressed(const stun::Message& message) const {
  const std::size_t colon = message.username.find(':');
  if (colon == std::string_view::npos) return nullptr;
  const std::string_view ours = message.username.substr(0, colon);
  const std::string_view theirs = message.username.substr(colon + 1);
  if (ours == local_.ufrag && theirs == remote_.ufrag) return &local_;
  const bool old = previous_ && ours == previous_->ufrag && theirs == previous_remote_ufrag_;
  return old ? &*previous_ : nullptr;
}

std::optional<Drop> IceAgent::answer(const Address& source, Bytes datagram,
                                     const stun::Message& message, Time now) {
  const IceCredentials* credentials = addressed(message);
  if (credentials == nullptr) return Drop::stun_unknown_user;
  if (!stun::has_integrity(datagram, message, credentials->pwd)) return Drop::stun_bad_integrity;
  stun::Writer success(stun::Class::success, message.transaction);
  stun::Writer failure(stun::Class::error, message.transaction);
  const auto refuse = [&](int code) {
    output_->send_to(source, failure.error(code, message.unknown).finish(credentials->pwd));
    return Drop::stun_unexpected;
  };
  if (message.unknown != 0) return refuse(stun::kUnknownAttribute);
  // Only one side controls, and it is never a lite one.
  const bool same_role = role_ == Role::lite ? message.controlled : message.controlling;
  if (same_role) return refuse(stun::kRoleConflict);
  if (!message.has_priority || !message.has_fingerprint) return refuse(stun::kBadRequest);
  output_->send_to(source, success.mapped(source).finish(credentials->pwd));
  if (credentials == &local_) previous_.reset();
  remember(source, now);
  if (message.use_candidate || !selected_) selected_ = source;
  return std::nullopt;
}

void IceAgent::remember(const Address& source, Time now) {
  last_consent_ = now;
  auto known = std::ranges::find(sources_, source, &Source::address);
  if (known != sources_.end()) {
    known->last_check = now;
    return;
  }
  if (sources_.size() == kMaxAddresses) {
    // The selected address goes last, whenever it was checked.
    const auto oldest = std::ranges::min_element(sources_, {}, [this](const Source& kept) {
      return std::pair(kept.address == selected_, kept.last_check);
    });
    sources_.erase(oldest);
  }
  sources_.push_back({source, now});
}

std::optional<Drop> IceAgent::take_response(const Address& source, Bytes datagram,
                                            const stun::Message& message, Time now) {
  if (role_ == Role::lite || !check_ || message.transaction != *check_) {
    return Drop::stun_unexpected;
  }
  if (!stun::has_integrity(datagram, message, remote_.pwd)) return Drop::stun_bad_integrity;
  const bool asked = std::ranges::find(candidates_, source) != candidates_.end();
  if (message.kind != stun::Class::success || !asked) return Drop::stun_unexpected;
  remember(source, now);
  check_.reset();
  selected_ = source;
  interval_ = kConsentInterval;
  next_check_ = now + interval_;
  return std::nullopt;
}

bool IceAgent::verified(const Address& source) const {
  return std::ranges::find(sources_, source, &Source::address) != sources_.end();
}

void IceAgent::follow(const Address& source) {
  if (role_ == Role::lite && selected_ != source && verified(source)) selected_ = source;
}

void IceAgent::send_check(const Address& to) {
  stun::Writer request(stun::Class::request, *check_);
  output_->send_to(to, request.username(remote_.ufrag + ":" + local_.ufrag)
                           .priority(kPriority)
                           .controlling(tie_breaker_)
                           .use_candidate()
                           .finish(remote_.pwd));
}

void IceAgent::advance(Time now) {
  if (now < next_check_) return;
  check_.emplace();
  fill_random(*check_);
  if (selected_) {
    send_check(*selected_);
    interval_ = kRetryInterval;  // unless it is answered
  } else {
    for (const Address& candidate : candidates_) send_check(candidate);
  }
  next_check_ = now + interval_;
  interval_ = std::min(interval_ * 2, kConsentInterval);
}

}  // namespace remotemedia::rtc

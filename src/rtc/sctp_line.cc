#include "rtc/sctp_line.h"

#include <algorithm>
#include <utility>

namespace remotemedia::rtc {

void SctpLines::add(std::shared_ptr<SctpLine> line) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  waiting_.push_back(std::move(line));
  if (waiting_.size() == 1) wake_();
}

std::vector<std::shared_ptr<SctpLine>> SctpLines::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void SctpLines::close() {
  std::vector<std::shared_ptr<SctpLine>> last;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  last.swap(waiting_);
}

SctpLine::SctpLine(const SctpSettings& settings, std::shared_ptr<SctpLines> lines,
                   std::function<void()> on_waiting)
    : settings_(settings), lines_(std::move(lines)), on_waiting_(std::move(on_waiting)) {}

void SctpLine::begin() {
  const std::lock_guard lock(mutex_);
  show();
}

/// Under the lock.
void SctpLine::show() {
  if (!std::exchange(shown_, true)) lines_->add(shared_from_this());
}

/// Under the lock.
bool SctpLine::take_room(const SctpRequest& request) {
  if (request.kind == SctpRequest::Kind::reset) return true;  // no more than streams
  if (request.kind == SctpRequest::Kind::receive) {
    if (packets_in_ == kMaxPackets) return false;
    ++packets_in_;
    return true;
  }
  if (messages_ == kMaxMessages || request.bytes.size() > kSctpQueue - message_bytes_) return false;
  ++messages_;
  message_bytes_ += request.bytes.size();
  resetting_.reset(request.stream);
  return true;
}

bool SctpLine::ask(SctpRequest request) {
  const std::lock_guard lock(mutex_);
  if (!take_room(request)) return false;
  if (request.kind == SctpRequest::Kind::reset) {
    if (resetting_.test(request.stream)) return true;
    resetting_.set(request.stream);
  }
  requests_.push_back(std::move(request));
  show();
  return true;
}

std::vector<SctpEvent> SctpLine::take() {
  if (!has_events_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  has_events_.store(false, std::memory_order_relaxed);
  packets_out_ = 0;
  return std::exchange(events_, {});
}

void SctpLine::hang_up() {
  const std::lock_guard lock(mutex_);
  on_waiting_ = nullptr;
  show();
}

std::optional<std::vector<SctpRequest>> SctpLine::take_requests() {
  const std::lock_guard lock(mutex_);
  if (!on_waiting_) return std::nullopt;
  shown_ = false;
  packets_in_ = 0;
  return std::exchange(requests_, {});
}

void SctpLine::note_done(const SctpRequest& request) {
  const std::lock_guard lock(mutex_);
  if (request.kind == SctpRequest::Kind::reset) {
    resetting_.reset(request.stream);
  } else {
    --messages_;
    message_bytes_ -= request.bytes.size();
  }
}

void SctpLine::tell(std::vector<SctpEvent> events) {
  const std::lock_guard lock(mutex_);
  if (!on_waiting_) return;
  const bool told = !events_.empty();
  for (SctpEvent& event : events) {
    if (event.kind == SctpEvent::Kind::packet && ++packets_out_ > kMaxPackets) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    } else {
      events_.push_back(std::move(event));
    }
  }
  if (told || events_.empty()) return;
  has_events_.store(true, std::memory_order_relaxed);
  on_waiting_();
}

}  // namespace remotemedia::rtc

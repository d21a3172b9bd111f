#include "server/sctp_thread.h"

#include "server/clock.h"
#include "server/pace.h"

namespace remotemedia::server {

SctpThread::SctpThread() : worker_(std::make_shared<rtc::SctpWorker>([this] { wake(asked_); })) {}

SctpThread::~SctpThread() { stop(); }

void SctpThread::start() {
  thread_ = std::thread([this] { run(); });
}

void SctpThread::stop() {
  wake(stopped_);
  if (thread_.joinable()) thread_.join();
}

void SctpThread::wake(bool& reason) {
  {
    const std::lock_guard lock(mutex_);
    reason = true;
  }
  woken_.notify_one();
}

void SctpThread::run() {
  std::unique_lock lock(mutex_);
  Time next_turn{};
  while (!stopped_) {
    // What comes alone is done at once; what many sessions ask for, in few turns.
    woken_.wait_for(lock, next_turn - steady_now(), [this] { return stopped_; });
    next_turn = steady_now() + Pace::kLongTick;
    asked_ = false;
    lock.unlock();
    worker_->run(steady_now());
    const Time next = worker_->next_timeout();
    lock.lock();
    const auto is_woken = [this] { return asked_ || stopped_; };
    if (next == Time::max()) {
      woken_.wait(lock, is_woken);
    } else {
      woken_.wait_for(lock, next - steady_now(), is_woken);
    }
  }
}

}  // namespace remotemedia::server

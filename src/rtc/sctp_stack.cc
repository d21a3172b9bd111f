#include "rtc/sctp_stack.h"

#include "remotemedia/base/thread_scheduling.h"

#include <thread>
#include <usrsctp.h>
#include <utility>

namespace remotemedia::rtc {
namespace {

// What one association of 1 MiB may have in packets, most of which are full.
constexpr std::uint32_t kMaxChunks = 1'024;
constexpr std::size_t kFreeIds = 64;
constexpr Time kNewCount = std::chrono::seconds(1);

}  // namespace

void SctpOutbox::push(Bytes packet) {
  const std::lock_guard lock(mutex_);
  if (packets_.size() == kMaxPackets) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  } else {
    packets_.emplace_back(packet.begin(), packet.end());
    empty_.store(false, std::memory_order_relaxed);
  }
}

SctpOutbox::Packets SctpOutbox::take() {
  if (empty_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  empty_.store(true, std::memory_order_relaxed);
  return std::exchange(packets_, {});
}

SctpStack& SctpStack::instance() {
  static auto* const the_one = new SctpStack;
  return *the_one;
}

SctpStack::SctpStack() {
  // It starts a thread all the same, which would inherit a shard's processor and priority.
  std::thread([] {
    restore_thread_scheduling();
    usrsctp_init_nothreads(0, on_packet, nullptr);
  }).join();
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(kMaxChunks);
}

std::uintptr_t SctpStack::add(std::shared_ptr<SctpOutbox> outbox) {
  std::uintptr_t id = 0;
  if (free_ids_.size() > kFreeIds) {
    id = free_ids_.front();
    free_ids_.pop_front();
  } else {
    id = ++last_id_;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): usrsctp takes an address, and never reads there
    usrsctp_register_address(reinterpret_cast<void*>(id));
  }
  outboxes_.emplace(id, std::move(outbox));
  return id;
}

void SctpStack::remove(std::uintptr_t id) {
  outboxes_.erase(id);
  free_ids_.push_back(id);
}

int SctpStack::on_packet(void* id, void* bytes, std::size_t size, std::uint8_t, std::uint8_t) {
  // usrsctp may hold an association for a while after its owner has gone.
  const auto& outboxes = instance().outboxes_;
  const auto found = outboxes.find(reinterpret_cast<std::uintptr_t>(id));
  if (found != outboxes.end()) {
    found->second->push({static_cast<const std::uint8_t*>(bytes), size});
  }
  return 0;
}

void SctpStack::advance(Time now) {
  const std::unique_lock guard(mutex_, std::try_to_lock);
  if (!guard.owns_lock()) return;
  if (now < last_ - kNewCount) last_ = now;
  if (now < last_ + kTick) return;
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - last_);
  last_ += elapsed;  // the rest of a millisecond is not lost
  usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
}

}  // namespace remotemedia::rtc

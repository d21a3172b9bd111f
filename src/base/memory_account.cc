#include "remotemedia/base/memory_account.h"

#include <utility>

namespace remotemedia {
namespace {

// Of plain type: read for each buffer, it needs no initialisation per thread.
thread_local const std::shared_ptr<MemoryAccount>* current_account = nullptr;

}  // namespace

void MemoryAccount::take(std::size_t bytes) noexcept {
  total_.fetch_add(bytes, std::memory_order_relaxed);
  const std::uint64_t alive = alive_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < alive && !peak_.compare_exchange_weak(peak, alive, std::memory_order_relaxed)) {
  }
}

void MemoryAccount::give_back(std::size_t bytes) noexcept {
  alive_.fetch_sub(bytes, std::memory_order_relaxed);
}

std::uint64_t MemoryAccount::total_bytes() const noexcept {
  return total_.load(std::memory_order_relaxed);
}

std::uint64_t MemoryAccount::peak_bytes() const noexcept {
  return peak_.load(std::memory_order_relaxed);
}

std::shared_ptr<MemoryAccount> MemoryAccount::current() noexcept {
  return current_account == nullptr ? nullptr : *current_account;
}

MemoryAccount::Scope::Scope() noexcept : outer_(std::exchange(current_account, nullptr)) {}

MemoryAccount::Scope::Scope(const std::shared_ptr<MemoryAccount>& account) noexcept
    : outer_(std::exchange(current_account, &account)) {}

MemoryAccount::Scope::~Scope() { current_account = outer_; }

}  // namespace remotemedia

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace remotemedia {

/// Counts the bytes of audio buffers that were taken on behalf of one node: all of them, and the
/// most that were alive at one time. A buffer is on the account that was current on its thread when
/// it was allocated, until its last copy is gone, on whatever thread that happens. Any thread may
/// call every member; nothing locks.
class MemoryAccount {
 public:
  void take(std::size_t bytes) noexcept;
  void give_back(std::size_t bytes) noexcept;

  /// All that was taken so far.
  [[nodiscard]] std::uint64_t total_bytes() const noexcept;
  /// The most that was taken and not yet given back.
  [[nodiscard]] std::uint64_t peak_bytes() const noexcept;

  /// The account of what runs on this thread now; null if there is none.
  static std::shared_ptr<MemoryAccount> current() noexcept;

  /// While it lives, `account` is the current one of this thread; without one, or with a null
  /// pointer, none is. The pointer it is given must outlive it. Scopes nest.
  class Scope {
   public:
    Scope() noexcept;
    explicit Scope(const std::shared_ptr<MemoryAccount>& account) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const std::shared_ptr<MemoryAccount>* outer_;
  };

 private:
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> alive_{0};
  std::atomic<std::uint64_t> peak_{0};
};

}  // namespace remotemedia

#include "remotemedia/base/memory_account.h"

#include "remotemedia/base/audio_buffer.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

namespace remotemedia {
namespace {

AudioBuffer buffer_of(std::size_t frames) {
  return AudioBuffer::allocate(SampleFormat::f32, 2, frames, 16'000);
}

TEST(MemoryAccount, CountsBuffersThatAreTakenInItsScopeOnly) {
  const auto account = std::make_shared<MemoryAccount>();
  const AudioBuffer before = buffer_of(10);
  {
    const MemoryAccount::Scope scope(account);
    const AudioBuffer inside = buffer_of(100);
    const MemoryAccount::Scope none;
    const AudioBuffer elsewhere = buffer_of(1'000);
  }
  const AudioBuffer after = buffer_of(10);
  EXPECT_EQ(account->total_bytes(), 100U * 2 * sizeof(float));
  EXPECT_EQ(account->peak_bytes(), 100U * 2 * sizeof(float));
}

TEST(MemoryAccount, PeakIsTheMostThatIsAliveAtOneTime) {
  const auto account = std::make_shared<MemoryAccount>();
  const MemoryAccount::Scope scope(account);
  for (int i = 0; i < 5; ++i) {
    const AudioBuffer one = buffer_of(100);
    const AudioBuffer two = buffer_of(50);
  }
  EXPECT_EQ(account->total_bytes(), 5U * 150 * 2 * sizeof(float));
  EXPECT_EQ(account->peak_bytes(), 150U * 2 * sizeof(float));
}

TEST(MemoryAccount, ABufferIsAliveUntilItsLastCopyIsGone) {
  const auto account = std::make_shared<MemoryAccount>();
  const MemoryAccount::Scope scope(account);
  std::optional<AudioBuffer> whole = buffer_of(100);
  std::optional<AudioBuffer> part = whole->slice(10, 5);
  whole.reset();
  buffer_of(100);
  EXPECT_EQ(account->peak_bytes(), 2U * 100 * 2 * sizeof(float)) << "the slice holds the memory";
  part.reset();
  buffer_of(150);
  EXPECT_EQ(account->peak_bytes(), 2U * 100 * 2 * sizeof(float));
}

TEST(MemoryAccount, BuffersOutliveScopeAndAccountHolderOnAnyThread) {
  auto account = std::make_shared<MemoryAccount>();
  const std::weak_ptr<MemoryAccount> watched = account;
  std::optional<AudioBuffer> kept;
  {
    const MemoryAccount::Scope scope(account);
    kept = buffer_of(100);
    std::thread([&] {
      EXPECT_EQ(MemoryAccount::current(), nullptr) << "of another thread";
    }).join();
  }
  account.reset();
  EXPECT_FALSE(watched.expired());
  std::thread([&] { kept.reset(); }).join();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace remotemedia

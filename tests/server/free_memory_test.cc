// When the process gives free memory back to the system.

#include "base/thread_blocks.h"
#include "server/serving.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>

#ifdef __GLIBC__

namespace remotemedia::server {
namespace {

std::atomic<int> trims = 0;
std::atomic<int> idles = 0;
std::atomic<int> idles_at_trim = 0;
std::atomic<int> nodes_alive = 0;
std::atomic<bool> may_end = false;
std::atomic<const ThreadBlocks*> blocks_of_shard = nullptr;
std::atomic<int> nodes_at_trim = 0;
std::atomic<std::size_t> kept_by_shard_at_trim = 0;

/// Ends when it may.
class WaitingNode final : public NodeExecutor {
 public:
  WaitingNode() { ++nodes_alive; }
  ~WaitingNode() override { --nodes_alive; }
  WaitingNode(const WaitingNode&) = delete;
  WaitingNode& operator=(const WaitingNode&) = delete;

  void process(Packet packet, Emitter& out) override {
    blocks_of_shard = &ThreadBlocks::of_this_thread();
    out.emit(std::move(packet));
  }
  void cleanup() noexcept override { may_end.wait(false); }
};

}  // namespace
}  // namespace remotemedia::server

/// Instead of the C library's.
extern "C" int malloc_trim(std::size_t /*pad*/) noexcept {
  using namespace remotemedia::server;
  nodes_at_trim = nodes_alive.load();
  if (const auto* blocks = blocks_of_shard.load()) kept_by_shard_at_trim = blocks->bytes();
  idles_at_trim = idles.load();
  ++trims;
  return 0;
}

namespace remotemedia::server {
namespace {

using FreeMemory = test::Serving;

TEST_F(FreeMemory, GoesBackWhenNothingOfTheLastSessionIsLeft) {
  const NodeRegistry registry = test::only<WaitingNode>("WaitingNode");
  ServerOptions options = test::loopback_options();
  options.receive_rate = options.send_rate = 16'000;
  start([&](const std::string&) { return test::one_node("WaitingNode", "{}", registry); }, options,
        {.on_idle = [] { ++idles; }});
  test::Client client;
  hears_itself(client);
  ASSERT_NE(blocks_of_shard.load(), nullptr);
  trims = idles = 0;
  client.close();
  const bool gone = client.run_until([&] { return sessions() == 0; });
  may_end = true;
  may_end.notify_all();
  ASSERT_TRUE(gone);
  ASSERT_TRUE(client.run_until([&] { return trims > 0; }));
  EXPECT_EQ(nodes_at_trim, 0);
  EXPECT_EQ(kept_by_shard_at_trim, 0U);
  EXPECT_EQ(idles_at_trim, 1);
  server_.reset();
  EXPECT_EQ(trims, 1);
}

}  // namespace
}  // namespace remotemedia::server

#endif

// When the process gives free memory back to the system.

#include "base/thread_blocks.h"
#include "server/serving.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#ifdef __GLIBC__

namespace remotemedia::server {
namespace {

std::atomic<int> trims = 0;
std::atomic<int> nodes_alive = 0;
std::atomic<const ThreadBlocks*> blocks_of_shard = nullptr;
std::atomic<int> nodes_at_trim = 0;
std::atomic<std::size_t> kept_by_shard_at_trim = 0;

/// Takes its time to end.
class SlowToEndNode final : public NodeExecutor {
 public:
  SlowToEndNode() { ++nodes_alive; }
  ~SlowToEndNode() override { --nodes_alive; }
  SlowToEndNode(const SlowToEndNode&) = delete;
  SlowToEndNode& operator=(const SlowToEndNode&) = delete;

  void process(Packet packet, Emitter& out) override {
    blocks_of_shard = &ThreadBlocks::of_this_thread();
    out.emit(std::move(packet));
  }
  void cleanup() noexcept override { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }
};

}  // namespace
}  // namespace remotemedia::server

/// Instead of the C library's.
extern "C" int malloc_trim(std::size_t /*pad*/) noexcept {
  using namespace remotemedia::server;
  nodes_at_trim = nodes_alive.load();
  if (const auto* blocks = blocks_of_shard.load()) kept_by_shard_at_trim = blocks->bytes();
  ++trims;
  return 0;
}

namespace remotemedia::server {
namespace {

using FreeMemory = test::Serving;

TEST_F(FreeMemory, GoesBackWhenNothingOfTheLastSessionIsLeft) {
  const NodeRegistry registry = test::only<SlowToEndNode>("SlowToEndNode");
  ServerOptions options = test::loopback_options();
  options.receive_rate = options.send_rate = 16'000;
  start([&](const std::string&) { return test::one_node("SlowToEndNode", "{}", registry); },
        options);
  test::Client client;
  hears_itself(client);
  ASSERT_NE(blocks_of_shard.load(), nullptr);
  trims = 0;
  client.close();
  ASSERT_TRUE(client.run_until([&] { return trims > 0; }));
  EXPECT_EQ(nodes_at_trim, 0);
  EXPECT_EQ(kept_by_shard_at_trim, 0U);
  server_.reset();
  EXPECT_EQ(trims, 1);
}

}  // namespace
}  // namespace remotemedia::server

#endif

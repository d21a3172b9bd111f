#include "server/peer_pipeline.h"

#include "remotemedia/graph/manifest.h"
#include "remotemedia/nodes/builtin.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace remotemedia::server {
namespace {

std::shared_ptr<const Graph> chain(const std::vector<std::string>& nodes) {
  std::string list;
  std::string connections;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string id = "n" + std::to_string(i);
    list += (i == 0 ? "" : ",") + std::string("{\"id\":\"") + id + "\"," + nodes[i] + "}";
    if (i == 0) continue;
    connections += (i == 1 ? "" : ",") + std::string("{\"from\":\"n") + std::to_string(i - 1) +
                   "\",\"to\":\"" + id + "\"}";
  }
  const std::string text = R"({"version":"v1","metadata":{"name":"chain"},"nodes":[)" + list +
                           R"(],"connections":[)" + connections + "]}";
  return Graph::build(parse_manifest(text, TextFormat::json), builtin_nodes());
}

const std::string kTo16 =
    R"("node_type":"AudioResampleNode","params":{"target_sample_rate":16000})";
const std::string kTo44 =
    R"("node_type":"AudioResampleNode","params":{"target_sample_rate":44100})";
const std::string kVad8 = R"("node_type":"VADNode","params":{"sample_rate":8000})";
const std::string kPass = R"("node_type":"PassThroughNode","params":{})";
const std::string kSilero = R"("node_type":"SileroVADNode","params":{})";

TEST(InputRate, IsWhatTheFirstNodeTakesAsItIs) {
  EXPECT_EQ(input_rate(*chain({kTo16})), 16'000);
  EXPECT_EQ(input_rate(*chain({kVad8})), 8'000);
  EXPECT_EQ(input_rate(*chain({kSilero})), 16'000);
  EXPECT_EQ(input_rate(*chain({kPass})), 48'000);
  EXPECT_EQ(input_rate(*chain({kTo44})), 48'000);
}

TEST(OutputRate, IsTheLowestOfOpusThatKeepsWhatTheGraphGives) {
  EXPECT_EQ(output_rate(*chain({kTo16, kPass}), 16'000), 16'000);
  EXPECT_EQ(output_rate(*chain({kPass}), 48'000), 48'000);
  EXPECT_EQ(output_rate(*chain({kTo44}), 48'000), 48'000);
  EXPECT_EQ(output_rate(*chain({kVad8}), 8'000), 8'000);
}

TEST(Accepts, TellsWhatEveryInputNodeTakes) {
  EXPECT_TRUE(accepts(*chain({kTo16}), PayloadKind::audio));
  EXPECT_FALSE(accepts(*chain({kTo16}), PayloadKind::text));
  EXPECT_TRUE(accepts(*chain({kPass}), PayloadKind::text));
}

SessionSource running(std::shared_ptr<const Graph> graph) {
  return [graph = std::move(graph)](SessionOptions options, Session::Sink sink) {
    return std::make_unique<Session>(graph, std::move(options), std::move(sink));
  };
}

Packet text(const std::string& words) {
  Packet packet;
  packet.payload = words;
  return packet;
}

TEST(PeerPipeline, ResultsWaitUntilTheyAreTakenAndTheOldestGo) {
  PeerPipeline pipeline(running(chain({kPass})), "s",
                        [] { FAIL() << "nothing came from another thread"; });
  for (std::size_t i = 0; i < PeerPipeline::kMaxResults + 3; ++i) {
    pipeline.push(text(std::to_string(i)));
  }
  const auto results = pipeline.take();
  ASSERT_EQ(results.size(), PeerPipeline::kMaxResults);
  EXPECT_EQ(*results.front().text(), "3");
  EXPECT_EQ(pipeline.dropped_results(), 3U);
  EXPECT_TRUE(pipeline.take().empty());
}

TEST(PeerPipeline, CancelForgetsResultsThatWait) {
  PeerPipeline pipeline(running(chain({kPass})), "s", [] {});
  pipeline.push(text("old"));
  pipeline.cancel();
  EXPECT_TRUE(pipeline.take().empty());
  pipeline.push(text("new"));
  const auto results = pipeline.take();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(*results.front().text(), "new");
}

/// Gives its text back from a thread of its own.
class EchoNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override { out.emit(std::move(packet)); }
};

std::shared_ptr<const Graph> offloaded_echo() {
  NodeType type;
  type.name = "EchoNode";
  type.offloaded = true;
  type.make = [](const Parameters&) { return std::make_unique<EchoNode>(); };
  NodeRegistry registry;
  registry.add(type);
  return Graph::build(
      parse_manifest(
          R"({"version":"v1","metadata":{"name":"e"},"nodes":[{"id":"e","node_type":"EchoNode"}]})",
          TextFormat::json),
      registry);
}

TEST(PeerPipeline, ResultsOfAnotherThreadAreToldOf) {
  std::mutex mutex;
  std::condition_variable told;
  bool waiting = false;
  PeerPipeline pipeline(running(offloaded_echo()), "s", [&] {
    const std::lock_guard lock(mutex);
    waiting = true;
    told.notify_one();
  });
  pipeline.push(text("hello"));
  std::unique_lock lock(mutex);
  ASSERT_TRUE(told.wait_for(lock, std::chrono::seconds(30), [&] { return waiting; }));
  const auto results = pipeline.take();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(*results.front().text(), "hello");
}

}  // namespace
}  // namespace remotemedia::server

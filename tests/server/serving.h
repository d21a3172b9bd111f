#pragma once

#include "remotemedia/graph/manifest.h"
#include "remotemedia/nodes/builtin.h"
#include "remotemedia/server/server.h"
#include "server/loopback.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace remotemedia::server::test {

inline constexpr const char* kSdpType = "Content-Type: application/sdp\r\n";

inline std::shared_ptr<const Graph> one_node(const std::string& type, const std::string& params,
                                             const NodeRegistry& registry = builtin_nodes()) {
  return Graph::build(
      parse_manifest(
          R"({"version":"v1","metadata":{"name":"one"},"nodes":[{"id":"node","node_type":")" +
              type + R"(","params":)" + params + "}]}",
          TextFormat::json),
      registry);
}

inline GraphSource resampler() {
  return [](const std::string&) {
    return one_node("AudioResampleNode", R"({"target_sample_rate":16000})");
  };
}

inline ServerOptions loopback_options() {
  ServerOptions options;
  options.port = 0;
  options.shards = 2;
  return options;
}

/// One server of a test.
class Serving : public testing::Test {
 protected:
  void start(GraphSource graphs, ServerOptions options = loopback_options(),
             SessionListener listener = {}) {
    server_.emplace(std::move(options), std::move(graphs), std::move(listener));
    server_->start();
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::size_t sessions() const { return server_->connections().size(); }
  static bool connected(const Client& client) {
    return client.state() == rtc::EndpointState::connected;
  }
  void hears_itself(Client& client) {
    ASSERT_EQ(client.connect(port()).status, 200);
    ASSERT_TRUE(client.run_until([&] { return client.heard.size() > 32'000; })) << client.problem;
    // On a busy machine some of it comes too late; the tones of others are farther away.
    EXPECT_NEAR(frequency_of(client.heard, 16'000), client.tone_hz, 60);
  }

  std::optional<Server> server_;
};

/// A registry of this type only.
template <typename Node>
NodeRegistry only(const std::string& name) {
  NodeRegistry registry;
  NodeType type;
  type.name = name;
  type.make = [](const Parameters&) { return std::make_unique<Node>(); };
  registry.add(type);
  return registry;
}

}  // namespace remotemedia::server::test

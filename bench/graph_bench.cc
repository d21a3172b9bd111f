// What the graph adds to the work of its nodes, and what the speech chain costs as a whole.

#include "bench/blocks.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/graph/trace.h"
#include "remotemedia/nodes/builtin.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace remotemedia::bench {
namespace {

constexpr const char* kSpeechChain = R"({
  "version": "v1", "metadata": {"name": "speech"},
  "nodes": [
    {"id": "rate", "node_type": "AudioResampleNode", "params": {"target_sample_rate": 16000}},
    {"id": "vad", "node_type": "VADNode", "params": {"sample_rate": 16000}},
    {"id": "pcm", "node_type": "FormatConverterNode", "params": {"target_format": "i16"}}],
  "connections": [{"from": "rate", "to": "vad"}, {"from": "vad", "to": "pcm"}]})";

std::shared_ptr<const Graph> speech_chain() {
  return Graph::build(parse_manifest(kSpeechChain, TextFormat::json), builtin_nodes());
}

std::shared_ptr<const Graph> pass_through_chain(int length) {
  Manifest manifest;
  manifest.name = "pass_through";
  for (int i = 0; i < length; ++i) {
    ManifestNode node;
    node.id = fmt::format("n{}", i);
    node.node_type = "PassThroughNode";
    if (i > 0) {
      ManifestConnection& connection = manifest.connections.emplace_back();
      connection.from = manifest.nodes.back().id;
      connection.to = node.id;
    }
    manifest.nodes.push_back(std::move(node));
  }
  return Graph::build(manifest, builtin_nodes());
}

void push_blocks(benchmark::State& state, const std::shared_ptr<const Graph>& graph, bool metrics,
                 const std::shared_ptr<TraceRecorder>& trace = nullptr) {
  constexpr int kRate = 48'000;
  std::size_t results = 0;
  Session session(graph, {.id = "bench", .enable_metrics = metrics, .trace = trace},
                  [&](const Output&) { ++results; });
  Packet packet;
  packet.payload = tones(kRate, 1, frames_of(kBlockMs, kRate));
  for (auto _ : state) session.push(packet);
  benchmark::DoNotOptimize(results);
  set_audio_ms(state, kBlockMs);
}

void pass_through(benchmark::State& state) {
  push_blocks(state, pass_through_chain(static_cast<int>(state.range(0))), false);
}
BENCHMARK(pass_through)->Name("graph pass-through nodes")->Arg(1)->Arg(10)->Arg(100);

void pass_through_with_metrics(benchmark::State& state) {
  push_blocks(state, pass_through_chain(static_cast<int>(state.range(0))), true);
}
BENCHMARK(pass_through_with_metrics)
    ->Name("graph pass-through nodes, metrics on")
    ->Arg(1)
    ->Arg(10)
    ->Arg(100);

void pass_through_with_trace(benchmark::State& state) {
  push_blocks(state, pass_through_chain(static_cast<int>(state.range(0))), true,
              std::make_shared<TraceRecorder>("bench"));
}
BENCHMARK(pass_through_with_trace)->Name("graph pass-through nodes, metrics and trace on")->Arg(10);

/// A session of pass-through nodes after 1000 blocks.
class Measured {
 public:
  explicit Measured(int nodes)
      : session_(pass_through_chain(nodes), {.id = "bench"}, [](const Output&) {}) {
    for (int i = 0; i < 1'000; ++i) session_.push(Packet{});
  }
  [[nodiscard]] Metrics metrics() const { return session_.metrics(); }

 private:
  Session session_;
};

void metrics_as_json(benchmark::State& state) {
  const Measured measured(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(metrics_to_json(measured.metrics()));
}
BENCHMARK(metrics_as_json)->Name("graph metrics of pass-through nodes as JSON")->Arg(10)->Arg(100);

void metrics_as_prometheus(benchmark::State& state) {
  const Measured measured(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(metrics_to_prometheus(measured.metrics()));
}
BENCHMARK(metrics_as_prometheus)
    ->Name("graph metrics of pass-through nodes for Prometheus")
    ->Arg(100);

void speech_block_unmeasured(benchmark::State& state) { push_blocks(state, speech_chain(), false); }
BENCHMARK(speech_block_unmeasured)->Name("graph 48000 -> 16000, VAD, i16");

void speech_block(benchmark::State& state) { push_blocks(state, speech_chain(), true); }
BENCHMARK(speech_block)->Name("graph 48000 -> 16000, VAD, i16, metrics on");

void build_from_text(benchmark::State& state) {
  static_cast<void>(builtin_nodes());
  for (auto _ : state) benchmark::DoNotOptimize(speech_chain());
}
BENCHMARK(build_from_text)->Name("graph of three nodes from its JSON text");

}  // namespace
}  // namespace remotemedia::bench

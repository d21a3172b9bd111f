#include "graph/node_meter.h"

#include "graph/fakes.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::node;
using test::wire;

AudioBuffer buffer_of(std::size_t frames) {
  return AudioBuffer::allocate(SampleFormat::f32, 1, frames, 16'000);
}

Packet audio_packet(std::size_t frames) {
  Packet packet;
  packet.payload = buffer_of(frames);
  return packet;
}

/// Emits `count` new buffers of 100 frames per packet; at the end one more.
NodeType maker_type(int count) {
  return test::type_of("Maker", Behaviour{.process =
                                              [count](const Packet& packet, Emitter& out) {
                                                for (int i = 0; i < count; ++i) {
                                                  out.emit(packet.with(buffer_of(100)));
                                                }
                                              },
                                          .flush =
                                              [](Emitter& out) {
                                                Packet last;
                                                last.payload = buffer_of(100);
                                                out.emit(last);
                                              }});
}

Metrics run(
    const std::vector<NodeType>& types, Manifest manifest, bool enable_metrics = true,
    const Session::Sink& sink = [](const Output&) {}) {
  Session session(Graph::build(manifest, test::registry_of(types)),
                  {.enable_metrics = enable_metrics}, sink);
  session.push(audio_packet(1'000));
  session.push(audio_packet(1'000));
  session.finish();
  return session.metrics();
}

TEST(NodeMeter, CountsTheBuffersOfEachNodeAndNotItsInput) {
  const Metrics metrics =
      run({maker_type(3), test::type_of("Pass")},
          manifest_of({node("m", "Maker"), node("p", "Pass")}, {wire("m", "p")}));
  EXPECT_EQ(metrics.nodes[0].allocated_bytes, (2U * 3 + 1) * 400);
  EXPECT_EQ(metrics.nodes[0].peak_memory_bytes, 3U * 400) << "they leave before the next packet";
  EXPECT_EQ(metrics.nodes[1].allocated_bytes, 0U) << "it passes on what it gets";
  EXPECT_EQ(metrics.nodes[1].peak_memory_bytes, 0U);
}

TEST(NodeMeter, LeavesOutWhatTheSinkAndLaterNodesTakeInsideOfEmit) {
  std::vector<AudioBuffer> kept;
  NodeType late = maker_type(1);
  late.name = "Late";
  const Metrics metrics =
      run({maker_type(64), late},
          manifest_of({node("m", "Maker"), node("l", "Late")}, {wire("m", "l")}), true,
          [&](const Output&) { kept.push_back(buffer_of(5'000)); });
  EXPECT_EQ(metrics.nodes[0].allocated_bytes, (2U * 64 + 1) * 400);
  EXPECT_EQ(metrics.nodes[1].allocated_bytes, (2U * 64 + 1 + 1) * 400);
}

TEST(NodeMeter, PeakHoldsWhatTheReceiverKeeps) {
  std::vector<Packet> kept;
  const Metrics metrics = run({maker_type(3)}, manifest_of({node("m", "Maker")}, {}), true,
                              [&](const Output& output) { kept.push_back(output.packet); });
  EXPECT_EQ(metrics.nodes[0].peak_memory_bytes, (2U * 3 + 1) * 400);
}

TEST(NodeMeter, SwitchedOffItMeasuresNothing) {
  const Metrics metrics = run({maker_type(3)}, manifest_of({node("m", "Maker")}, {}), false);
  EXPECT_EQ(metrics.nodes[0].allocated_bytes, 0U);
  EXPECT_EQ(metrics.nodes[0].latency.p50, Time{0});
}

TEST(NodeMeter, QuantilesStayWithinTheExactMinimumAndMaximum) {
  NodeMeter meter(true);
  for (const int ns : {1'001, 1'002, 1'003}) meter.add_duration(Time(ns));
  NodeMetrics metrics{.min = Time(1'001), .max = Time(1'003)};
  meter.fill(metrics);
  for (const Time quantile : {metrics.latency.p50, metrics.latency.p95, metrics.latency.p999}) {
    EXPECT_GE(quantile, Time(1'001));
    EXPECT_LE(quantile, Time(1'003));
  }
}

}  // namespace
}  // namespace remotemedia

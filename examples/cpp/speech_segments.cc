// Runs a recording through a graph that holds a VADNode; prints the speech found and the time per
// node.
//
//   speech_segments ../graphs/speech.yaml recording.wav

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <remotemedia/base/error.h>
#include <remotemedia/graph/graph.h>
#include <remotemedia/graph/joiner.h>
#include <remotemedia/graph/session.h>
#include <remotemedia/nodes/builtin.h>
#include <remotemedia/nodes/file_input.h>
#include <stdexcept>
#include <string>

namespace {

namespace rm = remotemedia;

std::shared_ptr<const rm::Graph> load_graph(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open graph '" + path + "'");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const rm::Manifest manifest = rm::parse_manifest(text, rm::guess_format(path, text));
  return rm::Graph::build(manifest, rm::builtin_nodes());
}

void print_segments(const rm::Object& metadata) {
  const rm::Value* segments = metadata.find("speech_segments");
  if (segments == nullptr || segments->as_array() == nullptr) {
    throw std::runtime_error("the results name no speech_segments; put a VADNode into the graph");
  }
  for (const rm::Value& segment : *segments->as_array()) {
    const rm::Value::Array& times = *segment.as_array();
    std::printf("speech %.2f s .. %.2f s\n", times.at(0).number(), times.at(1).number());
  }
}

void print_times(const rm::Metrics& metrics) {
  for (const rm::NodeMetrics& node : metrics.nodes) {
    std::printf("%-12s %-20s %6llu calls %9.3f ms\n", node.node_id.c_str(), node.node_type.c_str(),
                static_cast<unsigned long long>(node.execution_count),
                rm::seconds(node.total) * 1e3);
  }
}

void run(const std::string& graph_path, const std::string& recording) {
  const std::shared_ptr<const rm::Graph> graph = load_graph(graph_path);
  rm::MetadataJoiner metadata(*graph);
  double duration_s = 0;
  rm::Session session(graph, {}, [&](const rm::Output& output) {
    metadata.add(output.packet.metadata);
    if (const rm::AudioBuffer* audio = output.packet.audio()) duration_s += audio->duration_s();
  });
  rm::run_file(session, recording);
  std::printf("audio  %.2f s\n", duration_s);
  print_segments(metadata.result());
  print_times(session.metrics());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: speech_segments GRAPH RECORDING\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "speech_segments: %s\n", error.what());
    return 1;
  }
  return 0;
}

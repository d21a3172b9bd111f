// Streams a recording through a graph as if it came from a microphone: one thread pushes blocks of
// 20 ms, this one takes the results.
//
//   live_blocks ../graphs/speech.yaml recording.wav

#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <remotemedia/graph/graph.h>
#include <remotemedia/graph/live_session.h>
#include <remotemedia/media/audio_file.h>
#include <remotemedia/nodes/builtin.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

namespace rm = remotemedia;

std::shared_ptr<const rm::Graph> load_graph(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open graph '" + path + "'");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const rm::Manifest manifest = rm::parse_manifest(text, rm::guess_format(path, text));
  return rm::Graph::build(manifest, rm::builtin_nodes());
}

void push_blocks(rm::LiveSession& session, const std::string& recording) {
  rm::media::AudioReader reader(recording);
  const auto frames = static_cast<std::size_t>(reader.info().rate) / 50;  // 20 ms
  for (rm::AudioBuffer block = reader.read(frames); !block.empty(); block = reader.read(frames)) {
    rm::Packet packet;
    packet.payload = std::move(block);
    session.push(std::move(packet));
  }
  session.finish();
}

void run(const std::string& graph_path, const std::string& recording) {
  rm::LiveSession session(load_graph(graph_path), {.session = {.lanes = true}});
  std::future<void> pushing = std::async(std::launch::async, [&] {
    try {
      push_blocks(session, recording);
    } catch (...) {
      session.close();  // the iteration below ends
      throw;
    }
  });
  std::size_t results = 0;
  double duration_s = 0;
  for (const rm::Output& output : session) {
    ++results;
    if (const rm::AudioBuffer* audio = output.packet.audio()) duration_s += audio->duration_s();
  }
  pushing.get();
  std::printf("%zu results, %.2f s of audio\n", results, duration_s);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: live_blocks GRAPH RECORDING\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "live_blocks: %s\n", error.what());
    return 1;
  }
  return 0;
}

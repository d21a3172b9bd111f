// Heap that an engine holds after a second of audio, as the allocator counts it. The first engine
// also pays for what all engines of its rates share.

#include "bench/peers/harness.h"

#include <malloc.h>

namespace remotemedia::bench {
namespace {

constexpr int kEngines = 20;

std::size_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::unique_ptr<Engine> used_engine(const Peer& peer, const Job& job, Signal& signal,
                                    Output& output) {
  std::unique_ptr<Engine> engine = make_engine(peer, job);
  const auto block = static_cast<std::size_t>(job.rate) / 100;
  for (std::size_t first = 0; first + block <= signal.frames(); first += block) {
    engine->process(signal.block(first, block), output.room(0));
  }
  return engine;
}

}  // namespace

nlohmann::json measure_memory(const std::vector<Peer>& peers, const Job& job) {
  nlohmann::json result = nlohmann::json::array();
  Signal signal(job.rate, job.channels, static_cast<std::size_t>(job.rate));
  Output output(job, signal.frames());
  for (const Peer& peer : peers) {
    std::vector<std::unique_ptr<Engine>> engines;
    engines.reserve(kEngines);
    const std::size_t before = heap_in_use();
    engines.push_back(used_engine(peer, job, signal, output));
    const std::size_t first = heap_in_use() - before;
    while (engines.size() < kEngines) engines.push_back(used_engine(peer, job, signal, output));
    const std::size_t others = heap_in_use() - before - first;
    result.push_back({{"job", name_of(job)},
                      {"peer", peer.name},
                      {"first_bytes", first},
                      {"next_bytes", others / (kEngines - 1)}});
  }
  return result;
}

}  // namespace remotemedia::bench

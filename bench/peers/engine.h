#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia::bench {

/// One rate change. `mono`: the two channels of the input become one.
struct Job {
  int rate;
  int target_rate;
  int channels;
  bool mono;
  [[nodiscard]] int outputs() const { return mono ? 1 : channels; }
};

/// A block of input in both layouts, so that each library reads the one it is made for.
struct Block {
  const float* const* planar;
  const float* interleaved;
  std::size_t frames;
};

/// Room for output in both layouts; an engine writes to one of them.
struct Room {
  float* const* planar;
  float* interleaved;
  std::size_t frames;
};

/// A stream through one library.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// Whether the output is in Room::interleaved, not in Room::planar.
  [[nodiscard]] virtual bool interleaved() const = 0;
  virtual std::size_t process(const Block& in, const Room& out) = 0;
  /// The rest of the stream, after which the engine is used up.
  virtual std::size_t flush(const Room& out) = 0;
};

/// A library at one of its settings.
struct Peer {
  std::string name;
  std::string library;  ///< with its version
  std::function<std::unique_ptr<Engine>(const Job&)> make;
  bool live = true;  ///< is made for streams, too
};

void add_native(std::vector<Peer>& peers);
void add_soxr(std::vector<Peer>& peers);
void add_samplerate(std::vector<Peer>& peers);
void add_speex(std::vector<Peer>& peers);
void add_swresample(std::vector<Peer>& peers);

/// No library: as even as a block can be on this machine at this time.
Peer constant_work();

/// `peer` for mono output from two channels: mixes in front of a mono stream, as its users must.
std::unique_ptr<Engine> make_mixing(const Peer& peer, const Job& job);

[[noreturn]] void fail(const std::string& what);

}  // namespace remotemedia::bench

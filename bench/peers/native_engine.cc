#include "bench/peers/engine.h"
#include "remotemedia/base/version.h"
#include "remotemedia/dsp/resampler.h"

#include <span>

namespace remotemedia::bench {
namespace {

class NativeEngine : public Engine {
 public:
  NativeEngine(const Job& job, dsp::Quality quality, dsp::ResamplingMode mode)
      : job_(job),
        resampler_({.rate = job.rate,
                    .target_rate = job.target_rate,
                    .channels = job.channels,
                    .quality = quality,
                    .mono = job.mono,
                    .mode = mode}) {}

  [[nodiscard]] bool interleaved() const override { return false; }

  std::size_t process(const Block& in, const Room& out) override {
    return resampler_.process(std::span(in.planar, static_cast<std::size_t>(job_.channels)),
                              in.frames, outputs(out));
  }
  std::size_t flush(const Room& out) override { return resampler_.flush(outputs(out)); }

 private:
  [[nodiscard]] std::span<float* const> outputs(const Room& out) const {
    return {out.planar, static_cast<std::size_t>(job_.outputs())};
  }

  Job job_;
  dsp::Resampler resampler_;
};

}  // namespace

void add_native(std::vector<Peer>& peers) {
  const auto add = [&](const std::string& name, dsp::Quality quality, dsp::ResamplingMode mode) {
    peers.push_back(
        {.name = "remotemedia " + name,
         .library = "remotemedia " + std::string(kVersion),
         .make = [=](const Job& job) { return std::make_unique<NativeEngine>(job, quality, mode); },
         .live = mode == dsp::ResamplingMode::live});
  };
  for (const dsp::Quality quality :
       {dsp::Quality::low, dsp::Quality::medium, dsp::Quality::high, dsp::Quality::very_high}) {
    add(to_string(quality), quality, dsp::ResamplingMode::live);
  }
  add("high, offline", dsp::Quality::high, dsp::ResamplingMode::offline);
}

}  // namespace remotemedia::bench

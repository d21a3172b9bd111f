#include "bench/peers/engine.h"

#include <utility>

namespace remotemedia::bench {
namespace {

class MixingEngine : public Engine {
 public:
  explicit MixingEngine(std::unique_ptr<Engine> mono) : mono_(std::move(mono)) {}

  [[nodiscard]] bool interleaved() const override { return mono_->interleaved(); }

  std::size_t process(const Block& in, const Room& out) override {
    if (mix_.size() < in.frames) mix_.resize(in.frames);
    const float* left = in.planar[0];
    const float* right = in.planar[1];
    for (std::size_t i = 0; i < in.frames; ++i) mix_[i] = 0.5F * (left[i] + right[i]);
    const float* planar[] = {mix_.data()};
    return mono_->process({planar, mix_.data(), in.frames}, out);
  }
  std::size_t flush(const Room& out) override { return mono_->flush(out); }

 private:
  std::unique_ptr<Engine> mono_;
  std::vector<float> mix_;
};

}  // namespace

std::unique_ptr<Engine> make_mixing(const Peer& peer, const Job& job) {
  return std::make_unique<MixingEngine>(peer.make({job.rate, job.target_rate, 1, false}));
}

}  // namespace remotemedia::bench

#include "bench/peers/engine.h"

#include <algorithm>
#include <array>

namespace remotemedia::bench {
namespace {

/// The same multiplications and additions for each block, whatever is in it: about as many
/// microseconds as a resampler takes for 10 ms, from the first-level cache.
class ConstantWork : public Engine {
 public:
  explicit ConstantWork(const Job& job) : job_(job) { values_.fill(1.0F); }

  [[nodiscard]] bool interleaved() const override { return false; }

  std::size_t process(const Block& in, const Room& out) override {
    for (int pass = 0; pass < kPasses; ++pass) {
      for (float& value : values_) value = value * 0.5F + 0.5F;  // stays 1
    }
    const std::size_t frames =
        std::min(out.frames, in.frames * static_cast<std::size_t>(job_.target_rate) /
                                 static_cast<std::size_t>(job_.rate));
    for (int c = 0; c < job_.outputs(); ++c) {
      std::copy_n(values_.begin(), std::min(frames, values_.size()), out.planar[c]);
    }
    return frames;
  }
  std::size_t flush(const Room& /*out*/) override { return 0; }

 private:
  static constexpr int kPasses = 8;

  Job job_;
  std::array<float, 1'024> values_;
};

}  // namespace

Peer constant_work() {
  return {"constant work", "", [](const Job& job) { return std::make_unique<ConstantWork>(job); }};
}

}  // namespace remotemedia::bench

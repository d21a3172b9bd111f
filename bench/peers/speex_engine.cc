#include "bench/peers/engine.h"

#include <speex/speex_resampler.h>
#include <vector>

namespace remotemedia::bench {
namespace {

/// speexdsp aligns its output by skipping zeros at the start, and wants as many at the end.
class SpeexEngine : public Engine {
 public:
  SpeexEngine(const Job& job, int quality) : job_(job) {
    int error = 0;
    state_ = speex_resampler_init(static_cast<spx_uint32_t>(job.channels),
                                  static_cast<spx_uint32_t>(job.rate),
                                  static_cast<spx_uint32_t>(job.target_rate), quality, &error);
    if (state_ == nullptr) fail(std::string("speexdsp: ") + speex_resampler_strerror(error));
    speex_resampler_skip_zeros(state_);
  }
  ~SpeexEngine() override { speex_resampler_destroy(state_); }

  [[nodiscard]] bool interleaved() const override { return true; }

  std::size_t process(const Block& in, const Room& out) override {
    auto frames = static_cast<spx_uint32_t>(in.frames);
    auto done = static_cast<spx_uint32_t>(out.frames);
    const int error = speex_resampler_process_interleaved_float(state_, in.interleaved, &frames,
                                                                out.interleaved, &done);
    if (error != 0) fail(std::string("speexdsp: ") + speex_resampler_strerror(error));
    if (frames != in.frames) fail("speexdsp left input behind");
    return done;
  }
  std::size_t flush(const Room& out) override {
    const auto latency = static_cast<std::size_t>(speex_resampler_get_input_latency(state_));
    const std::vector<float> zeros(latency * static_cast<std::size_t>(job_.channels));
    return process({nullptr, zeros.data(), latency}, out);
  }

 private:
  Job job_;
  SpeexResamplerState* state_;
};

}  // namespace

void add_speex(std::vector<Peer>& peers) {
  for (const int quality : {3, 5, 10}) {
    peers.push_back(
        {"speexdsp q" + std::to_string(quality), "speexdsp " SPEEXDSP_VERSION,
         [quality](const Job& job) { return std::make_unique<SpeexEngine>(job, quality); }});
  }
}

}  // namespace remotemedia::bench

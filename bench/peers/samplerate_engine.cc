#include "bench/peers/engine.h"

#include <samplerate.h>

namespace remotemedia::bench {
namespace {

class SamplerateEngine : public Engine {
 public:
  SamplerateEngine(const Job& job, int converter)
      : ratio_(static_cast<double>(job.target_rate) / job.rate) {
    int error = 0;
    state_ = src_new(converter, job.channels, &error);
    if (state_ == nullptr) fail(std::string("libsamplerate: ") + src_strerror(error));
  }
  ~SamplerateEngine() override { src_delete(state_); }

  [[nodiscard]] bool interleaved() const override { return true; }

  std::size_t process(const Block& in, const Room& out) override {
    return run(in.interleaved, in.frames, out, 0);
  }
  std::size_t flush(const Room& out) override {
    const float nothing[2] = {};
    return run(nothing, 0, out, 1);
  }

 private:
  std::size_t run(const float* in, std::size_t frames, const Room& out, int end) {
    SRC_DATA data{};
    data.data_in = in;
    data.input_frames = static_cast<long>(frames);
    data.data_out = out.interleaved;
    data.output_frames = static_cast<long>(out.frames);
    data.src_ratio = ratio_;
    data.end_of_input = end;
    const int error = src_process(state_, &data);
    if (error != 0) fail(std::string("libsamplerate: ") + src_strerror(error));
    if (data.input_frames_used != data.input_frames) fail("libsamplerate left input behind");
    return static_cast<std::size_t>(data.output_frames_gen);
  }

  double ratio_;
  SRC_STATE* state_;
};

}  // namespace

void add_samplerate(std::vector<Peer>& peers) {
  struct Converter {
    const char* name;
    int value;
  };
  for (const Converter converter : {Converter{"libsamplerate fastest", SRC_SINC_FASTEST},
                                    Converter{"libsamplerate medium", SRC_SINC_MEDIUM_QUALITY},
                                    Converter{"libsamplerate best", SRC_SINC_BEST_QUALITY}}) {
    peers.push_back({converter.name, src_get_version(), [converter](const Job& job) {
                       return std::make_unique<SamplerateEngine>(job, converter.value);
                     }});
  }
}

}  // namespace remotemedia::bench

#include "bench/peers/engine.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <cstdint>
#include <vector>

namespace remotemedia::bench {
namespace {

class SwresampleEngine : public Engine {
 public:
  /// 0 taps: the library's default filter; else a Kaiser window of 13 with that many.
  SwresampleEngine(const Job& job, int taps) : channels_(static_cast<std::size_t>(job.channels)) {
    AVChannelLayout layout;
    av_channel_layout_default(&layout, job.channels);
    check(swr_alloc_set_opts2(&context_, &layout, AV_SAMPLE_FMT_FLTP, job.target_rate, &layout,
                              AV_SAMPLE_FMT_FLTP, job.rate, 0, nullptr));
    if (taps > 0) {
      check(av_opt_set_int(context_, "filter_size", taps, 0));
      check(av_opt_set(context_, "filter_type", "kaiser", 0));
      check(av_opt_set_double(context_, "kaiser_beta", 13, 0));
      check(av_opt_set_double(context_, "cutoff", 0.955, 0));
    }
    check(swr_init(context_));
  }
  ~SwresampleEngine() override { swr_free(&context_); }

  [[nodiscard]] bool interleaved() const override { return false; }

  std::size_t process(const Block& in, const Room& out) override {
    const std::uint8_t* from[2] = {};
    for (std::size_t c = 0; c < channels_; ++c) {
      from[c] = reinterpret_cast<const std::uint8_t*>(in.planar[c]);
    }
    return convert(from, in.frames, out);
  }
  std::size_t flush(const Room& out) override { return convert(nullptr, 0, out); }

 private:
  std::size_t convert(const std::uint8_t** from, std::size_t frames, const Room& out) {
    std::uint8_t* to[2] = {};
    for (std::size_t c = 0; c < channels_; ++c)
      to[c] = reinterpret_cast<std::uint8_t*>(out.planar[c]);
    const int done =
        swr_convert(context_, to, static_cast<int>(out.frames), from, static_cast<int>(frames));
    check(done);
    return static_cast<std::size_t>(done);
  }

  static void check(int result) {
    if (result < 0) fail("swresample: error " + std::to_string(result));
  }

  std::size_t channels_;
  SwrContext* context_ = nullptr;
};

}  // namespace

void add_swresample(std::vector<Peer>& peers) {
  const unsigned version = swresample_version();
  const std::string library = "swresample " + std::to_string(version >> 16U) + "." +
                              std::to_string((version >> 8U) & 255U) + "." +
                              std::to_string(version & 255U);
  for (const int taps : {0, 256}) {
    peers.push_back(
        {taps == 0 ? "swresample default" : "swresample 256 taps", library,
         [taps](const Job& job) { return std::make_unique<SwresampleEngine>(job, taps); }});
  }
}

}  // namespace remotemedia::bench

#include "bench/peers/engine.h"

#include <soxr.h>

namespace remotemedia::bench {
namespace {

/// libsoxr on one thread with planar floats, which it splits interleaved ones into anyway.
class SoxrEngine : public Engine {
 public:
  SoxrEngine(const Job& job, unsigned long recipe) {
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_S, SOXR_FLOAT32_S);
    const soxr_quality_spec_t quality = soxr_quality_spec(recipe, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_error_t error = nullptr;
    soxr_ = soxr_create(job.rate, job.target_rate, static_cast<unsigned>(job.channels), &error, &io,
                        &quality, &runtime);
    check(error);
  }
  ~SoxrEngine() override { soxr_delete(soxr_); }

  [[nodiscard]] bool interleaved() const override { return false; }

  std::size_t process(const Block& in, const Room& out) override {
    std::size_t used = 0;
    std::size_t done = 0;
    check(soxr_process(soxr_, in.planar, in.frames, &used, channels(out), out.frames, &done));
    if (used != in.frames) fail("soxr left input behind");
    return done;
  }
  std::size_t flush(const Room& out) override {
    std::size_t done = 0;
    check(soxr_process(soxr_, nullptr, 0, nullptr, channels(out), out.frames, &done));
    return done;
  }

 private:
  /// Its output pointer has no const to give: void*.
  static float** channels(const Room& out) { return const_cast<float**>(out.planar); }

  static void check(soxr_error_t error) {
    if (error != nullptr) fail(std::string("soxr: ") + soxr_strerror(error));
  }

  soxr_t soxr_ = nullptr;
};

}  // namespace

void add_soxr(std::vector<Peer>& peers) {
  struct Recipe {
    const char* name;
    unsigned long value;
  };
  for (const Recipe recipe :
       {Recipe{"soxr MQ", SOXR_MQ}, Recipe{"soxr HQ", SOXR_HQ}, Recipe{"soxr VHQ", SOXR_VHQ}}) {
    peers.push_back({recipe.name, soxr_version(), [recipe](const Job& job) {
                       return std::make_unique<SoxrEngine>(job, recipe.value);
                     }});
  }
}

}  // namespace remotemedia::bench

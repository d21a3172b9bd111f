#include "bench/peers/harness.h"

#include "dsp/tone_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <random>

namespace remotemedia::bench {

Signal::Signal(int rate, int channels, std::size_t frames) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-0.1F, 0.1F);
  for (int c = 0; c < channels; ++c) {
    std::vector<float>& x = planar_.emplace_back(frames);
    const double step = 2.0 * std::numbers::pi * (313.0 + 97.0 * c) / rate;
    for (std::size_t i = 0; i < frames; ++i) {
      x[i] = static_cast<float>(0.4 * std::sin(step * static_cast<double>(i))) + uniform(random);
    }
  }
  for (std::size_t i = 0; i < frames; ++i) {
    for (const std::vector<float>& x : planar_) interleaved_.push_back(x[i]);
  }
  pointers_.resize(planar_.size());
}

Block Signal::block(std::size_t first, std::size_t frames) {
  for (std::size_t c = 0; c < planar_.size(); ++c) pointers_[c] = planar_[c].data() + first;
  return {pointers_.data(), interleaved_.data() + first * planar_.size(), frames};
}

Output::Output(const Job& job, std::size_t input_frames)
    : channels_(static_cast<std::size_t>(job.outputs())),
      capacity_(expected_frames(job, input_frames) + 8'192),
      planar_(channels_, std::vector<float>(capacity_)),
      interleaved_(channels_ * capacity_),
      pointers_(channels_) {}

Room Output::room(std::size_t done) {
  for (std::size_t c = 0; c < channels_; ++c) pointers_[c] = planar_[c].data() + done;
  return {pointers_.data(), interleaved_.data() + done * channels_, capacity_ - done};
}

std::vector<float> Output::channel(int channel, std::size_t frames, bool interleaved) const {
  const auto c = static_cast<std::size_t>(channel);
  std::vector<float> x(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    x[i] = interleaved ? interleaved_[i * channels_ + c] : planar_[c][i];
  }
  return x;
}

std::unique_ptr<Engine> make_engine(const Peer& peer, const Job& job) {
  return job.mono && !is_native(peer) ? make_mixing(peer, job) : peer.make(job);
}

bool is_native(const Peer& peer) { return peer.name.starts_with("remotemedia"); }

std::string name_of(const Job& job) {
  const char* layout = job.mono ? "stereo -> mono" : job.channels == 2 ? "stereo" : "mono";
  return fmt::format("{} -> {} {}", job.rate, job.target_rate, layout);
}

std::size_t expected_frames(const Job& job, std::size_t frames) {
  return dsp::resampled_frames(frames, job.rate, job.target_rate);
}

double now_us() {
  using Microseconds = std::chrono::duration<double, std::micro>;
  return Microseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_us() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return 1e6 * static_cast<double>(spent.tv_sec) + 1e-3 * static_cast<double>(spent.tv_nsec);
}

void validate(const Peer& peer, const Job& job) {
  constexpr double kToneHz = 997.0;
  constexpr std::size_t kLengthSlack = 2;  // libraries round the length each in their own way
  constexpr double kLeastSignalToNoiseDb = 80.0;  // a wrong channel or a gap gives 0..40
  constexpr double kLevelSlackDb = 0.1;
  const auto frames = static_cast<std::size_t>(job.rate);
  const std::vector<float> x = dsp::test::tone(kToneHz, job.rate, frames);
  std::vector<float> pairs;
  for (const float sample : x) pairs.insert(pairs.end(), 2, sample);
  const float* planar[] = {x.data(), x.data()};
  const Block in{planar, job.channels == 2 ? pairs.data() : x.data(), frames};

  Output output(job, frames);
  const std::unique_ptr<Engine> engine = make_engine(peer, job);
  std::size_t done = engine->process(in, output.room(0));
  done += engine->flush(output.room(done));
  const std::size_t expected = expected_frames(job, frames);
  const std::size_t off = done > expected ? done - expected : expected - done;
  if (off > (is_native(peer) ? 0 : kLengthSlack)) {
    fail(fmt::format("{}, {}: {} frames, expected {}", peer.name, name_of(job), done, expected));
  }
  for (int c = 0; c < job.outputs(); ++c) {
    const std::vector<float> y = output.channel(c, done, engine->interleaved());
    const std::span<const float> middle = std::span(y).subspan(done / 5, done * 3 / 5);
    const dsp::test::Fit fit = dsp::test::fit_tone(middle, kToneHz, job.target_rate);
    const double noise_db = dsp::test::to_db(fit.amplitude / std::numbers::sqrt2 / fit.rest_rms);
    const double gain_db = dsp::test::to_db(fit.amplitude / dsp::test::kToneAmplitude);
    if (noise_db < kLeastSignalToNoiseDb || std::fabs(gain_db) > kLevelSlackDb) {
      fail(fmt::format("{}, {}: channel {} has S/N {:.1f} dB and gain {:.2f} dB at 997 Hz",
                       peer.name, name_of(job), c, noise_db, gain_db));
    }
  }
}

void say(const std::string& progress) {
  fmt::print(stderr, "{}\n", progress);
  std::fflush(stderr);
}

void fail(const std::string& what) {
  fmt::print(stderr, "resampler_peers: {}\n", what);
  std::exit(1);
}

}  // namespace remotemedia::bench

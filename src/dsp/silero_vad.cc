#include "remotemedia/dsp/silero_vad.h"

#include "dsp/sanitize.h"
#include "dsp/silero_kernel.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace remotemedia::dsp {
namespace {

constexpr float kLargestSample = 65'536.0F;
constexpr std::size_t kMaxWindow = 2 * kSileroMaxFft;
constexpr std::size_t kMaxContext = kSileroMaxFft / 4;

const SileroVad::Config& checked(const SileroVad::Config& config) {
  if (config.rate != 16'000 && config.rate != 8'000) {
    refuse("SileroVad: rate", config.rate, "16000 or 8000 Hz", "resample the audio to 16000 Hz");
  }
  return config;
}

std::shared_ptr<const SileroModel> checked(std::shared_ptr<const SileroModel> model) {
  if (!model) refuse("SileroVad: model", "null", "a SileroModel");
  return model;
}

/// Copies samples that the network can take; returns how many were replaced.
std::size_t copy_cleaned(std::span<const float> x, float* out) {
  std::size_t replaced = 0;
  for (const float sample : x) {
    const float finite = is_finite(sample) ? sample : replace_non_finite(sample);
    const float bounded = std::clamp(finite, -kLargestSample, kLargestSample);
    // NaN differs from everything, so one comparison finds all three.
    replaced += bounded != sample ? 1 : 0;
    *out++ = bounded;
  }
  return replaced;
}

}  // namespace

/// Complete windows of several detectors, which are evaluated together.
class SileroBatch {
 public:
  void add(SileroVad::Chunk& chunk) {
    if (count_ == kSileroMaxBatch ||
        (count_ > 0 && chunks_[0]->detector->network_ != chunk.detector->network_)) {
      evaluate();
    }
    chunks_[count_++] = &chunk;
  }

  void evaluate() {
    if (count_ == 0) return;
    std::array<const float*, kSileroMaxBatch> windows{};
    std::array<SileroState*, kSileroMaxBatch> states{};
    std::array<float, kSileroMaxBatch> probabilities{};
    for (std::size_t i = 0; i < count_; ++i) {
      windows[i] = chunks_[i]->detector->window();
      states[i] = chunks_[i]->detector->state_.get();
    }
    const SileroNetwork& network = *chunks_[0]->detector->network_;
    silero_encode(network, windows.data(), count_, gates_);
    silero_step(network, states.data(), count_, gates_, probabilities.data());
    for (std::size_t i = 0; i < count_; ++i) {
      SileroVad::Chunk& chunk = *chunks_[i];
      chunk.probabilities[chunk.windows++] = probabilities[i];
      chunk.detector->advance();
    }
    count_ = 0;
  }

 private:
  std::array<SileroVad::Chunk*, kSileroMaxBatch> chunks_{};
  std::size_t count_ = 0;
  alignas(64) float gates_[kSileroMaxBatch * kSileroGates];
};

SileroVad::SileroVad(std::shared_ptr<const SileroModel> model, const Config& config)
    : model_(checked(std::move(model))),
      network_(&model_->network(checked(config).rate)),
      config_(config),
      window_length_(network_->window_length()),
      context_length_(network_->context_length()),
      state_(std::make_unique<SileroState>()),
      samples_(std::make_unique<float[]>(context_length_ + window_length_)) {
  reset();
}

SileroVad::~SileroVad() = default;
SileroVad::SileroVad(SileroVad&&) noexcept = default;
SileroVad& SileroVad::operator=(SileroVad&&) noexcept = default;

void SileroVad::reset() {
  *state_ = {};
  std::fill_n(samples_.get(), context_length_, 0.0F);
  filled_ = 0;
}

const float* SileroVad::window() const { return samples_.get(); }

/// The end of the evaluated window is the context of the next one.
void SileroVad::advance() {
  std::copy_n(samples_.get() + window_length_, context_length_, samples_.get());
  filled_ = 0;
}

void SileroVad::append(std::span<const float> x) {
  cleaned_ += copy_cleaned(x, samples_.get() + context_length_ + filled_);
  filled_ += x.size();
}

bool SileroVad::fill(std::span<const float>& x) {
  const std::size_t count = std::min(x.size(), window_length_ - filled_);
  append(x.first(count));
  x = x.subspan(count);
  return filled_ == window_length_;
}

/// Whole windows of one stream: what does not depend on the state for all at once, then the steps.
void SileroVad::evaluate_run(std::span<const float> x, std::span<float> probabilities) {
  float samples[kMaxContext + kSileroMaxBatch * kMaxWindow];
  alignas(64) float gates[kSileroMaxBatch * kSileroGates];
  std::array<const float*, kSileroMaxBatch> windows{};
  std::copy_n(samples_.get(), context_length_, samples);
  cleaned_ += copy_cleaned(x, samples + context_length_);
  const std::size_t count = x.size() / window_length_;
  for (std::size_t i = 0; i < count; ++i) windows[i] = samples + i * window_length_;
  silero_encode(*network_, windows.data(), count, gates);
  SileroState* const state = state_.get();
  for (std::size_t i = 0; i < count; ++i) {
    silero_step(*network_, &state, 1, gates + i * kSileroGates, &probabilities[i]);
  }
  std::copy_n(samples + x.size(), context_length_, samples_.get());
}

std::size_t SileroVad::process(std::span<const float> x, std::span<float> probabilities) {
  if (probabilities.size() < max_windows(x.size())) {
    refuse("SileroVad: room for probabilities", probabilities.size(),
           "at least " + std::to_string(max_windows(x.size())));
  }
  std::size_t windows = 0;
  while (!x.empty()) {
    const std::size_t whole =
        filled_ == 0 ? std::min(x.size() / window_length_, kSileroMaxBatch) : 0;
    if (whole > 0) {
      evaluate_run(x.first(whole * window_length_), probabilities.subspan(windows, whole));
      x = x.subspan(whole * window_length_);
      windows += whole;
    } else if (fill(x)) {
      alignas(64) float gates[kSileroGates];
      const float* const at = window();
      SileroState* const state = state_.get();
      silero_encode(*network_, &at, 1, gates);
      silero_step(*network_, &state, 1, gates, &probabilities[windows++]);
      advance();
    }
  }
  return windows;
}

void SileroVad::check_distinct(std::span<const Chunk> chunks) {
  bool twice = false;
  for (const Chunk& chunk : chunks) {
    twice = twice || chunk.detector->taken_;
    chunk.detector->taken_ = true;
  }
  for (const Chunk& chunk : chunks) chunk.detector->taken_ = false;
  if (twice) refuse("SileroVad: detector of two chunks", "the same", "each detector once");
}

void SileroVad::process_many(std::span<Chunk> chunks) {
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    Chunk& chunk = chunks[i];
    if (chunk.detector == nullptr) refuse("SileroVad: detector of chunk", "null", "a SileroVad");
    const std::size_t windows = chunk.detector->max_windows(chunk.x.size());
    if (chunk.probabilities.size() < windows) {
      refuse("SileroVad: room for probabilities of chunk " + std::to_string(i),
             chunk.probabilities.size(), "at least " + std::to_string(windows));
    }
    chunk.windows = 0;
  }
  check_distinct(chunks);
  SileroBatch batch;
  bool more = true;
  while (more) {  // a window of each detector per round
    more = false;
    for (Chunk& chunk : chunks) {
      if (chunk.x.empty()) continue;
      if (chunk.detector->fill(chunk.x)) batch.add(chunk);
      more = more || !chunk.x.empty();
    }
    batch.evaluate();
  }
}

std::size_t SileroVad::flush(std::span<float> probabilities) {
  std::size_t windows = 0;
  if (filled_ > 0) {
    static constexpr std::array<float, kMaxWindow> kZeros{};
    windows = process(std::span(kZeros).first(window_length_ - filled_), probabilities);
  }
  reset();
  return windows;
}

}  // namespace remotemedia::dsp

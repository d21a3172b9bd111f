#include "remotemedia/dsp/resampler.h"

#include "dsp/polyphase_filter.h"
#include "dsp/same_name.h"
#include "dsp/sanitize.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/format.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kBlock = PolyphaseFilter<float>::kMaxInput;

/// Copies `in` to `out` and makes it finite; returns how many samples had to be replaced.
std::uint64_t copy_finite(std::span<const float> in, float* out) {
  bool all_finite = true;
  for (std::size_t i = 0; i < in.size(); ++i) {
    all_finite &= is_finite(in[i]);
    out[i] = in[i];
  }
  if (all_finite) return 0;
  std::uint64_t replaced = 0;
  for (float& sample : std::span<float>(out, in.size())) {
    if (is_finite(sample)) continue;
    sample = replace_non_finite(sample);
    ++replaced;
  }
  return replaced;
}

/// The engine for equal rates.
class Copy {
 public:
  static std::size_t feed(std::size_t /*channel*/, std::span<const float> in, float* out,
                          std::size_t /*limit*/) {
    std::copy(in.begin(), in.end(), out);
    return in.size();
  }
  static void reset() {}
  [[nodiscard]] static std::size_t latency() { return 0; }
};

/// A filter per channel, all at the same position.
template <typename T>
class Filters {
 public:
  Filters(std::shared_ptr<const FilterBank<T>> bank, std::size_t channels)
      : latency_(bank->half_width()) {
    channels_.reserve(channels);
    for (std::size_t i = 0; i < channels; ++i) channels_.emplace_back(bank);
  }
  std::size_t feed(std::size_t channel, std::span<const float> in, float* out, std::size_t limit) {
    PolyphaseFilter<T>& filter = channels_[channel];
    std::copy(in.begin(), in.end(), filter.input(in.size()).begin());
    return filter.advance(out, limit);
  }
  void reset() {
    for (PolyphaseFilter<T>& channel : channels_) channel.reset();
  }
  [[nodiscard]] std::size_t latency() const { return latency_; }

 private:
  std::size_t latency_;
  std::vector<PolyphaseFilter<T>> channels_;
};

using Engine = std::variant<Copy, Filters<float>, Filters<double>>;

Engine make_engine(const Resampler::Config& config, std::size_t channels) {
  if (config.rate == config.target_rate) return Copy();
  const int divisor = std::gcd(config.rate, config.target_rate);
  const int up = config.target_rate / divisor;
  const int down = config.rate / divisor;
  if (config.quality == Quality::very_high) {
    return Filters<double>(shared_filter_bank<double>(up, down, config.quality), channels);
  }
  return Filters<float>(shared_filter_bank<float>(up, down, config.quality), channels);
}

void check_pointers(std::string_view what, std::size_t given, std::size_t channels) {
  if (given != channels) refuse(what, given, std::to_string(channels) + ", one per channel");
}

Resampler::Config checked(const Resampler::Config& config) {
  check_rate("Resampler: rate", config.rate);
  check_rate("Resampler: target_rate", config.target_rate);
  check_channels("Resampler: channels", config.channels);
  return config;
}

}  // namespace

class Resampler::Impl {
 public:
  explicit Impl(const Config& config)
      : config_(checked(config)),
        outputs_(config.mono ? 1 : static_cast<std::size_t>(config.channels)),
        engine_(make_engine(config_, outputs_)),
        latency_(std::visit([](const auto& engine) { return engine.latency(); }, engine_)) {}

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  [[nodiscard]] std::size_t latency() const { return latency_; }
  [[nodiscard]] std::uint64_t cleaned() const { return cleaned_; }

  [[nodiscard]] std::size_t ready_after(std::size_t frames) const {
    const std::size_t total = consumed_ + frames;
    return total > latency_ ? output_frames(total - latency_) - produced_ : 0;
  }
  [[nodiscard]] std::size_t remaining() const { return output_frames(consumed_) - produced_; }

  std::size_t process(std::span<const float* const> in, std::size_t frames,
                      std::span<float* const> out) {
    const std::size_t limit = ready_after(frames);
    std::size_t written = 0;
    for (std::size_t done = 0; done < frames;) {
      const std::size_t block = std::min(kBlock, frames - done);
      written += process_block(in, done, block, out, written, limit - written);
      done += block;
    }
    consumed_ += frames;
    produced_ += written;
    return written;
  }

  std::size_t flush(std::span<float* const> out) {
    const std::size_t limit = remaining();
    std::fill(scratch_.begin(), scratch_.end(), 0.0F);
    std::size_t written = 0;
    while (written < limit) {
      std::size_t now = 0;
      for (std::size_t c = 0; c < outputs_; ++c)
        now = feed(c, kBlock, out[c] + written, limit - written);
      written += now;
    }
    start_stream();
    return written;
  }

  void reset() {
    start_stream();
    cleaned_ = 0;
  }

 private:
  [[nodiscard]] std::size_t output_frames(std::size_t frames) const {
    return resampled_frames(frames, config_.rate, config_.target_rate);
  }

  /// Passes scratch_ to the filter of one channel.
  std::size_t feed(std::size_t channel, std::size_t frames, float* out, std::size_t limit) {
    const std::span<const float> block(scratch_.data(), frames);
    return std::visit([&](auto& engine) { return engine.feed(channel, block, out, limit); },
                      engine_);
  }

  std::size_t process_block(std::span<const float* const> in, std::size_t offset,
                            std::size_t frames, std::span<float* const> out, std::size_t written,
                            std::size_t limit) {
    std::size_t now = 0;
    for (std::size_t c = 0; c < outputs_; ++c) {
      if (config_.mono && in.size() > 1) {
        mix(in, offset, frames);
      } else {
        cleaned_ += copy_finite({in[c] + offset, frames}, scratch_.data());
      }
      now = feed(c, frames, out[c] + written, limit);
    }
    return now;
  }

  /// As mix_to_mono, of samples made finite, to scratch_.
  void mix(std::span<const float* const> in, std::size_t offset, std::size_t frames) {
    std::array<double, kBlock> sums{};
    for (const float* channel : in) {
      cleaned_ += copy_finite({channel + offset, frames}, scratch_.data());
      for (std::size_t i = 0; i < frames; ++i) sums[i] += static_cast<double>(scratch_[i]);
    }
    const auto channels = static_cast<double>(in.size());
    for (std::size_t i = 0; i < frames; ++i) scratch_[i] = static_cast<float>(sums[i] / channels);
  }

  void start_stream() {
    std::visit([](auto& engine) { engine.reset(); }, engine_);
    consumed_ = 0;
    produced_ = 0;
  }

  Config config_;
  std::size_t outputs_;
  Engine engine_;
  std::size_t latency_;
  std::size_t consumed_ = 0;
  std::size_t produced_ = 0;
  std::uint64_t cleaned_ = 0;
  std::array<float, kBlock> scratch_{};
};

const char* to_string(Quality quality) {
  static constexpr std::array kNames = {"low", "medium", "high", "very_high"};
  return kNames[static_cast<std::size_t>(quality)];
}

std::optional<Quality> parse_quality(std::string_view name) {
  for (const Quality quality : {Quality::low, Quality::medium, Quality::high, Quality::very_high}) {
    if (same_name(name, to_string(quality))) return quality;
  }
  return std::nullopt;
}

std::size_t resampled_frames(std::size_t frames, int rate, int target_rate) {
  check_rate("resampled_frames: rate", rate);
  check_rate("resampled_frames: target_rate", target_rate);
  const int divisor = std::gcd(rate, target_rate);
  const auto up = static_cast<std::size_t>(target_rate / divisor);
  const auto down = static_cast<std::size_t>(rate / divisor);
  assert(down > 0);
  // In two parts, so that no product overflows before the result itself does.
  return frames / down * up + (frames % down * up + down - 1) / down;
}

Resampler::Resampler(const Config& config) : impl_(std::make_unique<Impl>(config)) {}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

const Resampler::Config& Resampler::config() const { return impl_->config(); }
int Resampler::output_channels() const { return static_cast<int>(impl_->outputs()); }
std::size_t Resampler::latency_frames() const { return impl_->latency(); }
std::size_t Resampler::max_output_frames(std::size_t frames) const {
  return impl_->ready_after(frames);
}
std::size_t Resampler::max_flush_frames() const { return impl_->remaining(); }
std::uint64_t Resampler::cleaned_samples() const { return impl_->cleaned(); }
void Resampler::reset() { impl_->reset(); }

std::size_t Resampler::process(std::span<const float* const> in, std::size_t frames,
                               std::span<float* const> out) {
  check_pointers("Resampler: input pointers", in.size(),
                 static_cast<std::size_t>(config().channels));
  check_pointers("Resampler: output pointers", out.size(), impl_->outputs());
  return impl_->process(in, frames, out);
}

std::size_t Resampler::flush(std::span<float* const> out) {
  check_pointers("Resampler: output pointers", out.size(), impl_->outputs());
  return impl_->flush(out);
}

AudioBuffer resample(const AudioBuffer& audio, int target_rate, Quality quality, bool mono) {
  const AudioBuffer source = convert_format(audio, SampleFormat::f32).audio;
  Resampler resampler({.rate = source.rate(),
                       .target_rate = target_rate,
                       .channels = source.channels(),
                       .quality = quality,
                       .mono = mono});
  AudioBuffer result = AudioBuffer::allocate(
      SampleFormat::f32, resampler.output_channels(),
      resampled_frames(source.frames(), source.rate(), target_rate), target_rate);
  result.one_dimensional = audio.one_dimensional;
  std::vector<const float*> in;
  for (int c = 0; c < source.channels(); ++c) in.push_back(source.channel<float>(c).data());
  std::vector<float*> out;
  for (int c = 0; c < result.channels(); ++c)
    out.push_back(result.mutable_channel<float>(c).data());
  const std::size_t written = resampler.process(in, source.frames(), out);
  for (float*& channel : out) channel += written;
  resampler.flush(out);
  return result;
}

}  // namespace remotemedia::dsp

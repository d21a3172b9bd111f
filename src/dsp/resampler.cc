#include "remotemedia/dsp/resampler.h"

#include "dsp/block_kernel.h"
#include "dsp/copy_finite.h"
#include "dsp/mix_kernel.h"
#include "dsp/resampling_plan.h"
#include "dsp/same_name.h"
#include "remotemedia/base/check.h"
#include "remotemedia/dsp/channels.h"
#include "remotemedia/dsp/format.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace remotemedia::dsp {
namespace {

/// Frames that go through the filters at a time: 32 periods of 44.1 to 16 kHz. They come from the
/// second-level cache, one after the other; the coefficients of a filter, which fill the first, are
/// loaded once for all of them. The 3/2 of it that a first filter may give fits the second, beside
/// what is left there because the latency is rounded up to whole groups of outputs: less than 100
/// inputs.
constexpr std::size_t kBlock = 4704;
/// Offline a first filter gives up to 3/2 of it, and what a pair of its blocks was short of.
constexpr std::size_t kOfflineBlock = 3136;
/// Frames of all channels that are made finite before they are mixed.
constexpr std::size_t kMixed = 1024;
static_assert(kBlock * 3 / 2 + kBlockOutputs + 100 <= FilterStage::kMaxInput);
static_assert(kOfflineBlock * 3 / 2 + FourierBank::kMostPairOutputs <= FilterStage::kMaxInput);

/// The filters of one channel.
class Channel {
 public:
  explicit Channel(const ResamplingPlan& plan) {
    stages_.reserve(plan.banks.size());
    for (const ResamplingPlan::Bank& bank : plan.banks) stages_.push_back(make_stage(bank));
  }

  /// Room for the next `count` <= kBlock inputs; fill it, then call take().
  std::span<float> input(std::size_t count) { return stages_.front()->input(count); }
  void take() {
    FilterStage& first = *stages_.front();
    first.take();
    if (stages_.size() == 1) return;
    FilterStage& last = *stages_.back();
    const std::size_t count = first.ready();
    first.advance(last.input(count).data(), count);
    last.take();
  }
  [[nodiscard]] std::size_t ready() const { return stages_.back()->ready(); }
  void advance(float* out, std::size_t count) { stages_.back()->advance(out, count); }
  void reset() {
    for (const std::unique_ptr<FilterStage>& stage : stages_) stage->reset();
  }

 private:
  std::vector<std::unique_ptr<FilterStage>> stages_;
};

/// target_rate / rate, reduced.
struct ReducedRatio {
  ReducedRatio(int rate, int target_rate) {
    const int divisor = std::gcd(rate, target_rate);
    up = target_rate / divisor;
    down = rate / divisor;
  }
  /// ceil(frames * up / down), in two parts, so that no product overflows before the result does.
  [[nodiscard]] std::size_t output_frames(std::size_t frames) const {
    const auto u = static_cast<std::size_t>(up);
    const auto d = static_cast<std::size_t>(down);
    assert(d > 0);
    return frames / d * u + (frames % d * u + d - 1) / d;
  }
  int up;
  int down;
};

std::shared_ptr<const ResamplingPlan> plan_for(const ReducedRatio& ratio, Quality quality,
                                               ResamplingMode mode) {
  if (ratio.up == ratio.down) return nullptr;
  return shared_plan(ratio.up, ratio.down, quality, mode);
}

/// Copies samples as finite floats; returns how many were replaced.
std::uint64_t load(std::span<const float> in, float* out) { return copy_finite(in, out); }
std::uint64_t load(std::span<const std::int16_t> in, float* out) {
  i16_to_f32(in, {out, in.size()});
  return 0;
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
        ratio_(config_.rate, config_.target_rate),
        plan_(plan_for(ratio_, config_.quality, config_.mode)),
        block_(config_.mode == ResamplingMode::live ? kBlock : kOfflineBlock),
        latency_(plan_ ? plan_->latency_frames : 0),
        mixing_(config_.mono && config_.channels > 1
                    ? kMixed * static_cast<std::size_t>(config_.channels)
                    : 0) {
    if (!plan_) return;
    channels_.reserve(outputs_);
    for (std::size_t c = 0; c < outputs_; ++c) channels_.emplace_back(*plan_);
  }

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  [[nodiscard]] std::size_t latency() const { return latency_; }
  [[nodiscard]] std::uint64_t cleaned() const { return cleaned_; }

  [[nodiscard]] std::size_t ready_after(std::size_t frames) const {
    const std::size_t total = consumed_ + frames;
    return total > latency_ ? ratio_.output_frames(total - latency_) - produced_ : 0;
  }
  [[nodiscard]] std::size_t remaining() const {
    return ratio_.output_frames(consumed_) - produced_;
  }

  template <typename Sample>
  std::size_t process(std::span<const Sample* const> in, std::size_t frames,
                      std::span<float* const> out) {
    const std::size_t promised = ready_after(frames);
    std::size_t written = 0;
    for (std::size_t done = 0; done < frames;) {
      const std::size_t block = std::min(block_, frames - done);
      written += process_block(in, done, block, out, written, promised - written);
      done += block;
    }
    give_incomplete(out, written, promised);
    consumed_ += frames;
    produced_ += promised;
    return promised;
  }

  std::size_t flush(std::span<float* const> out) {
    const std::size_t rest = remaining();
    std::size_t written = 0;
    // Silence for as long as the last frames need.
    for (std::size_t silence = rest > 0 ? latency_ : 0; silence > 0;) {
      const std::size_t block = std::min(block_, silence);
      std::size_t now = 0;
      for (std::size_t c = 0; c < outputs_; ++c) {
        const std::span<float> room = channels_[c].input(block);
        std::fill(room.begin(), room.end(), 0.0F);
        now = finish(c, out[c] + written, rest - written);
      }
      written += now;
      silence -= block;
    }
    give_incomplete(out, written, rest);
    start_stream();
    return rest;
  }

  void reset() {
    start_stream();
    cleaned_ = 0;
  }

 private:
  /// Takes the input of one channel; gives what it completes, at most `limit`.
  std::size_t finish(std::size_t channel, float* out, std::size_t limit) {
    channels_[channel].take();
    const std::size_t count = std::min(limit, channels_[channel].ready());
    channels_[channel].advance(out, count);
    return count;
  }

  /// Outputs up to `promised`, of a block that is not complete.
  void give_incomplete(std::span<float* const> out, std::size_t written, std::size_t promised) {
    if (written == promised) return;
    for (std::size_t c = 0; c < outputs_; ++c) {
      channels_[c].advance(out[c] + written, promised - written);
    }
  }

  template <typename Sample>
  std::size_t process_block(std::span<const Sample* const> in, std::size_t offset,
                            std::size_t frames, std::span<float* const> out, std::size_t written,
                            std::size_t limit) {
    std::size_t now = frames;
    for (std::size_t c = 0; c < outputs_; ++c) {
      float* to = plan_ ? channels_[c].input(frames).data() : out[c] + written;
      if (mixing_.empty()) {
        cleaned_ += load(std::span(in[c] + offset, frames), to);
      } else {
        mix(in, offset, frames, to);
      }
      if (plan_) now = finish(c, out[c] + written, limit);
    }
    return now;
  }

  /// The mean of the channels, made finite.
  template <typename Sample>
  void mix(std::span<const Sample* const> in, std::size_t offset, std::size_t frames, float* out) {
    if constexpr (std::is_same_v<Sample, float>) {
      if (in.size() == 2 && mix_two_finite(in[0] + offset, in[1] + offset, frames, out)) return;
    }
    std::array<const float*, kMaxChannels> finite;
    for (std::size_t done = 0; done < frames; done += kMixed) {
      const std::size_t count = std::min(kMixed, frames - done);
      for (std::size_t c = 0; c < in.size(); ++c) {
        float* channel = mixing_.data() + c * kMixed;
        cleaned_ += load(std::span(in[c] + offset + done, count), channel);
        finite[c] = channel;
      }
      mix_to_mono({finite.data(), in.size()}, count, out + done);
    }
  }

  void start_stream() {
    for (Channel& channel : channels_) channel.reset();
    consumed_ = 0;
    produced_ = 0;
  }

  Config config_;
  std::size_t outputs_;
  ReducedRatio ratio_;
  std::shared_ptr<const ResamplingPlan> plan_;
  std::size_t block_;
  std::size_t latency_;
  std::vector<Channel> channels_;
  std::size_t consumed_ = 0;
  std::size_t produced_ = 0;
  std::uint64_t cleaned_ = 0;
  std::vector<float> mixing_;  // kMixed frames of each channel, if there is more than one to mix
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

const char* to_string(ResamplingMode mode) {
  return mode == ResamplingMode::live ? "live" : "offline";
}

std::optional<ResamplingMode> parse_resampling_mode(std::string_view name) {
  for (const ResamplingMode mode : {ResamplingMode::live, ResamplingMode::offline}) {
    if (same_name(name, to_string(mode))) return mode;
  }
  return std::nullopt;
}

std::size_t resampled_frames(std::size_t frames, int rate, int target_rate) {
  check_rate("resampled_frames: rate", rate);
  check_rate("resampled_frames: target_rate", target_rate);
  return ReducedRatio(rate, target_rate).output_frames(frames);
}

bool has_filters(int rate, int target_rate, Quality quality, ResamplingMode mode) {
  const ReducedRatio ratio(rate, target_rate);
  return ratio.up == ratio.down || has_plan(ratio.up, ratio.down, quality, mode);
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

std::size_t Resampler::process(std::span<const std::int16_t* const> in, std::size_t frames,
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

}  // namespace remotemedia::dsp

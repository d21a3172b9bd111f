#include "remotemedia/dsp/speech_segmenter.h"

#include "remotemedia/base/check.h"

#include <algorithm>

namespace remotemedia::dsp {
namespace {

constexpr double kHysteresis = 0.15;
constexpr double kLeastThreshold = 0.01;  // of the lower one
constexpr int kMaxDuration = 10'000;

std::uint64_t samples_of(const char* what, int duration_ms, int rate) {
  if (duration_ms < 0 || duration_ms > kMaxDuration) refuse(what, duration_ms, "0..10000 ms");
  return static_cast<std::uint64_t>(rate) * static_cast<std::uint64_t>(duration_ms) / 1000;
}

double checked_threshold(double threshold) {
  if (!(threshold >= 0.0 && threshold <= 1.0)) {
    refuse("SpeechSegmenter: threshold", threshold, "0..1");
  }
  return threshold;
}

}  // namespace

SpeechSegmenter::SpeechSegmenter(const Config& config)
    : window_length_(config.window_length),
      threshold_(static_cast<float>(checked_threshold(config.threshold))),
      lower_threshold_(
          static_cast<float>(std::max(config.threshold - kHysteresis, kLeastThreshold))) {
  check_rate("SpeechSegmenter: rate", config.rate);
  min_speech_ = samples_of("SpeechSegmenter: min_speech_duration_ms", config.min_speech_duration_ms,
                           config.rate);
  min_silence_ = samples_of("SpeechSegmenter: min_silence_duration_ms",
                            config.min_silence_duration_ms, config.rate);
  pad_ = samples_of("SpeechSegmenter: speech_pad_ms", config.speech_pad_ms, config.rate);
}

std::span<const SpeechEvent> SpeechSegmenter::push(float probability, std::size_t samples) {
  count_ = 0;
  const std::uint64_t begin = position_;
  position_ += samples;
  if (probability >= threshold_) {
    silence_.reset();
    if (!triggered_) start_ = begin;
    triggered_ = true;
  } else if (probability < lower_threshold_ && triggered_) {
    if (!silence_) silence_ = begin;
    if (begin - *silence_ >= min_silence_) close();
  }
  give_certain();
  settled_ = std::max(settled_, decided_until());
  return given();
}

std::span<const SpeechEvent> SpeechSegmenter::finish() {
  count_ = 0;
  if (triggered_ && !confirmed_ && long_enough()) give_start();
  if (triggered_ && confirmed_) {
    give(SpeechEvent::Kind::end, position_);
  } else if (ended_) {
    give(SpeechEvent::Kind::end, std::min(position_, *ended_ + pad_));
  }
  triggered_ = confirmed_ = false;
  silence_.reset();
  ended_.reset();
  position_ = settled_ = 0;
  return given();
}

/// The speech ended where the pause began. If it is too short, nothing has been said of it.
void SpeechSegmenter::close() {
  if (confirmed_) ended_ = silence_;
  triggered_ = confirmed_ = false;
  silence_.reset();
}

void SpeechSegmenter::give_start() {
  std::uint64_t pad = std::min(pad_, start_);
  if (ended_) {
    pad = std::min(pad_, (start_ - *ended_) / 2);
    give(SpeechEvent::Kind::end, *ended_ + pad);
    ended_.reset();
  }
  give(SpeechEvent::Kind::start, start_ - pad);
  confirmed_ = true;
}

void SpeechSegmenter::give_certain() {
  // In a pause it may turn out that the speech ended where the pause began.
  if (triggered_ && !confirmed_ && !silence_ && long_enough()) give_start();
  if (!ended_ || position_ < *ended_ + 2 * pad_) return;
  const bool shares_padding = triggered_ && start_ < *ended_ + 2 * pad_;
  if (shares_padding) return;
  give(SpeechEvent::Kind::end, *ended_ + pad_);
  ended_.reset();
}

std::uint64_t SpeechSegmenter::decided_until() const {
  // What begins after an end that has not been given, begins where that one's padding ends, or
  // later.
  if (ended_) return std::min(position_, *ended_ + pad_);
  if (triggered_ && confirmed_) return silence_ ? std::min(position_, *silence_ + pad_) : position_;
  const std::uint64_t next_start = triggered_ ? start_ : position_;
  return next_start - std::min(next_start, pad_);
}

}  // namespace remotemedia::dsp

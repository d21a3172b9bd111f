#include "nodes/utterance_cutter.h"

#include <algorithm>
#include <utility>

namespace remotemedia::nodes {

UtteranceCutter::UtteranceCutter(const Limits& limits, Started started, Sink sink)
    : limits_(limits), started_(std::move(started)), sink_(std::move(sink)) {}

void UtteranceCutter::add(const AudioBuffer& run, bool is_speech) {
  AudioBuffer rest = run;
  while (!rest.empty()) {
    std::size_t taken = rest.frames();
    if (active_) {
      // Stop at the frame where the next rule acts.
      const std::size_t room = limits_.max_length - (utterance_.frames() - pre_frames_);
      taken = std::min(taken, room);
      if (!is_speech) taken = std::min(taken, silence_limit() - silence_frames_);
    } else if (is_speech) {
      taken = std::min(taken, limits_.max_length);
    }
    const AudioBuffer part = rest.slice(0, taken);
    position_ += taken;
    if (is_speech) {
      add_speech(part);
    } else {
      add_silence(part);
    }
    rest = rest.slice(taken, rest.frames() - taken);
  }
}

void UtteranceCutter::add_speech(const AudioBuffer& run) {
  if (!active_) {
    active_ = true;
    pre_frames_ = pre_.frames();
    utterance_.append(pre_);
    started_();
  }
  utterance_.push(run);
  speech_frames_ += run.frames();
  silence_frames_ = 0;
  if (is_full()) emit_or_drop();
}

void UtteranceCutter::add_silence(const AudioBuffer& run) {
  if (!active_) {
    pre_.push(run);
    pre_.drop_all_but_last(limits_.pre_speech);
    return;
  }
  utterance_.push(run);
  silence_frames_ += run.frames();
  if (is_full() || silence_frames_ >= silence_limit()) emit_or_drop();
}

bool UtteranceCutter::is_full() const {
  return utterance_.frames() - pre_frames_ >= limits_.max_length;
}

void UtteranceCutter::emit_or_drop() {
  if (speech_frames_ >= limits_.min_speech) {
    emit();
  } else {
    drop();
  }
}

// At least one frame, so that a limit of 0 still makes progress.
std::size_t UtteranceCutter::silence_limit() const {
  const bool enough = speech_frames_ >= limits_.min_speech;
  return std::max<std::size_t>(1, enough ? limits_.silence : limits_.silence_gap);
}

void UtteranceCutter::finish() {
  if (active_ && speech_frames_ >= limits_.min_speech) emit();
  pre_.clear();
  utterance_.clear();
  active_ = false;
}

void UtteranceCutter::emit() {
  const std::size_t frames = utterance_.frames();
  sink_({utterance_.take(frames), position_ - frames});
  active_ = false;
  speech_frames_ = 0;
  silence_frames_ = 0;
}

void UtteranceCutter::drop() {
  pre_.append(utterance_);
  pre_.drop_all_but_last(limits_.pre_speech);
  active_ = false;
  speech_frames_ = 0;
  silence_frames_ = 0;
}

}  // namespace remotemedia::nodes

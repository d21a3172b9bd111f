#pragma once

#include "remotemedia/base/value.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace remotemedia::cli::report {

/// Seconds of the stream.
struct Span {
  double start_s = 0.0;
  double end_s = 0.0;
};

/// The union of spans, in order of time. Beyond kMaxSpans the spans after the first kExactSpans are
/// joined across their smallest gaps; count and total stay those of what was added.
class SpanSet {
 public:
  static constexpr std::size_t kMaxSpans = 10'000;
  static constexpr std::size_t kExactSpans = 1'000;

  void add(Span span);

  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double total_s() const { return total_s_; }

 private:
  void coarsen();

  std::vector<Span> spans_;
  std::uint64_t count_ = 0;
  double total_s_ = 0.0;
};

/// What the metadata of results say of speech: "speech_segments" [[start, end], ...], and
/// "start_s" and "end_s" of utterances.
class Speech {
 public:
  /// Utterances in the list; more are counted only.
  static constexpr std::size_t kMaxUtterances = 1'000;

  void add(const Object& metadata);

  /// Some node looked for speech.
  [[nodiscard]] bool known() const { return segments_known_ || utterance_count_ > 0; }
  /// Where to mark speech: its segments, or the utterances if no segments are known.
  [[nodiscard]] const SpanSet& marked() const {
    return segments_known_ ? segments_ : utterance_union_;
  }
  [[nodiscard]] bool has_segments() const { return segments_known_; }
  [[nodiscard]] const SpanSet& segments() const { return segments_; }
  /// The first kMaxUtterances, in order of arrival.
  [[nodiscard]] const std::vector<Span>& utterances() const { return utterances_; }
  [[nodiscard]] const SpanSet& utterance_union() const { return utterance_union_; }
  [[nodiscard]] std::uint64_t utterance_count() const { return utterance_count_; }

 private:
  void add_segments(const Value::Array& segments);
  void add_utterance(Span span);

  SpanSet segments_;
  SpanSet utterance_union_;
  std::vector<Span> utterances_;
  std::uint64_t utterance_count_ = 0;
  bool segments_known_ = false;
};

}  // namespace remotemedia::cli::report

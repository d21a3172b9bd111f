#include "cli/report_speech.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace remotemedia::cli::report {
namespace {

// Spans this close are one: the blocks of a stream meet at rounded times.
constexpr double kTouchingSeconds = 1e-4;

std::optional<Span> span_of(const Value& start, const Value& end) {
  if (!start.is_number() || !end.is_number()) return std::nullopt;
  const Span span{start.number(), end.number()};
  const bool is_real = std::isfinite(span.start_s) && std::isfinite(span.end_s);
  return is_real && span.start_s >= 0.0 && span.end_s > span.start_s ? std::optional(span)
                                                                     : std::nullopt;
}

}  // namespace

void SpanSet::add(Span span) {
  // All spans that overlap or touch the new one become one with it.
  const auto first =
      std::ranges::lower_bound(spans_, span.start_s - kTouchingSeconds, {}, &Span::end_s);
  auto last = first;
  double before_s = 0.0;
  for (; last != spans_.end() && last->start_s <= span.end_s + kTouchingSeconds; ++last) {
    before_s += last->end_s - last->start_s;
    span = {std::min(span.start_s, last->start_s), std::max(span.end_s, last->end_s)};
  }
  total_s_ += span.end_s - span.start_s - before_s;
  count_ += 1;
  count_ -= static_cast<std::uint64_t>(last - first);
  if (first == last) {
    spans_.insert(first, span);
    if (spans_.size() > kMaxSpans) coarsen();
  } else {
    *first = span;
    spans_.erase(first + 1, last);
  }
}

// Joins the smaller half of the gaps, in order of time.
void SpanSet::coarsen() {
  std::vector<double> gaps;
  for (std::size_t i = kExactSpans + 1; i < spans_.size(); ++i) {
    gaps.push_back(spans_[i].start_s - spans_[i - 1].end_s);
  }
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::ranges::nth_element(gaps, middle);
  const double limit = *middle;
  std::size_t kept = kExactSpans;
  for (std::size_t i = kExactSpans + 1; i < spans_.size(); ++i) {
    if (spans_[i].start_s - spans_[kept].end_s <= limit) {
      spans_[kept].end_s = spans_[i].end_s;
    } else {
      spans_[++kept] = spans_[i];
    }
  }
  spans_.resize(kept + 1);
}

void Speech::add(const Object& metadata) {
  if (const Value* segments = metadata.find("speech_segments")) {
    if (const Value::Array* array = segments->as_array()) add_segments(*array);
  }
  const Value* start = metadata.find("start_s");
  const Value* end = metadata.find("end_s");
  if (start == nullptr || end == nullptr) return;
  if (const std::optional<Span> span = span_of(*start, *end)) add_utterance(*span);
}

void Speech::add_segments(const Value::Array& segments) {
  segments_known_ = true;
  for (const Value& segment : segments) {
    const Value::Array* bounds = segment.as_array();
    if (bounds == nullptr || bounds->size() != 2) continue;
    if (const std::optional<Span> span = span_of((*bounds)[0], (*bounds)[1])) {
      segments_.add(*span);
    }
  }
}

void Speech::add_utterance(Span span) {
  ++utterance_count_;
  utterance_union_.add(span);
  if (utterances_.size() < kMaxUtterances) utterances_.push_back(span);
}

}  // namespace remotemedia::cli::report

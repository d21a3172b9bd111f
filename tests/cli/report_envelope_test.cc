#include "cli/report_envelope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace remotemedia::cli::report {
namespace {

std::vector<float> noise(std::size_t frames, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> sample(-1.0F, 1.0F);
  std::vector<float> samples(frames);
  for (float& value : samples) value = sample(random);
  return samples;
}

TEST(Envelope, OfOneSampleIsThatSample) {
  Envelope envelope;
  envelope.add(std::vector<float>{-0.25F});
  ASSERT_EQ(envelope.columns().size(), 1U);
  EXPECT_EQ(envelope.columns()[0].min, -0.25F);
  EXPECT_EQ(envelope.columns()[0].max, -0.25F);
  EXPECT_DOUBLE_EQ(envelope.rms(0), 0.25);
}

TEST(Envelope, KeepsOneColumnPerFrameUntilTheyAreFull) {
  Envelope envelope;
  envelope.add(noise(Envelope::kMaxColumns, 1));
  EXPECT_EQ(envelope.columns().size(), Envelope::kMaxColumns);
  EXPECT_EQ(envelope.frames_per_column(), 1U);
  envelope.add(noise(1, 2));
  EXPECT_EQ(envelope.columns().size(), Envelope::kMaxColumns / 2 + 1);
  EXPECT_EQ(envelope.frames_per_column(), 2U);
}

TEST(Envelope, MergedColumnsHoldTheExtremesAndTheEnergyOfTheirFrames) {
  const std::vector<float> samples = noise(1'000'003, 3);
  Envelope envelope;
  envelope.add(samples);
  ASSERT_LE(envelope.columns().size(), Envelope::kMaxColumns);
  const std::size_t width = envelope.frames_per_column();
  ASSERT_EQ(envelope.columns().size(), (samples.size() + width - 1) / width);
  for (std::size_t i = 0; i < envelope.columns().size(); ++i) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(i * width);
    const auto end =
        samples.begin() + static_cast<std::ptrdiff_t>(std::min(samples.size(), (i + 1) * width));
    EXPECT_EQ(envelope.columns()[i].min, *std::min_element(begin, end));
    EXPECT_EQ(envelope.columns()[i].max, *std::max_element(begin, end));
    double sum = 0.0;
    for (auto sample = begin; sample != end; ++sample) sum += double{*sample} * *sample;
    EXPECT_NEAR(envelope.rms(i), std::sqrt(sum / static_cast<double>(end - begin)), 1e-12);
  }
}

TEST(Envelope, DoesNotDependOnHowTheStreamIsCutIntoBlocks) {
  const std::vector<float> samples = noise(50'021, 4);
  Envelope whole;
  whole.add(samples);
  for (const unsigned seed : {5U, 6U, 7U}) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::size_t> length(0, 1500);
    Envelope cut;
    for (std::size_t at = 0; at < samples.size();) {
      const std::size_t taken = std::min(length(random), samples.size() - at);
      cut.add(std::span(samples).subspan(at, taken));
      at += taken;
    }
    ASSERT_EQ(cut.columns().size(), whole.columns().size()) << "seed " << seed;
    EXPECT_EQ(cut.frames(), whole.frames());
    for (std::size_t i = 0; i < whole.columns().size(); ++i) {
      EXPECT_EQ(cut.columns()[i].min, whole.columns()[i].min);
      EXPECT_EQ(cut.columns()[i].max, whole.columns()[i].max);
      EXPECT_EQ(cut.columns()[i].sum_squares, whole.columns()[i].sum_squares);
    }
  }
}

}  // namespace
}  // namespace remotemedia::cli::report

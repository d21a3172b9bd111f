#include "cli/report_spectrogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

namespace remotemedia::cli::report {
namespace {

constexpr int kRate = 16'000;

std::vector<float> tone(double hz, std::size_t frames, double amplitude = 1.0) {
  std::vector<float> samples(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    samples[i] = static_cast<float>(
        amplitude * std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / kRate));
  }
  return samples;
}

std::size_t loudest_band(const Spectrogram& spectrogram, std::size_t column) {
  std::size_t loudest = 0;
  for (std::size_t band = 0; band < Spectrogram::kBands; ++band) {
    if (spectrogram.power(column, band) > spectrogram.power(column, loudest)) loudest = band;
  }
  return loudest;
}

TEST(PowerSpectrum, EqualsTheDefinitionOfTheTransform) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> sample(-1.0F, 1.0F);
  for (const std::size_t size : {4U, 8U, 64U, 512U}) {
    std::vector<float> samples(size);
    for (float& value : samples) value = sample(random);
    PowerSpectrum spectrum(size);
    const std::span<const float> powers = spectrum.of(samples);
    ASSERT_EQ(powers.size(), size / 2);
    for (std::size_t k = 0; k < size / 2; ++k) {
      std::complex<double> sum;
      for (std::size_t i = 0; i < size; ++i) {
        sum += std::polar(double{samples[i]}, -2.0 * std::numbers::pi * static_cast<double>(i * k) /
                                                  static_cast<double>(size));
      }
      // Single precision: relative to the energy of all samples.
      EXPECT_NEAR(powers[k], std::norm(sum), 1e-5 * static_cast<double>(size)) << size << " " << k;
    }
  }
}

TEST(Spectrogram, ShowsAFullScaleToneInItsBandAtPowerOne) {
  // In the middle of a bin, where a window loses nothing.
  Spectrogram spectrogram(kRate);
  spectrogram.add(tone(4000.0, kRate));
  const std::size_t column = spectrogram.columns() / 2;
  const std::size_t band = loudest_band(spectrogram, column);
  EXPECT_NEAR(spectrogram.power(column, band), 1.0, 0.02);
  EXPECT_LE(spectrogram.band_hz(static_cast<double>(band) - 0.5), 4000.0);
  EXPECT_GE(spectrogram.band_hz(static_cast<double>(band) + 0.5), 4000.0);
}

TEST(Spectrogram, PutsTonesOfAllHeightsWithinOneBinOfTheirFrequency) {
  for (const double hz : {100.0, 440.0, 1000.0, 2500.0, 7000.0}) {
    Spectrogram spectrogram(kRate);
    spectrogram.add(tone(hz, kRate / 2));
    const std::size_t band = loudest_band(spectrogram, spectrogram.columns() / 2);
    const double width = spectrogram.band_hz(static_cast<double>(band) + 0.5) -
                         spectrogram.band_hz(static_cast<double>(band) - 0.5);
    constexpr double kBinHz = 31.25;
    EXPECT_NEAR(spectrogram.band_hz(static_cast<double>(band)), hz, width / 2.0 + kBinHz);
  }
}

TEST(Spectrogram, CoversTheWholeStreamWithFewColumnsWhateverItsLength) {
  for (const std::size_t frames : {1U, 100U, 16'000U, 700'001U, 3'000'000U}) {
    Spectrogram spectrogram(kRate);
    spectrogram.add(std::vector<float>(frames, 0.1F));
    spectrogram.finish();
    EXPECT_LE(spectrogram.columns(), Spectrogram::kMaxColumns);
    const std::uint64_t width = spectrogram.frames_per_column();
    EXPECT_EQ(spectrogram.columns(), (frames + width - 1) / width) << frames;
  }
}

TEST(Spectrogram, KeepsTheTimeAndPowerOfAToneWhenColumnsHaveMerged) {
  Spectrogram brief(kRate);
  brief.add(tone(1000.0, kRate));
  const std::size_t band = loudest_band(brief, brief.columns() / 2);
  const float power = brief.power(brief.columns() / 2, band);
  constexpr std::size_t kHalf = std::size_t{40} * kRate;
  Spectrogram spectrogram(kRate);
  spectrogram.add(std::vector<float>(kHalf, 0.0F));
  spectrogram.add(tone(1000.0, kHalf));
  spectrogram.finish();
  const std::size_t change = kHalf / spectrogram.frames_per_column();
  for (std::size_t column = 0; column < spectrogram.columns(); ++column) {
    if (column + 1 < change) {
      EXPECT_LT(spectrogram.power(column, band), 1e-9F) << column;
    }
    if (column > change + 1 && column + 1 < spectrogram.columns()) {
      EXPECT_NEAR(spectrogram.power(column, band), power, 0.01F) << column;
    }
  }
}

TEST(Spectrogram, DoesNotDependOnHowTheStreamIsCutIntoBlocks) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> sample(-1.0F, 1.0F);
  std::vector<float> samples(400'003);
  for (float& value : samples) value = sample(random);
  Spectrogram whole(kRate);
  whole.add(samples);
  whole.finish();
  for (const unsigned seed : {3U, 4U}) {
    std::mt19937 cuts(seed);
    std::uniform_int_distribution<std::size_t> length(0, 3000);
    Spectrogram cut(kRate);
    for (std::size_t at = 0; at < samples.size();) {
      const std::size_t taken = std::min(length(cuts), samples.size() - at);
      cut.add(std::span(samples).subspan(at, taken));
      at += taken;
    }
    cut.finish();
    ASSERT_EQ(cut.columns(), whole.columns()) << "seed " << seed;
    for (std::size_t column = 0; column < whole.columns(); ++column) {
      for (std::size_t band = 0; band < Spectrogram::kBands; ++band) {
        ASSERT_EQ(cut.power(column, band), whole.power(column, band)) << "seed " << seed;
      }
    }
  }
}

TEST(Spectrogram, TakesEveryRateOfAStream) {
  for (const int rate : {8'000, 11'025, 22'050, 44'100, 48'000, 96'000, 192'000}) {
    Spectrogram spectrogram(rate);
    spectrogram.add(std::vector<float>(static_cast<std::size_t>(rate) / 10, 0.5F));
    spectrogram.finish();
    EXPECT_GT(spectrogram.columns(), 5U) << rate;
    EXPECT_DOUBLE_EQ(spectrogram.height_of(rate / 2.0), 1.0);
    EXPECT_DOUBLE_EQ(spectrogram.height_of(0.0), 0.0);
  }
}

}  // namespace
}  // namespace remotemedia::cli::report

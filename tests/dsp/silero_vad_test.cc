#include "remotemedia/dsp/silero_vad.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"
#include "dsp/silero_models.h"
#include "remotemedia/base/error.h"

#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <limits>

namespace remotemedia::dsp {
namespace {

using namespace test;

constexpr int kRates[] = {16'000, 8'000};

const RandomSilero& silero() {
  static const RandomSilero made;
  return made;
}

SileroVad detector(int rate) { return {silero().model, {.rate = rate}}; }

/// Noise whose level changes, so that probabilities do.
std::vector<float> signal(std::size_t samples, unsigned seed) {
  std::vector<float> x = noise(samples, seed);
  for (std::size_t i = 0; i < samples; ++i) x[i] *= static_cast<float>(i / 700 % 5) / 4;
  return x;
}

std::vector<float> whole(SileroVad& vad, std::span<const float> x) {
  std::vector<float> probabilities(vad.max_windows(x.size()));
  EXPECT_EQ(vad.process(x, probabilities), probabilities.size());
  return probabilities;
}

std::vector<float> in_chunks(SileroVad& vad, std::span<const float> x,
                             const std::function<std::size_t()>& next) {
  std::vector<float> probabilities;
  while (!x.empty()) {
    const std::size_t size = std::min(next(), x.size());
    const std::vector<float> some = whole(vad, x.first(size));
    probabilities.insert(probabilities.end(), some.begin(), some.end());
    x = x.subspan(size);
  }
  return probabilities;
}

void expect_refused(const std::function<void()>& action, const std::string& text) {
  try {
    action();
    ADD_FAILURE() << "not refused: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

using SileroVadOnEveryTarget = EveryTarget;

TEST_P(SileroVadOnEveryTarget, GivesTheNetworksProbabilityOfEachWindowWithItsContext) {
  for (const int rate : kRates) {
    SileroVad vad = detector(rate);
    const std::size_t length = vad.window_length();
    ASSERT_EQ(length, rate == 16'000 ? 512U : 256U);
    const std::size_t context = length / 8;
    constexpr std::size_t kWindows = 20;  // more than twice the windows that are evaluated at once
    std::vector<float> x = signal(kWindows * length + 3, 41);
    const std::vector<float> actual = whole(vad, x);
    ASSERT_EQ(actual.size(), kWindows);
    x.insert(x.begin(), context, 0.0F);
    SileroOracle oracle(silero().weights(rate).tensors());
    for (std::size_t i = 0; i < kWindows; ++i) {
      EXPECT_NEAR(actual[i], oracle.step(x.data() + i * length), 1e-5) << rate << ", window " << i;
    }
    EXPECT_GT(*std::ranges::max_element(actual) - *std::ranges::min_element(actual), 0.01F);
  }
}

TEST_P(SileroVadOnEveryTarget, GivesTheSameBitsForAnyChunks) {
  for (const int rate : kRates) {
    const std::vector<float> x = signal(9'700, 42);
    SileroVad vad = detector(rate);
    const std::vector<float> expected = whole(vad, x);
    EXPECT_TRUE(whole(vad, {}).empty());
    for (const std::size_t size : {1U, 7U, 160U, 441U, 5'000U}) {
      SileroVad chunked = detector(rate);
      EXPECT_EQ(in_chunks(chunked, x, [&] { return size; }), expected) << rate << ", " << size;
    }
    for (unsigned seed = 0; seed < 3; ++seed) {
      std::mt19937 random(seed);
      SileroVad chunked = detector(rate);
      const auto next = [&] { return random() % 3 == 0 ? random() % 3'000 : random() % 200; };
      EXPECT_EQ(in_chunks(chunked, x, next), expected) << rate << ", seed " << seed;
    }
  }
}

TEST_P(SileroVadOnEveryTarget, GivesManyDetectorsTheBitsThatEachHasAlone) {
  constexpr std::size_t kDetectors = 19;
  std::mt19937 random(5);
  std::deque<SileroVad> together;
  std::deque<SileroVad> alone;
  for (std::size_t i = 0; i < kDetectors; ++i) {
    const int rate = i % 7 == 3 ? 8'000 : 16'000;
    together.push_back(detector(rate));
    alone.push_back(detector(rate));
  }
  std::size_t windows = 0;
  for (int round = 0; round < 6; ++round) {
    std::vector<std::vector<float>> x;
    std::vector<std::vector<float>> room;
    std::vector<SileroVad::Chunk> chunks;
    for (std::size_t i = 0; i < kDetectors; ++i) {
      x.push_back(signal(random() % 1'500, 50 + static_cast<unsigned>(i)));
      room.emplace_back(together[i].max_windows(x[i].size()));
    }
    for (std::size_t i = 0; i < kDetectors; ++i) chunks.push_back({&together[i], x[i], room[i]});
    SileroVad::process_many(chunks);
    for (std::size_t i = 0; i < kDetectors; ++i) {
      EXPECT_EQ(chunks[i].windows, room[i].size());
      EXPECT_TRUE(chunks[i].x.empty());
      EXPECT_EQ(room[i], whole(alone[i], x[i])) << "round " << round << ", detector " << i;
      windows += chunks[i].windows;
    }
  }
  EXPECT_GT(windows, 100U);
}

RUN_ON_EVERY_TARGET(SileroVadOnEveryTarget);

TEST(SileroVad, CompletesAPartialWindowWithZerosWhenTheStreamEnds) {
  for (const int rate : kRates) {
    SileroVad vad = detector(rate);
    const std::size_t length = vad.window_length();
    std::vector<float> x = signal(2 * length + length / 3, 43);
    whole(vad, x);
    EXPECT_EQ(vad.pending(), length / 3);
    float last = -1;
    ASSERT_EQ(vad.flush({&last, 1}), 1U);
    EXPECT_EQ(vad.pending(), 0U);
    EXPECT_EQ(vad.flush({}), 0U);
    x.resize(3 * length);
    EXPECT_EQ(whole(vad, x).back(), last) << "and begins a new stream";
  }
}

TEST(SileroVad, ForgetsTheStreamWhenReset) {
  const std::vector<float> x = signal(3'000, 44);
  SileroVad vad = detector(16'000);
  const std::vector<float> first = whole(vad, x);
  vad.reset();
  EXPECT_EQ(whole(vad, x), first);
}

TEST(SileroVad, CleansWhatTheNetworkCannotTakeAndCountsIt) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = signal(4'096, 45);
  std::vector<float> clean = x;
  const std::pair<float, float> replaced[] = {{std::numeric_limits<float>::quiet_NaN(), 0.0F},
                                              {kInfinity, 1.0F},
                                              {-kInfinity, -1.0F},
                                              {std::numeric_limits<float>::max(), 65'536.0F},
                                              {-70'000, -65'536.0F}};
  std::size_t at = 100;
  for (const auto& [value, stand_in] : replaced) {
    x[at] = value;
    clean[at] = stand_in;
    at += 700;
  }
  SileroVad vad = detector(16'000);
  SileroVad other = detector(16'000);
  EXPECT_EQ(whole(vad, x), whole(other, clean));
  EXPECT_EQ(vad.cleaned_samples(), 5U);
  EXPECT_EQ(other.cleaned_samples(), 0U);
  vad.reset();
  EXPECT_EQ(in_chunks(vad, x, [] { return 33U; }).size(), 8U);
  EXPECT_EQ(vad.cleaned_samples(), 10U);
}

TEST(SileroVad, StaysFiniteOnTheLargestSamples) {
  SileroVad vad = detector(16'000);
  std::vector<float> x(5'120, 3e38F);
  for (std::size_t i = 0; i < x.size(); i += 2) x[i] = -3e38F;
  for (const float probability : whole(vad, x)) {
    EXPECT_GE(probability, 0);
    EXPECT_LE(probability, 1);
  }
}

TEST(SileroVad, RefusesWrongArguments) {
  const auto model = silero().model;
  expect_refused([&] { SileroVad(model, {.rate = 44'100}); },
                 "SileroVad: rate is 44100, expected 16000 or 8000 Hz; resample the audio");
  expect_refused([] { SileroVad(nullptr); }, "SileroVad: model is null");
  SileroVad vad = detector(16'000);
  std::vector<float> room(1);
  const std::vector<float> x(1'100);
  expect_refused([&] { vad.process(x, room); }, "room for probabilities is 1, expected at least 2");
  SileroVad::Chunk small[] = {{&vad, x, room}};
  expect_refused([&] { SileroVad::process_many(small); }, "of chunk 0 is 1, expected at least 2");
  SileroVad::Chunk missing[] = {{nullptr, x, room}};
  expect_refused([&] { SileroVad::process_many(missing); }, "detector of chunk is null");
  SileroVad::Chunk twice[] = {{&vad, {}, room}, {&vad, {}, room}};
  expect_refused([&] { SileroVad::process_many(twice); }, "expected each detector once");
  SileroVad::Chunk once[] = {{&vad, std::span(x).first(600), room}};
  SileroVad::process_many(once);
  EXPECT_EQ(once[0].windows, 1U);
}

}  // namespace
}  // namespace remotemedia::dsp

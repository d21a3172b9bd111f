#include "dsp/silero_kernel.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"
#include "dsp/silero_oracle.h"

#include <cstring>

namespace remotemedia::dsp {
namespace {

using namespace test;

constexpr std::size_t kFftLengths[] = {256, 128};

/// Windows of noise that fades in and out, one after another in memory.
struct Windows {
  Windows(const SileroNetwork& network, std::size_t count)
      : length(network.window_length() + network.context_length()),
        samples(noise(count * length, 7)) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] *= std::sin(0.001F * static_cast<float>(i));
    }
    for (std::size_t i = 0; i < count; ++i) list.push_back(samples.data() + i * length);
  }
  std::size_t length;
  std::vector<float> samples;
  std::vector<const float*> list;
};

struct alignas(64) Gates {
  float values[kSileroMaxBatch * kSileroGates];
};

/// Probabilities of `steps` windows for each of `count` detectors, evaluated together.
std::vector<float> run(const SileroNetwork& network, const Windows& windows, std::size_t count,
                       std::size_t steps) {
  std::vector<SileroState> states(count, SileroState{});
  std::vector<SileroState*> list;
  for (SileroState& state : states) list.push_back(&state);
  std::vector<float> result(count * steps);
  auto gates = std::make_unique<Gates>();
  for (std::size_t i = 0; i < steps; ++i) {
    silero_encode(network, windows.list.data() + i * count, count, gates->values);
    silero_step(network, list.data(), count, gates->values, result.data() + i * count);
  }
  return result;
}

using SileroKernel = EveryTarget;

TEST_P(SileroKernel, GivesTheGatesOfTheNetworkWrittenOut) {
  ASSERT_EQ(silero_kernel_target(), hwy::TargetName(GetParam()));
  for (const std::size_t fft : kFftLengths) {
    const SileroWeights weights(fft);
    const SileroNetwork network(weights.tensors());
    const Windows windows(network, 3);
    auto gates = std::make_unique<Gates>();
    silero_encode(network, windows.list.data(), 3, gates->values);
    const SileroOracle oracle(weights.tensors());
    for (std::size_t i = 0; i < 3; ++i) {
      const Doubles expected = oracle.gates(windows.list[i]);
      double peak = 0;
      for (const double value : expected) peak = std::max(peak, std::fabs(value));
      ASSERT_GT(peak, 1);
      for (std::size_t j = 0; j < kSileroGates; ++j) {
        // Rounding of about 600 products in a row, some 100 times that of the largest one.
        EXPECT_NEAR(gates->values[i * kSileroGates + j], expected[j], 1e-5 * peak) << fft;
      }
    }
  }
}

TEST_P(SileroKernel, GivesTheProbabilitiesOfTheNetworkWrittenOut) {
  constexpr std::size_t kSteps = 12;
  for (const std::size_t fft : kFftLengths) {
    const SileroWeights weights(fft, 3);
    const SileroNetwork network(weights.tensors());
    const Windows windows(network, kSteps);
    const std::vector<float> actual = run(network, windows, 1, kSteps);
    SileroOracle oracle(weights.tensors());
    for (std::size_t i = 0; i < kSteps; ++i) {
      EXPECT_NEAR(actual[i], oracle.step(windows.list[i]), 1e-5) << fft << ", window " << i;
    }
  }
}

TEST_P(SileroKernel, GivesTheSameBitsForAnyNumberOfDetectors) {
  constexpr std::size_t kSteps = 5;
  for (const std::size_t fft : kFftLengths) {
    const SileroWeights weights(fft, 5);
    const SileroNetwork network(weights.tensors());
    const Windows windows(network, kSteps * kSileroMaxBatch);
    for (std::size_t count = 2; count <= kSileroMaxBatch; ++count) {
      const std::vector<float> together = run(network, windows, count, kSteps);
      for (std::size_t i = 0; i < count; ++i) {
        Windows own = windows;
        for (std::size_t step = 0; step < kSteps; ++step) {
          own.list[step] = windows.list[step * count + i];
        }
        const std::vector<float> alone = run(network, own, 1, kSteps);
        for (std::size_t step = 0; step < kSteps; ++step) {
          EXPECT_EQ(together[step * count + i], alone[step]) << count << " detectors, " << i;
        }
      }
    }
  }
}

TEST_P(SileroKernel, StaysFiniteWhateverTheGates) {
  const SileroWeights weights(256);
  const SileroNetwork network(weights.tensors());
  for (const float value : {-1e30F, -100.0F, 0.0F, 100.0F, 1e30F}) {
    auto gates = std::make_unique<Gates>();
    std::fill_n(gates->values, kSileroGates, value);
    SileroState state{};
    SileroState* const list = &state;
    float probability = -1;
    silero_step(network, &list, 1, gates->values, &probability);
    EXPECT_GE(probability, 0) << value;
    EXPECT_LE(probability, 1) << value;
  }
}

RUN_ON_EVERY_TARGET(SileroKernel);

TEST(SileroKernelBits, AreTheSameOnEveryTargetWithFusedMultiplyAdd) {
  for (const std::size_t fft : kFftLengths) {
    const SileroWeights weights(fft, 9);
    const SileroNetwork network(weights.tensors());
    const Windows windows(network, 24);
    std::vector<float> first;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      if (!has_fused_add(target)) continue;
      hwy::SetSupportedTargetsForTest(target);
      const std::vector<float> bits = run(network, windows, 3, 8);
      if (first.empty()) first = bits;
      EXPECT_EQ(bits, first) << silero_kernel_target();
    }
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace
}  // namespace remotemedia::dsp

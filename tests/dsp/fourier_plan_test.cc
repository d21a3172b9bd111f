// The transforms beside the sum that defines them, on every instruction set.

#include "dsp/fourier_plan.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"
#include "dsp/tone_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kSizes[] = {1'024, 1'536};

struct Signal {
  explicit Signal(std::size_t size) : re(size), im(size) {}
  Signal(std::size_t size, unsigned seed)
      : re(test::noise(size, seed)), im(test::noise(size, seed + 1)) {}
  [[nodiscard]] ComplexInput in() const { return {re.data(), im.data()}; }
  ComplexOutput out() { return {re.data(), im.data()}; }
  std::vector<float> re;
  std::vector<float> im;
};

/// sum over n of x[n] exp(-2 pi i k n / size), in double.
std::vector<std::complex<double>> expected_spectrum(const Signal& x) {
  const std::size_t size = x.re.size();
  std::vector<std::complex<double>> turns(size);
  for (std::size_t i = 0; i < size; ++i) {
    turns[i] = std::polar(
        1.0, -2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
  }
  std::vector<std::complex<double>> spectrum(size);
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t n = 0; n < size; ++n) {
      spectrum[k] += std::complex<double>(x.re[n], x.im[n]) * turns[k * n % size];
    }
  }
  return spectrum;
}

/// What the plan makes of `x`.
Signal transformed(const FourierPlan& plan, const Signal& x) {
  Signal a(plan.size());
  Signal b(plan.size());
  const ComplexOutput where = plan.transform(x.in(), a.out(), b.out());
  return where.re == a.re.data() ? a : b;
}

class FourierPlanOn : public test::EveryTarget {};

TEST_P(FourierPlanOn, GivesTheSumThatDefinesATransform) {
  for (const std::size_t size : kSizes) {
    const Signal x(size, 60);
    const std::vector<std::complex<double>> expected = expected_spectrum(x);
    const Signal y = transformed(FourierPlan(size), x);
    double error = 0;
    double power = 0;
    for (std::size_t k = 0; k < size; ++k) {
      error += std::norm(std::complex<double>(y.re[k], y.im[k]) - expected[k]);
      power += std::norm(expected[k]);
    }
    EXPECT_LT(0.5 * test::to_db(error / power), -137.0) << size;
  }
}

TEST_P(FourierPlanOn, PutsATurningPointerIntoOneFrequency) {
  for (const std::size_t size : kSizes) {
    for (const std::size_t frequency : {std::size_t{0}, std::size_t{1}, size / 2, size - 5}) {
      Signal x(size);
      for (std::size_t n = 0; n < size; ++n) {
        const double angle = 2.0 * std::numbers::pi * static_cast<double>(frequency * n % size) /
                             static_cast<double>(size);
        x.re[n] = static_cast<float>(std::cos(angle));
        x.im[n] = static_cast<float>(std::sin(angle));
      }
      const Signal y = transformed(FourierPlan(size), x);
      for (std::size_t k = 0; k < size; ++k) {
        const double expected = k == frequency ? static_cast<double>(size) : 0.0;
        ASSERT_NEAR(y.re[k], expected, 2e-4) << k;
        ASSERT_NEAR(y.im[k], 0.0, 2e-4) << k;
      }
    }
  }
}

TEST_P(FourierPlanOn, ComesBackWithRealAndImaginaryPartsExchanged) {
  for (const std::size_t size : kSizes) {
    const FourierPlan plan(size);
    const Signal x(size, 62);
    Signal a(size);
    Signal b(size);
    const ComplexOutput y = plan.transform(x.in(), a.out(), b.out());
    // From where it lies, over itself.
    const ComplexOutput other = y.re == a.re.data() ? b.out() : a.out();
    const ComplexOutput back = plan.transform({y.im, y.re}, other, y);
    for (std::size_t n = 0; n < size; ++n) {
      ASSERT_NEAR(back.im[n] / static_cast<float>(size), x.re[n], 1e-6F) << n;
      ASSERT_NEAR(back.re[n] / static_cast<float>(size), x.im[n], 1e-6F) << n;
    }
  }
}

RUN_ON_EVERY_TARGET(FourierPlanOn);

TEST(FourierPlan, GivesTheSameBitsWhereMultiplyAddIsFused) {
  for (const std::size_t size : kSizes) {
    const FourierPlan plan(size);
    const Signal x(size, 64);
    std::vector<Signal> results;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      if (!test::has_fused_add(target)) continue;
      hwy::SetSupportedTargetsForTest(target);
      results.push_back(transformed(plan, x));
      EXPECT_EQ(results.back().re, results.front().re) << hwy::TargetName(target);
      EXPECT_EQ(results.back().im, results.front().im) << hwy::TargetName(target);
    }
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace
}  // namespace remotemedia::dsp

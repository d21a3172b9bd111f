#include "dsp/fourier_plan.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <new>
#include <numbers>
#include <utility>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kGroup = kFourierGroup;

struct Factor {
  float re;
  float im;
};

/// exp(-2 pi i numerator / denominator), rounded once.
Factor factor_of(std::size_t numerator, std::size_t denominator) {
  const double angle = -2.0 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                       static_cast<double>(denominator);
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

/// The point of the first or second pass that lane `lane` of its group `group` is of.
std::size_t point_of(std::size_t pass, std::size_t group, std::size_t lane) {
  return pass == 0 ? group * kGroup + lane : group / 4 * kGroup + lane / 4 * 4 + group % 4;
}

/// Of one of the first two passes, which have radix 4.
void add_groups(std::size_t pass, std::size_t size, std::vector<float>& to) {
  const std::size_t length = pass == 0 ? size : size / 4;
  for (std::size_t group = 0; group < size / 4 / kGroup; ++group) {
    for (std::size_t power = 1; power < 4; ++power) {
      std::array<Factor, kGroup> factors;
      for (std::size_t lane = 0; lane < kGroup; ++lane) {
        factors[lane] = factor_of(power * point_of(pass, group, lane), length);
      }
      for (const Factor& factor : factors) to.push_back(factor.re);
      for (const Factor& factor : factors) to.push_back(factor.im);
    }
  }
}

/// Of a pass that leaves `turns` transforms of its results.
void add_turns(std::size_t radix, std::size_t turns, std::vector<float>& to) {
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (std::size_t power = 1; power < radix; ++power) {
      const Factor factor = factor_of(power * turn, radix * turns);
      to.push_back(factor.re);
      to.push_back(factor.im);
    }
  }
}

std::size_t next_radix(std::size_t rest) {
  if (rest % 8 == 0) return 8;
  return rest % 4 == 0 ? 4 : 3;
}

}  // namespace

FourierPlan::FourierPlan(std::size_t size) : size_(size) {
  assert(size % (kGroup * kGroup) == 0);
  std::vector<float> factors;
  std::size_t stride = 1;
  for (std::size_t rest = size; rest > 1;) {
    const std::size_t radix = passes_.size() < 2 ? 4 : next_radix(rest);
    assert(rest % radix == 0);
    rest /= radix;
    passes_.push_back({radix, stride, factors.size()});
    if (passes_.size() <= 2) {
      add_groups(passes_.size() - 1, size, factors);
    } else if (rest > 1) {
      add_turns(radix, rest, factors);
    }
    stride *= radix;
  }
  factors_ = hwy::AllocateAligned<float>(factors.size());
  if (factors_ == nullptr) throw std::bad_alloc();
  std::ranges::copy(factors, factors_.get());
}

ComplexOutput FourierPlan::transform(ComplexInput in, ComplexOutput a,
                                     ComplexOutput b) const noexcept {
  ComplexOutput to = a;
  ComplexOutput next = b;
  for (const Pass& pass : passes_) {
    const float* factors = factors_.get() + pass.factors;
    if (pass.stride == 1) {
      fourier_first_pass(in, factors, size_, to);
    } else if (pass.stride == 4) {
      fourier_second_pass(in, factors, size_, to);
    } else {
      fourier_pass(pass.radix, in, factors, size_, pass.stride, to);
    }
    in = to;
    std::swap(to, next);
  }
  return next;
}

}  // namespace remotemedia::dsp

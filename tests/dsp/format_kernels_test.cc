#include "dsp/format_kernels.h"

#include "dsp/every_target.h"
#include "dsp/signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>

namespace remotemedia::dsp {
namespace {

using I16 = std::int16_t;
using I32 = std::int32_t;

template <typename Integer>
constexpr double full_scale() {
  return -static_cast<double>(std::numeric_limits<Integer>::min());
}

/// The definition, in double or wider: every product is exact, every conversion rounds once.
template <typename To, typename From>
To by_definition(From x) {
  if constexpr (std::is_integral_v<To>) {
    if constexpr (std::is_floating_point_v<From>) {
      if (std::isnan(x)) return 0;
    }
    double scaled = static_cast<double>(x) * full_scale<To>();
    if constexpr (std::is_integral_v<From>) scaled /= full_scale<From>();
    constexpr double kMin = std::numeric_limits<To>::min();
    constexpr double kMax = std::numeric_limits<To>::max();
    return static_cast<To>(std::min(std::max(std::nearbyint(scaled), kMin), kMax));
  } else if constexpr (std::is_integral_v<From>) {
    return static_cast<To>(static_cast<double>(x) / full_scale<From>());
  } else {
    return static_cast<To>(x);
  }
}

/// Values where rounding, clamping or cleaning could go wrong, and noise at many scales.
template <typename T>
std::vector<T> hard_values() {
  std::vector<T> x;
  std::mt19937_64 random(7);
  if constexpr (std::is_integral_v<T>) {
    for (int i = -70'000; i <= 70'000; i += std::is_same_v<T, I16> ? 1 : 3) {
      x.push_back(static_cast<T>(i));  // as i16 all values, some twice
      x.push_back(static_cast<T>(i * 16'384));
    }
    x.insert(x.end(), {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()});
    for (int i = 0; i < 20'000; ++i) x.push_back(static_cast<T>(random()));
  } else {
    using Limits = std::numeric_limits<T>;
    x = {T{0},
         -T{0},
         T{1},
         T{-1},
         T{2},
         Limits::max(),
         Limits::lowest(),
         Limits::denorm_min(),
         std::nextafter(T{1}, T{0}),
         std::nextafter(T{-1}, T{0}),
         T{32'767.5} / 32'768,
         T{-32'768.5} / 32'768};
    for (int i = -66'000; i <= 66'000; ++i) {
      const T tie = static_cast<T>(i) / 65'536;
      x.insert(x.end(), {tie, std::nextafter(tie, T{2}), tie / 65'536});
    }
    std::uniform_real_distribution<T> uniform(-1, 1);
    for (int scale = -60; scale <= 12; ++scale) {
      for (int i = 0; i < 300; ++i) x.push_back(std::ldexp(uniform(random), scale));
    }
  }
  return x;
}

/// Adds what is replaced, at places of their own and in a row.
template <typename T>
std::vector<T> with_non_finite(std::vector<T> x) {
  if constexpr (std::is_floating_point_v<T>) {
    const T infinity = std::numeric_limits<T>::infinity();
    const T nan = std::numeric_limits<T>::quiet_NaN();
    x.insert(x.begin() + 1'000, {nan, infinity, -infinity, -nan});
    x.insert(x.end() - 3, {nan, infinity, T{0.5}, -infinity});
  }
  return x;
}

template <typename T>
bool same_bits(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <typename From, typename To>
constexpr bool kCleans = std::is_floating_point_v<From>&& std::is_integral_v<To>;

template <typename From, typename To>
std::uint64_t expected_count(std::span<const From> in) {
  std::uint64_t count = 0;
  if constexpr (kCleans<From, To>) {
    for (const From x : in) count += std::isfinite(x) ? 0 : 1;
  }
  return count;
}

/// Converts `in` to memory that begins `shift` samples after a cache line, and compares; what lies
/// around the output must stay.
template <typename From, typename To>
void expect_definition(std::span<const From> in, std::size_t shift, Stores stores) {
  constexpr To kGuard = 77;
  test::AlignedVector<To> memory(in.size() + shift + 64, kGuard);
  To* const out = memory.data() + shift;
  const std::uint64_t replaced = convert_samples(in.data(), in.size(), out, stores);
  ASSERT_EQ(replaced, (expected_count<From, To>(in)));
  for (std::size_t i = 0; i < in.size(); ++i) {
    ASSERT_TRUE(same_bits(out[i], by_definition<To>(in[i])))
        << i << ": " << in[i] << " became " << out[i] << ", expected " << by_definition<To>(in[i]);
  }
  for (std::size_t i = 0; i < shift; ++i) ASSERT_EQ(memory[i], kGuard);
  for (std::size_t i = shift + in.size(); i < memory.size(); ++i) ASSERT_EQ(memory[i], kGuard);
}

template <typename From, typename To>
void expect_pair() {
  const std::vector<From> values = with_non_finite(hard_values<From>());
  const std::span<const From> all(values);
  for (const Stores stores : {Stores::cached, Stores::streaming}) {
    expect_definition<From, To>(all, 0, stores);
    expect_definition<From, To>(all.subspan(1), 3, stores);
    // Every length up to more than a step of the widest target, at a place with NaN, from every
    // alignment.
    for (std::size_t count = 0; count <= 200; ++count) {
      expect_definition<From, To>(all.subspan(950 + count % 5, count), count % 33, stores);
    }
  }
}

class FormatKernels : public test::EveryTarget {};

TEST_P(FormatKernels, FollowTheDefinitionFromInt16) {
  expect_pair<I16, I32>();
  expect_pair<I16, float>();
  expect_pair<I16, double>();
}

TEST_P(FormatKernels, FollowTheDefinitionFromInt32) {
  expect_pair<I32, I16>();
  expect_pair<I32, float>();
  expect_pair<I32, double>();
}

TEST_P(FormatKernels, FollowTheDefinitionFromFloat) {
  expect_pair<float, I16>();
  expect_pair<float, I32>();
  expect_pair<float, double>();
}

TEST_P(FormatKernels, FollowTheDefinitionFromDouble) {
  expect_pair<double, I16>();
  expect_pair<double, I32>();
  expect_pair<double, float>();
}

RUN_ON_EVERY_TARGET(FormatKernels);

}  // namespace
}  // namespace remotemedia::dsp

// The Silero VAD network (v5 and v6) in SIMD.
//
// Source: the graph in the published file, MIT licence, https://github.com/snakers4/silero-vad. A
// window of 576 samples (288 at 8 kHz), reflected at its end -> 4 Hann spectra of 256 (128) points
// -> magnitudes -> 4 convolutions over time of width 3 with ReLU, 129 (65) -> 128 -> 64 -> 64 ->
// 128 channels, strides 1, 2, 2, 1, which leave one frame -> LSTM of 128 -> ReLU -> one output ->
// sigmoid.
//
// Layers: each lane is one output. A weight vector is loaded once and multiplied by the broadcast
// inputs of all frames, and of all windows of a batch, so that many sessions share the traffic of
// 0.9 MB of weights, which bounds a single one. Taps that meet only the zeros beside the frames are
// left out: two of conv 3, one of conv 2. An output is one chain of fused multiply-adds over inputs
// and taps in order, to which the bias is added: the bits depend neither on the batch nor, where
// there is FMA, on the instruction set. (With the bias first, every product of quiet audio would be
// rounded to its size: 3e-5 of a probability instead of 6e-6.)
//
// Spectrum: n = L * n1 + n2 and k = k1 + 16 * k2, with L = 16 (8) lanes. First stage: real
// transforms of 16 points over n1, whose lanes are n2. Second stage: for each k1 a product with an
// L x L matrix that includes the twiddle factors, whose lanes are k2; 8 KFMA a frame instead of the
// 66 KFMA of the matrix in the file, and no shuffles, since conv 0 has its weights in the order in
// which bins come out.
//
// Cost: 353 KFMA in layers and 33 KFMA in spectra a window (16 kHz), 41 vectors of exp. Latency:
// the window. Accuracy: rounding of float32; sigmoid and tanh below are within 2e-7.

#include "dsp/silero_kernel.h"

#include <algorithm>
#include <cstddef>
#include <utility>

// SVE vectors have no size at compile time, so they cannot sit in an array of accumulators; NEON
// can.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/silero_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors of at most 16 lanes: the partial sums of the output, and the lanes of a transform.
constexpr std::size_t kMaxLanes = 16;
using Lanes = hn::CappedTag<float, kMaxLanes>;
using V = hn::Vec<Lanes>;

// Accumulators of a tile: enough to cover the latency of FMA, and no more than registers hold.
constexpr std::size_t kAccumulators = hn::MaxLanes(Lanes()) == kMaxLanes ? 16 : 8;

// ---- layers ----

/// Shape of a convolution of width 3 over kFrames_ frames and a frame of zeros on either side.
template <std::size_t kFrameCount, std::size_t kStep>
struct Conv {
  static constexpr std::size_t kFrames = kFrameCount;
  static constexpr std::size_t kStride = kStep;
  static constexpr std::size_t kResults = (kFrames - 1) / kStride + 1;
  static constexpr std::size_t kFirstTap = kFrames >= 4 ? 0 : 1;
  static constexpr std::size_t kTaps = kFrames >= 4 ? 3 : kFrames;
};
using Dense = Conv<1, 1>;

/// Where a layer reads and writes; strides in floats. Frames follow each other.
struct Rows {
  const float* inputs;
  std::size_t input_stride;  ///< from frame to frame
  const float* added;        ///< to the sums: the bias, or what else there is
  std::size_t added_stride;  ///< from window to window: 0 if they share it
  float* results;
};

/// Adds the products of tap kTap for result kI of a tile of windows.
template <class C, std::size_t kI, std::size_t kTap>
HWY_INLINE void add_tap(V& sum, const V* weights, const V* inputs) {
  constexpr std::size_t kPadded = kI % C::kResults * C::kStride + C::kFirstTap + kTap;
  if constexpr (kPadded >= 1 && kPadded <= C::kFrames) {
    sum = hn::MulAdd(weights[kTap], inputs[kI / C::kResults * C::kFrames + kPadded - 1], sum);
  }
}

template <class C, std::size_t kI, std::size_t... kTap>
HWY_INLINE void add_taps(V& sum, const V* weights, const V* inputs,
                         std::index_sequence<kTap...> /*taps*/) {
  (add_tap<C, kI, kTap>(sum, weights, inputs), ...);
}

template <class C, std::size_t... kI, std::size_t... kTap>
HWY_INLINE void add_vector(V* sums, const float* weights, const V* inputs,
                           std::index_sequence<kI...> /*results*/,
                           std::index_sequence<kTap...> taps) {
  const Lanes d;
  const V loaded[] = {hn::Load(d, weights + kTap * kSileroBlock)...};
  (add_taps<C, kI>(sums[kI], loaded, inputs, taps), ...);
}

template <class C, std::size_t kResults, std::size_t... kVector>
HWY_INLINE void add_input(V* sums, const float* weights, const V* inputs,
                          std::index_sequence<kVector...> /*vectors*/) {
  constexpr std::size_t kLanes = hn::MaxLanes(Lanes());
  (add_vector<C>(sums + kVector * kResults, weights + kVector * kLanes, inputs,
                 std::make_index_sequence<kResults>(), std::make_index_sequence<C::kTaps>()),
   ...);
}

/// Outputs [first, first + kVectors * lanes) of kWindows windows.
template <class C, bool kRelu, std::size_t kWindows, std::size_t kVectors, std::size_t... kInput,
          std::size_t... kSum>
HWY_INLINE void run_tile(const SileroLayer& layer, const Rows& rows, std::size_t first,
                         std::index_sequence<kInput...> /*inputs*/,
                         std::index_sequence<kSum...> /*sums*/) {
  constexpr std::size_t kLanes = hn::MaxLanes(Lanes());
  constexpr std::size_t kResults = kWindows * C::kResults;
  const Lanes d;
  V sums[] = {(static_cast<void>(kSum), hn::Zero(d))...};
  const float* weights = layer.weights +
                         first / kSileroBlock * kSileroBlock * layer.inputs * C::kTaps +
                         first % kSileroBlock;
  const float* x = rows.inputs;
  for (std::size_t i = 0; i < layer.inputs; ++i) {
    const V inputs[] = {hn::Set(d, x[kInput * rows.input_stride])...};
    add_input<C, kResults>(sums, weights, inputs, std::make_index_sequence<kVectors>());
    weights += C::kTaps * kSileroBlock;
    ++x;
  }
  ((sums[kSum] = hn::Add(
        sums[kSum], hn::LoadU(d, rows.added + kSum % kResults / C::kResults * rows.added_stride +
                                     first + kSum / kResults * kLanes))),
   ...);
  if constexpr (kRelu) ((sums[kSum] = hn::Max(sums[kSum], hn::Zero(d))), ...);
  (hn::StoreU(sums[kSum], d,
              rows.results + kSum % kResults * layer.outputs + first + kSum / kResults * kLanes),
   ...);
}

template <class C, bool kRelu, std::size_t kWindows>
HWY_INLINE void run_windows(const SileroLayer& layer, const Rows& rows, std::size_t window) {
  constexpr std::size_t kLanes = hn::MaxLanes(Lanes());
  constexpr std::size_t kResults = kWindows * C::kResults;
  constexpr std::size_t kFit = kAccumulators / kResults;
  constexpr std::size_t kVectors = std::min(std::max<std::size_t>(kFit, 1), kSileroBlock / kLanes);
  const Rows at = {.inputs = rows.inputs + window * C::kFrames * rows.input_stride,
                   .input_stride = rows.input_stride,
                   .added = rows.added + window * rows.added_stride,
                   .added_stride = rows.added_stride,
                   .results = rows.results + window * C::kResults * layer.outputs};
  for (std::size_t first = 0; first < layer.outputs; first += kVectors * kLanes) {
    run_tile<C, kRelu, kWindows, kVectors>(layer, at, first,
                                           std::make_index_sequence<kWindows * C::kFrames>(),
                                           std::make_index_sequence<kVectors * kResults>());
  }
}

/// One layer for `count` windows, in tiles of as many as accumulators allow.
template <class C, bool kRelu>
void run_layer(const SileroLayer& layer, const Rows& rows, std::size_t count) {
  constexpr std::size_t kMost = kAccumulators / 2 / C::kResults;
  std::size_t window = 0;
  if constexpr (kMost >= 8) {
    for (; window + 8 <= count; window += 8) run_windows<C, kRelu, 8>(layer, rows, window);
  }
  if constexpr (kMost >= 4) {
    for (; window + 4 <= count; window += 4) run_windows<C, kRelu, 4>(layer, rows, window);
  }
  if constexpr (kMost >= 2) {
    for (; window + 2 <= count; window += 2) run_windows<C, kRelu, 2>(layer, rows, window);
  }
  for (; window < count; ++window) run_windows<C, kRelu, 1>(layer, rows, window);
}

// ---- spectrum ----

constexpr std::size_t kRadix = 16;
constexpr std::size_t kPartRows = 9;
constexpr std::size_t kSpectrumStride = 144;  // >= 129 bins, and whole cache lines

/// First-stage results of a window's frames; `sines` are the imaginary parts negated.
struct Parts {
  alignas(64) float cosines[kSileroFrames][kPartRows][kMaxLanes];
  alignas(64) float sines[kSileroFrames][kPartRows][kMaxLanes];
};

/// Real transform of 16 points in each lane: rows 0, 8, 1, 2, .. 7 of the results.
template <class D>
HWY_INLINE void transform16(D d, const float* x, const float* window, std::size_t stride,
                            float* cosines, float* sines) {
  using T = hn::Vec<D>;
  const auto load = [&](std::size_t n1) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, x + n1 * stride), hn::LoadU(d, window + n1 * stride));
  };
  const T c = hn::Set(d, 0.92387953251128674F);  // cos(pi / 8)
  const T s = hn::Set(d, 0.38268343236508977F);  // sin(pi / 8)
  const T r = hn::Set(d, 0.70710678118654752F);  // cos(pi / 4)
  const auto store = [&](std::size_t row, T cosine, T sine) HWY_ATTR {
    hn::StoreU(cosine, d, cosines + row * kMaxLanes);
    hn::StoreU(sine, d, sines + row * kMaxLanes);
  };
  const T x0 = load(0), x1 = load(1), x2 = load(2), x3 = load(3), x4 = load(4), x5 = load(5),
          x6 = load(6), x7 = load(7), x8 = load(8), x9 = load(9), x10 = load(10), x11 = load(11),
          x12 = load(12), x13 = load(13), x14 = load(14), x15 = load(15);
  // Even rows: a transform of 8 points of the sums of the halves; the same again for 0, 8 and 4.
  const T a0 = hn::Add(x0, x8), a1 = hn::Add(x1, x9), a2 = hn::Add(x2, x10), a3 = hn::Add(x3, x11),
          a4 = hn::Add(x4, x12), a5 = hn::Add(x5, x13), a6 = hn::Add(x6, x14),
          a7 = hn::Add(x7, x15);
  const T b0 = hn::Add(a0, a4), b1 = hn::Add(a1, a5), b2 = hn::Add(a2, a6), b3 = hn::Add(a3, a7);
  const T even = hn::Add(b0, b2), odd = hn::Add(b1, b3);
  store(0, hn::Add(even, odd), hn::Zero(d));
  store(1, hn::Sub(even, odd), hn::Zero(d));
  store(5, hn::Sub(b0, b2), hn::Sub(b1, b3));
  const T e0 = hn::Sub(a0, a4), e1 = hn::Sub(a1, a5), e2 = hn::Sub(a2, a6), e3 = hn::Sub(a3, a7);
  const T e_minus = hn::Mul(r, hn::Sub(e1, e3)), e_plus = hn::Mul(r, hn::Add(e1, e3));
  store(3, hn::Add(e0, e_minus), hn::Add(e_plus, e2));
  store(7, hn::Sub(e0, e_minus), hn::Sub(e_plus, e2));
  // Odd rows: of the differences, folded once more about their middle.
  const T d0 = hn::Sub(x0, x8), d1 = hn::Sub(x1, x9), d2 = hn::Sub(x2, x10), d3 = hn::Sub(x3, x11),
          d4 = hn::Sub(x4, x12), d5 = hn::Sub(x5, x13), d6 = hn::Sub(x6, x14),
          d7 = hn::Sub(x7, x15);
  const T p1 = hn::Sub(d1, d7), p2 = hn::Mul(r, hn::Sub(d2, d6)), p3 = hn::Sub(d3, d5);
  const T q1 = hn::Add(d1, d7), q2 = hn::Mul(r, hn::Add(d2, d6)), q3 = hn::Add(d3, d5);
  const T p_plus = hn::Add(d0, p2), p_minus = hn::Sub(d0, p2);
  const T q_plus = hn::Add(q2, d4), q_minus = hn::Sub(q2, d4);
  const T p_outer = hn::MulAdd(c, p1, hn::Mul(s, p3)), q_outer = hn::MulAdd(s, q1, hn::Mul(c, q3));
  const T p_inner = hn::MulSub(s, p1, hn::Mul(c, p3)), q_inner = hn::MulSub(c, q1, hn::Mul(s, q3));
  store(2, hn::Add(p_plus, p_outer), hn::Add(q_outer, q_plus));
  store(8, hn::Sub(p_plus, p_outer), hn::Sub(q_outer, q_plus));
  store(4, hn::Add(p_minus, p_inner), hn::Add(q_inner, q_minus));
  store(6, hn::Sub(p_minus, p_inner), hn::Sub(q_inner, q_minus));
}

/// Second stage of one row and one vector of bins, for all frames: magnitudes.
template <class D, std::size_t... kFrame>
HWY_INLINE void finish_row(D d, std::size_t lanes, const float* table, const Parts& parts,
                           std::size_t row, float* spectrum,
                           std::index_sequence<kFrame...> /*frames*/) {
  using T = hn::Vec<D>;
  T real[] = {(static_cast<void>(kFrame), hn::Zero(d))...};
  T imaginary[] = {(static_cast<void>(kFrame), hn::Zero(d))...};
  for (std::size_t n2 = 0; n2 < lanes; ++n2) {
    const T cosine = hn::Load(d, table);
    const T sine = hn::Load(d, table + lanes);
    const T a[] = {hn::Set(d, parts.cosines[kFrame][row][n2])...};
    const T b[] = {hn::Set(d, parts.sines[kFrame][row][n2])...};
    ((real[kFrame] = hn::MulAdd(cosine, a[kFrame], real[kFrame])), ...);
    ((imaginary[kFrame] = hn::MulAdd(sine, a[kFrame], imaginary[kFrame])), ...);
    ((real[kFrame] = hn::NegMulAdd(sine, b[kFrame], real[kFrame])), ...);
    ((imaginary[kFrame] = hn::MulAdd(cosine, b[kFrame], imaginary[kFrame])), ...);
    table += 2 * lanes;
  }
  (hn::StoreU(hn::Sqrt(hn::MulAdd(real[kFrame], real[kFrame],
                                  hn::Mul(imaginary[kFrame], imaginary[kFrame]))),
              d, spectrum + kFrame * kSpectrumStride),
   ...);
}

/// Magnitudes [frame][channel] of a window, whose channels are SileroNetwork's order of the bins.
template <std::size_t kLanes>
void window_spectrum(const SileroNetwork& network, const float* samples, float* spectrum) {
  const hn::CappedTag<float, kLanes> d;
  constexpr std::size_t kFft = kRadix * kLanes;
  constexpr std::size_t kHop = kFft / 2;
  constexpr std::size_t kLength = 2 * kFft + kFft / 4;
  alignas(64) float last[kFft];
  const float* const inside = samples + (kSileroFrames - 1) * kHop;
  std::copy(inside, samples + kLength, last);
  for (std::size_t i = 0; i < kFft / 4; ++i) last[kFft - kFft / 4 + i] = samples[kLength - 2 - i];
  Parts parts;
  for (std::size_t frame = 0; frame < kSileroFrames; ++frame) {
    const float* const x = frame + 1 < kSileroFrames ? samples + frame * kHop : last;
    for (std::size_t lane = 0; lane < kLanes; lane += hn::MaxLanes(d)) {
      transform16(d, x + lane, network.window() + lane, kLanes, parts.cosines[frame][0] + lane,
                  parts.sines[frame][0] + lane);
    }
  }
  const float* table = network.twiddles();
  std::size_t channel = 0;
  for (std::size_t row = 0; row < kPartRows; ++row) {
    for (std::size_t lane = 0; lane < kLanes; lane += hn::MaxLanes(d)) {
      finish_row(d, kLanes, table + lane, parts, row, spectrum + channel + lane,
                 std::make_index_sequence<kSileroFrames>());
    }
    table += 2 * kLanes * kLanes;
    // The next row overwrites the bins that a row with real input has twice.
    channel += row == 0 ? kLanes / 2 + 1 : row == 1 ? kLanes / 2 : kLanes;
  }
}

// ---- functions ----

/// e^x for |x| <= 80: 2^n times the Taylor polynomial of the rest, |rest| <= ln(2) / 2, whose first
/// term left out is 6e-9.
template <class D, class T>
HWY_INLINE T exponential(D d, T x) {
  const hn::RebindToSigned<D> di;
  const T n = hn::Round(hn::Mul(x, hn::Set(d, 1.4426950408889634F)));
  T rest = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);  // the upper 9 bits of ln(2)
  rest = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), rest);
  T y = hn::Set(d, 1.0F / 5040);
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F / 720));
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F / 120));
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F / 24));
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F / 6));
  y = hn::MulAdd(y, rest, hn::Set(d, 0.5F));
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F));
  y = hn::MulAdd(y, rest, hn::Set(d, 1.0F));
  const auto bits = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127)));
  return hn::Mul(y, hn::BitCast(d, bits));
}

template <class D, class T>
HWY_INLINE T sigmoid(D d, T x) {
  const T one = hn::Set(d, 1.0F);
  const T bounded = hn::Min(hn::Max(x, hn::Set(d, -80.0F)), hn::Set(d, 80.0F));
  return hn::Div(one, hn::Add(one, exponential(d, hn::Neg(bounded))));
}

template <class D, class T>
HWY_INLINE T hyperbolic_tangent(D d, T x) {
  return hn::MulSub(hn::Set(d, 2.0F), sigmoid(d, hn::Add(x, x)), hn::Set(d, 1.0F));
}

// ---- the network ----

void encode(const SileroNetwork& network, const float* const* windows, std::size_t count,
            float* gates) {
  alignas(64) float spectrum[kSileroMaxBatch * kSileroFrames * kSpectrumStride];
  alignas(64) float wide[kSileroMaxBatch * kSileroFrames * 128];  // conv 0, then 3
  alignas(64) float narrow[kSileroMaxBatch * 2 * 64];             // conv 1
  alignas(64) float single[kSileroMaxBatch * 64];                 // conv 2
  for (std::size_t i = 0; i < count; ++i) {
    float* const at = spectrum + i * kSileroFrames * kSpectrumStride;
    if (network.fft_length() == kSileroMaxFft) {
      window_spectrum<16>(network, windows[i], at);
    } else {
      window_spectrum<8>(network, windows[i], at);
    }
  }
  const auto rows = [&](const float* inputs, std::size_t stride, const SileroLayer& layer,
                        float* results) -> Rows {
    return {.inputs = inputs,
            .input_stride = stride,
            .added = layer.bias,
            .added_stride = 0,
            .results = results};
  };
  const SileroLayer& conv0 = network.conv(0);
  const SileroLayer& conv1 = network.conv(1);
  const SileroLayer& conv2 = network.conv(2);
  const SileroLayer& conv3 = network.conv(3);
  const SileroLayer& input = network.lstm_input();
  run_layer<Conv<4, 1>, true>(conv0, rows(spectrum, kSpectrumStride, conv0, wide), count);
  run_layer<Conv<4, 2>, true>(conv1, rows(wide, 128, conv1, narrow), count);
  run_layer<Conv<2, 2>, true>(conv2, rows(narrow, 64, conv2, single), count);
  run_layer<Dense, true>(conv3, rows(single, 64, conv3, wide), count);
  run_layer<Dense, false>(input, rows(wide, 128, input, gates), count);
}

/// sigmoid(bias + sum of weights[i] * max(0, hidden[i])): 16 partial sums by i % 16, which are then
/// added as a tree of halves.
HWY_INLINE float output(const SileroNetwork& network, const float* hidden) {
  const Lanes d;
  alignas(64) float partial[kMaxLanes];
  for (std::size_t lane = 0; lane < kMaxLanes; lane += hn::MaxLanes(d)) {
    V sum = hn::Zero(d);
    for (std::size_t i = lane; i < kSileroHidden; i += kMaxLanes) {
      sum = hn::MulAdd(hn::Load(d, network.output_weights() + i),
                       hn::Max(hn::Load(d, hidden + i), hn::Zero(d)), sum);
    }
    hn::Store(sum, d, partial + lane);
  }
  for (std::size_t half = kMaxLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) partial[i] += partial[i + half];
  }
  const hn::CappedTag<float, 1> one;
  return hn::GetLane(sigmoid(one, hn::Set(one, partial[0] + network.output_bias())));
}

void step(const SileroNetwork& network, SileroState* const* states, std::size_t count, float* gates,
          float* probabilities) {
  const Lanes d;
  alignas(64) float hidden[kSileroMaxBatch * kSileroHidden];
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(states[i]->hidden, kSileroHidden, hidden + i * kSileroHidden);
  }
  run_layer<Dense, false>(network.lstm_state(),
                          {.inputs = hidden,
                           .input_stride = kSileroHidden,
                           .added = gates,
                           .added_stride = kSileroGates,
                           .results = gates},
                          count);
  for (std::size_t i = 0; i < count; ++i) {
    const float* const gate = gates + i * kSileroGates;
    SileroState& state = *states[i];
    for (std::size_t j = 0; j < kSileroHidden; j += hn::MaxLanes(d)) {
      const V input = sigmoid(d, hn::Load(d, gate + j));
      const V forget = sigmoid(d, hn::Load(d, gate + kSileroHidden + j));
      const V fresh = hyperbolic_tangent(d, hn::Load(d, gate + 2 * kSileroHidden + j));
      const V open = sigmoid(d, hn::Load(d, gate + 3 * kSileroHidden + j));
      const V cell = hn::MulAdd(forget, hn::Load(d, state.cell + j), hn::Mul(input, fresh));
      hn::Store(cell, d, state.cell + j);
      hn::Store(hn::Mul(open, hyperbolic_tangent(d, cell)), d, state.hidden + j);
    }
    probabilities[i] = output(network, state.hidden);
  }
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(encode);
HWY_EXPORT(step);
HWY_EXPORT(target_name);

void silero_encode(const SileroNetwork& network, const float* const* windows, std::size_t count,
                   float* gates) noexcept {
  HWY_DYNAMIC_DISPATCH(encode)(network, windows, count, gates);
}

void silero_step(const SileroNetwork& network, SileroState* const* states, std::size_t count,
                 float* gates, float* probabilities) noexcept {
  HWY_DYNAMIC_DISPATCH(step)(network, states, count, gates, probabilities);
}

std::string silero_kernel_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace remotemedia::dsp
#endif

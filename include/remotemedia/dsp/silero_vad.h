#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace remotemedia::dsp {

class SileroNetwork;
struct SileroState;

/// The weights of Silero VAD v6, for 16 and 8 kHz. Never changes once made: all detectors share it,
/// in any thread. About 1.7 MB. remotemedia/nodes/silero_model.h finds and loads the file.
class SileroModel {
 public:
  /// From the bytes of silero_vad.onnx; configuration error if they are no such model. The bytes
  /// are not needed afterwards.
  static std::shared_ptr<const SileroModel> parse(std::span<const std::byte> onnx);

  explicit SileroModel(std::span<const std::byte> onnx);
  ~SileroModel();
  SileroModel(const SileroModel&) = delete;
  SileroModel& operator=(const SileroModel&) = delete;

  [[nodiscard]] const SileroNetwork& network(int rate) const;  ///< for 16000 or 8000 Hz

 private:
  std::unique_ptr<const SileroNetwork> at_16_khz_;
  std::unique_ptr<const SileroNetwork> at_8_khz_;
};

/// Voice activity by the Silero network, on mono float32: the probability of speech in each window
/// of 512 samples at 16 kHz or 256 at 8 kHz (32 ms).
///
/// Samples that do not complete a window wait for the next chunk, so chunking does not change a
/// bit; nor do the number of detectors in one call and, among AVX2, AVX-512 and NEON, the
/// instruction set. NaN counts as 0 and infinities as +-1; values beyond +-65536, with which the
/// network's sums could overflow, are cut to that. All three are counted. Latency: one window.
/// State: 3.6 KB; no allocation after construction. Cost: silero_kernel.cc.
class SileroVad {
 public:
  struct Config {
    int rate = 16'000;  ///< 16000 or 8000 Hz
  };
  /// Configuration error for another rate.
  SileroVad(std::shared_ptr<const SileroModel> model, const Config& config);
  explicit SileroVad(std::shared_ptr<const SileroModel> model)
      : SileroVad(std::move(model), Config()) {}
  ~SileroVad();
  SileroVad(SileroVad&&) noexcept;
  SileroVad& operator=(SileroVad&&) noexcept;

  /// What one detector takes and gives in a call for many.
  struct Chunk {
    SileroVad* detector = nullptr;
    std::span<const float> x;        ///< taken: empty afterwards
    std::span<float> probabilities;  ///< room for detector->max_windows(x.size())
    std::size_t windows = 0;         ///< result: how many were written
  };

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::size_t window_length() const { return window_length_; }
  [[nodiscard]] std::size_t max_windows(std::size_t samples) const {
    return (filled_ + samples) / window_length_;
  }
  /// Samples that wait for the rest of their window.
  [[nodiscard]] std::size_t pending() const { return filled_; }
  /// Samples that have been replaced since construction.
  [[nodiscard]] std::uint64_t cleaned_samples() const { return cleaned_; }

  /// Writes one probability per completed window to `probabilities`, which has room for
  /// max_windows(x.size()); returns their number. Long chunks cost less per window: all that does
  /// not depend on the window before is computed for eight at once.
  std::size_t process(std::span<const float> x, std::span<float> probabilities);
  /// The same as process() for each chunk, in one call that shares the traffic of the weights: the
  /// detectors' windows are evaluated eight at a time. Each detector at most once; configuration
  /// error otherwise.
  static void process_many(std::span<Chunk> chunks);
  /// Completes a partial window with zeros and writes its probability: 1, or 0 without one. What
  /// follows is a new stream.
  std::size_t flush(std::span<float> probabilities);
  /// Forgets the stream; not the count of cleaned samples.
  void reset();

 private:
  friend class SileroBatch;

  static void check_distinct(std::span<const Chunk> chunks);
  /// Takes samples until a window is complete; true if one is.
  bool fill(std::span<const float>& x);
  void append(std::span<const float> x);
  void evaluate_run(std::span<const float> x, std::span<float> probabilities);
  [[nodiscard]] const float* window() const;
  void advance();

  std::shared_ptr<const SileroModel> model_;
  const SileroNetwork* network_;
  Config config_;
  std::size_t window_length_;
  std::size_t context_length_;
  std::unique_ptr<SileroState> state_;
  std::unique_ptr<float[]> samples_;  ///< the context, then the window that fills up
  std::size_t filled_ = 0;
  std::uint64_t cleaned_ = 0;
  bool taken_ = false;  ///< by the check of a call for many
};

}  // namespace remotemedia::dsp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace remotemedia {

enum class SampleFormat : std::uint8_t { f32, i16, i32 };

/// "f32", "i16" or "i32".
const char* to_string(SampleFormat format);
std::size_t bytes_per_sample(SampleFormat format);

/// The C++ type of a format: float, std::int16_t, std::int32_t.
template <typename Sample>
inline constexpr SampleFormat sample_format_of = SampleFormat::f32;
template <>
inline constexpr SampleFormat sample_format_of<std::int16_t> = SampleFormat::i16;
template <>
inline constexpr SampleFormat sample_format_of<std::int32_t> = SampleFormat::i32;

/// Planar samples, shape (channels, frames), with their rate in Hz. The frames of a channel are
/// contiguous; channels are `channel_stride` samples apart. Copies and slices share the memory,
/// which its owner keeps alive: either an allocation of ours or, for a borrowed view, the caller's
/// object.
class AudioBuffer {
 public:
  AudioBuffer() = default;

  /// Zeroed memory of our own, contiguous, 64-byte aligned.
  static AudioBuffer allocate(SampleFormat format, int channels, std::size_t frames, int rate);
  /// The same, but the samples are not set: for one who writes them all.
  static AudioBuffer allocate_unset(SampleFormat format, int channels, std::size_t frames,
                                    int rate);
  /// A read-only view of foreign memory; `owner` keeps it alive.
  static AudioBuffer borrow(std::shared_ptr<const void> owner, const void* data,
                            SampleFormat format, int channels, std::size_t frames,
                            std::size_t channel_stride, int rate);

  [[nodiscard]] SampleFormat format() const { return format_; }
  [[nodiscard]] int channels() const { return channels_; }
  [[nodiscard]] std::size_t frames() const { return frames_; }
  [[nodiscard]] int rate() const { return rate_; }
  [[nodiscard]] std::size_t channel_stride() const { return channel_stride_; }
  [[nodiscard]] bool empty() const { return frames_ == 0; }
  [[nodiscard]] double duration_s() const {
    return rate_ > 0 ? static_cast<double>(frames_) / rate_ : 0.0;
  }
  /// First sample of channel 0.
  [[nodiscard]] const void* data() const { return data_; }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const { return owner_; }

  /// Frames of one channel. `Sample` must match `format()` (type error otherwise).
  template <typename Sample>
  [[nodiscard]] std::span<const Sample> channel(int index) const {
    check_access(sample_format_of<Sample>, index);
    return {static_cast<const Sample*>(data_) + static_cast<std::size_t>(index) * channel_stride_,
            frames_};
  }

  /// For the one who allocated the buffer and has not handed it out yet. Never on a borrowed view.
  template <typename Sample>
  [[nodiscard]] std::span<Sample> mutable_channel(int index) {
    check_writable();
    const std::span<const Sample> view = channel<Sample>(index);
    return {const_cast<Sample*>(view.data()), view.size()};
  }

  /// Frames [offset, offset + frames), sharing the memory. Clipped to the buffer's end.
  [[nodiscard]] AudioBuffer slice(std::size_t offset, std::size_t frames) const;
  /// The same memory with fewer frames.
  void truncate(std::size_t frames);
  /// The same memory under another rate.
  [[nodiscard]] AudioBuffer with_rate(int rate) const;

  /// A mono item that came as shape (frames,) goes back as such.
  bool one_dimensional = false;

 private:
  void check_access(SampleFormat format, int index) const;
  void check_writable() const;

  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
  std::size_t frames_ = 0;
  std::size_t channel_stride_ = 0;
  int channels_ = 0;
  int rate_ = 0;
  SampleFormat format_ = SampleFormat::f32;
  bool borrowed_ = false;
};

/// One buffer with the frames of all parts, which have the same format, channels and rate. A single
/// part is returned as it is; there must be at least one.
AudioBuffer concatenate(std::span<const AudioBuffer> parts);

}  // namespace remotemedia

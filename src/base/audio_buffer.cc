#include "remotemedia/base/audio_buffer.h"

#include "remotemedia/base/blocks.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/memory_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace remotemedia {
namespace {

constexpr std::size_t kLine = 64;  // a cache line, and the alignment of samples

/// Owns samples of our own, which begin on the cache line after it.
struct OwnSamples {
  explicit OwnSamples(std::size_t size) : bytes(size), account(MemoryAccount::current()) {
    if (account) account->take(bytes);
  }
  ~OwnSamples() {
    if (account) account->give_back(bytes);
  }
  OwnSamples(const OwnSamples&) = delete;
  OwnSamples& operator=(const OwnSamples&) = delete;

  std::size_t bytes;
  std::shared_ptr<MemoryAccount> account;
};

/// Takes one block for what std::allocate_shared makes, an owner with its counts, and the samples.
template <typename T>
struct OwnerAllocator {
  using value_type = T;

  explicit OwnerAllocator(std::size_t bytes) : sample_bytes(bytes) {}
  template <typename Other>
  OwnerAllocator(const OwnerAllocator<Other>& other) noexcept : sample_bytes(other.sample_bytes) {}

  T* allocate(std::size_t /*one*/) {
    static_assert(sizeof(T) <= kLine);
    return static_cast<T*>(allocate_block(kLine + sample_bytes));
  }
  void deallocate(T* memory, std::size_t /*one*/) noexcept {
    free_block(memory, kLine + sample_bytes);
  }
  template <typename Other>
  bool operator==(const OwnerAllocator<Other>& other) const noexcept {
    return sample_bytes == other.sample_bytes;
  }

  std::size_t sample_bytes;
};

const void* samples_of(const OwnSamples& owner) {
  const auto* address = reinterpret_cast<const std::byte*>(&owner);
  return address + (kLine - reinterpret_cast<std::uintptr_t>(address) % kLine);
}

}  // namespace

const char* to_string(SampleFormat format) {
  static constexpr const char* kNames[] = {"f32", "i16", "i32"};
  return kNames[static_cast<std::size_t>(format)];
}

std::size_t bytes_per_sample(SampleFormat format) { return format == SampleFormat::i16 ? 2 : 4; }

AudioBuffer AudioBuffer::allocate(SampleFormat format, int channels, std::size_t frames, int rate) {
  AudioBuffer buffer = allocate_unset(format, channels, frames, rate);
  const std::size_t samples = frames * static_cast<std::size_t>(channels);
  std::memset(const_cast<void*>(buffer.data_), 0, samples * bytes_per_sample(format));
  return buffer;
}

AudioBuffer AudioBuffer::allocate_unset(SampleFormat format, int channels, std::size_t frames,
                                        int rate) {
  check_channels("AudioBuffer: channels", channels);
  const std::size_t frame_bytes = bytes_per_sample(format) * static_cast<std::size_t>(channels);
  if (frames > std::numeric_limits<std::ptrdiff_t>::max() / frame_bytes - kLine)
    throw std::bad_alloc();
  const std::size_t bytes = frames * frame_bytes;
  const auto owner = std::allocate_shared<OwnSamples>(OwnerAllocator<OwnSamples>(bytes), bytes);
  AudioBuffer buffer;
  buffer.data_ = samples_of(*owner);
  buffer.owner_ = owner;
  buffer.frames_ = frames;
  buffer.channel_stride_ = frames;
  buffer.channels_ = channels;
  buffer.rate_ = rate;
  buffer.format_ = format;
  return buffer;
}

AudioBuffer AudioBuffer::borrow(std::shared_ptr<const void> owner, const void* data,
                                SampleFormat format, int channels, std::size_t frames,
                                std::size_t channel_stride, int rate) {
  check_channels("AudioBuffer: channels", channels);
  AudioBuffer buffer;
  buffer.owner_ = std::move(owner);
  buffer.data_ = data;
  buffer.frames_ = frames;
  buffer.channel_stride_ = channel_stride;
  buffer.channels_ = channels;
  buffer.rate_ = rate;
  buffer.format_ = format;
  buffer.borrowed_ = true;
  return buffer;
}

AudioBuffer AudioBuffer::slice(std::size_t offset, std::size_t frames) const {
  AudioBuffer part = *this;
  offset = std::min(offset, frames_);
  part.frames_ = std::min(frames, frames_ - offset);
  if (offset > 0) {
    part.data_ = static_cast<const std::byte*>(data_) + offset * bytes_per_sample(format_);
  }
  return part;
}

void AudioBuffer::truncate(std::size_t frames) { frames_ = std::min(frames_, frames); }

AudioBuffer AudioBuffer::with_rate(int rate) const {
  AudioBuffer same = *this;
  same.rate_ = rate;
  return same;
}

AudioBuffer concatenate(std::span<const AudioBuffer> parts) {
  if (parts.size() == 1) return parts.front();
  const AudioBuffer& first = parts.front();
  std::size_t frames = 0;
  for (const AudioBuffer& part : parts) frames += part.frames();
  AudioBuffer whole =
      AudioBuffer::allocate_unset(first.format(), first.channels(), frames, first.rate());
  whole.one_dimensional = first.one_dimensional;
  const std::size_t sample_bytes = bytes_per_sample(first.format());
  auto* to = static_cast<std::byte*>(const_cast<void*>(whole.data()));
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(first.channels()); ++channel) {
    for (const AudioBuffer& part : parts) {
      const auto* from = static_cast<const std::byte*>(part.data()) +
                         channel * part.channel_stride() * sample_bytes;
      if (!part.empty()) std::memcpy(to, from, part.frames() * sample_bytes);
      to += part.frames() * sample_bytes;
    }
  }
  return whole;
}

void AudioBuffer::check_access(SampleFormat format, int index) const {
  if (format != format_) {
    refuse_type(
        fmt::format("audio is {}, expected {}", to_string(format_), to_string(format)),
        fmt::format("put a FormatConverterNode(target_format=\"{}\") in front", to_string(format)));
  }
  if (index < 0 || index >= channels_) {
    refuse("channel", index, fmt::format("0..{}", channels_ - 1));
  }
}

void AudioBuffer::check_writable() const {
  if (borrowed_) refuse_type("audio is a borrowed view and cannot be written to");
}

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>
#include <unistd.h>
#include <vector>

namespace remotemedia::media::test {

namespace fs = std::filesystem;

/// A new folder, removed with its contents at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "media_test_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }
  /// A file of the given bytes.
  [[nodiscard]] fs::path with(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  fs::path path_;
};

inline std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string little(std::uint64_t value, std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
  return bytes;
}

inline std::string big(std::uint64_t value, std::size_t length) {
  const std::string bytes = little(value, length);
  return {bytes.rbegin(), bytes.rend()};
}

/// What a hand-made file of 16-bit samples says about itself; frames count from 0 in every channel.
struct Pcm16 {
  int rate = 16'000;
  int channels = 1;
  std::uint32_t frames = 100;          ///< really there
  std::uint64_t promised_bytes = 200;  ///< in the header

  [[nodiscard]] std::string samples(bool big_endian) const {
    std::string bytes;
    for (std::uint32_t i = 0; i < frames; ++i) {
      for (int c = 0; c < channels; ++c) bytes += big_endian ? big(i, 2) : little(i, 2);
    }
    return bytes;
  }
  [[nodiscard]] std::string format_chunk() const {
    const auto rate_ = static_cast<std::uint64_t>(rate);
    const auto channels_ = static_cast<std::uint64_t>(channels);
    return little(1, 2) + little(channels_, 2) + little(rate_, 4) +
           little(rate_ * channels_ * 2, 4) + little(channels_ * 2, 2) + little(16, 2);
  }
};

/// RIFF/WAVE, with an odd-sized chunk in front of the data as real files have.
inline std::string wav(const Pcm16& pcm) {
  return "RIFF" + little(60 + pcm.promised_bytes, 4) + "WAVEfmt " + little(16, 4) +
         pcm.format_chunk() + "note" + little(3, 4) + "abc" + std::string(1, '\0') + "data" +
         little(pcm.promised_bytes, 4) + pcm.samples(false);
}

/// RF64: the sizes, which may exceed 32 bits, are in a chunk of their own.
inline std::string rf64(const Pcm16& pcm) {
  return "RF64" + little(0xFFFFFFFFU, 4) + "WAVEds64" + little(28, 4) +
         little(72 + pcm.promised_bytes, 8) + little(pcm.promised_bytes, 8) +
         little(pcm.promised_bytes / 2, 8) + little(0, 4) + "fmt " + little(16, 4) +
         pcm.format_chunk() + "data" + little(0xFFFFFFFFU, 4) + pcm.samples(false);
}

/// Sun/NeXT .au.
inline std::string au(const Pcm16& pcm) {
  return ".snd" + big(24, 4) + big(pcm.promised_bytes, 4) + big(3, 4) +
         big(static_cast<std::uint64_t>(pcm.rate), 4) +
         big(static_cast<std::uint64_t>(pcm.channels), 4) + pcm.samples(true);
}

/// AIFF; the rate is an 80-bit float, here of 16 kHz: 16000 = 1.953125 * 2^13.
inline std::string aiff(const Pcm16& pcm) {
  const std::string common = big(static_cast<std::uint64_t>(pcm.channels), 2) +
                             big(pcm.promised_bytes / 2, 4) + big(16, 2) + big(0x3FFF + 13, 2) +
                             big(0xFA00000000000000U, 8);
  return "FORM" + big(4 + 26 + 16 + pcm.promised_bytes, 4) + "AIFFCOMM" + big(18, 4) + common +
         "SSND" + big(pcm.promised_bytes + 8, 4) + big(0, 8) + pcm.samples(true);
}

/// Sony Wave64.
inline std::string w64(const Pcm16& pcm) {
  const std::string riff_id = "riff" + big(0x2E91CF11A5D628DBU, 8) + big(0x04C10000U, 4);
  const std::string tail = big(0xF3ACD3118CD100C0U, 8) + big(0x4F8EDB8AU, 4);
  return riff_id + little(40 + 40 + 24 + pcm.promised_bytes, 8) + "wave" + tail + "fmt " + tail +
         little(40, 8) + pcm.format_chunk() + "data" + tail + little(24 + pcm.promised_bytes, 8) +
         pcm.samples(false);
}

/// A tone per channel, 440 Hz and up, at half of full scale.
inline AudioBuffer tones(int rate, int channels, std::size_t frames) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, frames, rate);
  for (int c = 0; c < channels; ++c) {
    const std::span<float> out = audio.mutable_channel<float>(c);
    const double step = 2.0 * std::numbers::pi * (440.0 + 110.0 * c) / rate;
    for (std::size_t i = 0; i < frames; ++i) {
      out[i] = static_cast<float>(0.5 * std::sin(step * static_cast<double>(i)));
    }
  }
  return audio;
}

/// RMS of the difference over RMS of `expected`, in dB, over all channels.
inline double error_db(const AudioBuffer& actual, const AudioBuffer& expected) {
  double error = 0;
  double power = 0;
  for (int c = 0; c < expected.channels(); ++c) {
    for (std::size_t i = 0; i < expected.frames(); ++i) {
      const auto y = static_cast<double>(actual.channel<float>(c)[i]);
      const auto x = static_cast<double>(expected.channel<float>(c)[i]);
      error += (y - x) * (y - x);
      power += x * x;
    }
  }
  return 10.0 * std::log10(error / power + 1e-30);
}

/// How one channel of tones() has come through a lossy codec.
struct ToneFit {
  double level_db;     ///< of the tone, over its level before
  double delay;        ///< in frames, modulo the tone's period
  double residual_db;  ///< what is not the tone, over the tone's level before
};

/// The least-squares fit of channel `channel`'s tone, without the ends, where codecs ring.
inline ToneFit fit_tone(const AudioBuffer& audio, int channel) {
  const std::span<const float> y = audio.channel<float>(channel);
  const std::size_t margin = y.size() / 10;
  const double step = 2.0 * std::numbers::pi * (440.0 + 110.0 * channel) / audio.rate();
  double ss = 0, sc = 0, cc = 0, ys = 0, yc = 0, yy = 0;
  for (std::size_t i = margin; i < y.size() - margin; ++i) {
    const double s = std::sin(step * static_cast<double>(i));
    const double c = std::cos(step * static_cast<double>(i));
    const auto v = static_cast<double>(y[i]);
    ss += s * s, sc += s * c, cc += c * c, ys += v * s, yc += v * c, yy += v * v;
  }
  const double determinant = ss * cc - sc * sc;
  const double a = (ys * cc - yc * sc) / determinant;
  const double b = (yc * ss - ys * sc) / determinant;
  const double residual = std::fmax(0.0, yy - a * ys - b * yc);
  return {.level_db = 20.0 * std::log10(std::hypot(a, b) / 0.5),
          .delay = -std::atan2(b, a) / step,
          .residual_db = 10.0 * std::log10(residual / (0.25 * ss) + 1e-30)};
}

}  // namespace remotemedia::media::test

#pragma once

#include "remotemedia/base/packet.h"
#include "remotemedia/media/audio_file.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace remotemedia {

/// Writes a stream of audio packets to one file. The first packet decides rate, channels and
/// format; the file gets its name in close(), and without close() nothing is left behind.
class AudioOutput {
 public:
  /// I/O error if nothing could be written there: unknown suffix, folder missing or not writable.
  explicit AudioOutput(std::filesystem::path path);

  /// type error if the packet holds no audio, configuration error if its rate, channels or format
  /// change.
  void write(const Packet& packet);
  /// Completes the file. Without a packet there is no file.
  void close();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// False until the first packet.
  [[nodiscard]] bool started() const { return writer_.has_value(); }

 private:
  std::filesystem::path path_;
  std::optional<media::AudioWriter> writer_;
};

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/packet.h"
#include "remotemedia/nodes/file_input.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace remotemedia::cli {

/// What enters the graph: an audio file in blocks, or JSON items, one a line, from a .jsonl file or
/// standard input ("-").
class RunInput {
 public:
  /// I/O error if the file cannot be read.
  explicit RunInput(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Absent for items.
  [[nodiscard]] const std::optional<media::AudioFileInfo>& audio() const { return audio_; }
  /// Length of the audio as its header tells it; 0 if it does not, and for items.
  [[nodiscard]] double expected_s() const;

  /// Sends everything, in constant memory, until `send` gives false. I/O error for damaged audio,
  /// configuration error with its line for an item that is no JSON.
  void feed(const std::function<bool(Packet)>& send);

 private:
  void feed_items(const std::function<bool(Packet)>& send) const;

  std::string path_;
  std::optional<media::AudioReader> reader_;
  std::optional<media::AudioFileInfo> audio_;
};

}  // namespace remotemedia::cli

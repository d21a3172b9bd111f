#pragma once

#include "remotemedia/base/packet.h"
#include "remotemedia/nodes/audio_output.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace remotemedia::cli {

/// A folder for unfinished files beside where they go; removed with what is left in it.
class StagingFolder {
 public:
  explicit StagingFolder(const std::filesystem::path& beside);
  ~StagingFolder();
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The file of one output of the graph; files, one per clip, if its name holds kClipNumber. They
/// get their names together in close(), and without it nothing is left behind.
class OutputFile {
 public:
  /// I/O error if nothing could be written there.
  explicit OutputFile(std::filesystem::path path);

  /// Audio, or a list of audio. type error for anything else, I/O error if it cannot be written.
  void write(const Packet& packet);
  /// I/O error if no audio came, except for numbered files: then there are none.
  void check_audio_came() const;
  void close();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Files so far.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Name of the file that the last packet went to.
  [[nodiscard]] std::string current_path() const;

 private:
  [[nodiscard]] std::filesystem::path clip_path(std::uint64_t number) const;
  void start();

  std::filesystem::path path_;
  bool is_numbered_;
  std::optional<StagingFolder> staging_;
  std::optional<AudioOutput> file_;  ///< being written
  std::uint64_t count_ = 0;
};

}  // namespace remotemedia::cli

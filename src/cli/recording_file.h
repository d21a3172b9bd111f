#pragma once

#include "cli/output_file.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/manifest.h"
#include "remotemedia/graph/recording.h"
#include "remotemedia/graph/session.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::cli {

/// What a recording of this graph, made by this program on this machine, says of itself.
RecordingInfo recording_info(const Graph& graph, const Manifest& manifest);

/// Configuration error if a node reads or writes files itself: a recording would not hold what it
/// read, and replaying it would write again. `what` names the recording.
void check_can_be_recorded(const Graph& graph, const std::string& what);

/// The file of `run --record`. It gets its name in close(), and without it nothing is left behind.
class RecordingFile {
 public:
  /// I/O error if nothing could be written there.
  RecordingFile(const std::filesystem::path& path, const RecordingInfo& info);

  void add_input(const Packet& packet) { writer_->input(packet); }
  void add_output(const Output& output) { writer_->output(output.index, output.packet); }
  void add_finish() { writer_->finish(); }
  /// I/O error if it could not be written.
  void close();

 private:
  void write(std::string_view bytes);

  std::filesystem::path path_;
  StagingFolder staging_;
  std::filesystem::path draft_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::optional<RecordingWriter> writer_;
};

/// Opens a recording. I/O error if the file cannot be read, configuration error if it is no
/// recording.
RecordingReader open_recording(const std::string& path);

}  // namespace remotemedia::cli

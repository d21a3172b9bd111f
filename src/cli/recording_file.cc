#include "cli/recording_file.h"

#include "remotemedia/base/check.h"
#include "remotemedia/base/files.h"
#include "remotemedia/base/version.h"
#include "remotemedia/nodes/installation.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace remotemedia::cli {

namespace fs = std::filesystem;

RecordingInfo recording_info(const Graph& graph, const Manifest& manifest) {
  RecordingInfo info{.library = kVersion,
                     .simd = find_installation().simd_target,
                     .outputs = {},
                     .manifest = manifest_to_value(manifest)};
  for (const std::size_t index : graph.outputs()) info.outputs.push_back(graph.nodes()[index].id);
  return info;
}

void check_can_be_recorded(const Graph& graph, const std::string& what) {
  for (const GraphNode& node : graph.nodes()) {
    if (!node.type.is_source() && !node.type.is_sink()) continue;
    refuse(what,
           fmt::format("of a graph whose node '{}' ({}) uses a file", node.id, node.type.name),
           "nodes that use none", "give the files with -i and -o");
  }
}

RecordingFile::RecordingFile(const fs::path& path, const RecordingInfo& info)
    : path_(replaced_file(path)),
      staging_(path_),
      draft_(staging_.path() / path_.filename()),
      file_(std::fopen(draft_.c_str(), "wbe"), std::fclose) {
  if (file_ == nullptr) fail_writing(path_, system_message(errno));
  writer_.emplace(info, [this](std::string_view bytes) { write(bytes); });
}

void RecordingFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size()) return;
  fail_writing(path_, system_message(errno));
}

void RecordingFile::close() {
  writer_->close();
  if (std::fclose(file_.release()) != 0) fail_writing(path_, system_message(errno));
  std::error_code error;
  fs::rename(draft_, path_, error);
  if (error) fail_writing(path_, "it cannot be given its name: " + error.message());
}

RecordingReader open_recording(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    fail_reading(path, "it is a folder", "give the path of a recording");
  }
  const std::shared_ptr<std::FILE> file(std::fopen(path.c_str(), "rbe"), [](std::FILE* opened) {
    if (opened != nullptr) std::fclose(opened);
  });
  if (file == nullptr) fail_reading(path, system_message(errno), "check the path");
  const auto read = [file, path](char* data, std::size_t size) {
    const std::size_t count = std::fread(data, 1, size, file.get());
    if (std::ferror(file.get()) != 0) fail_reading(path, system_message(errno));
    return count;
  };
  return {read, fs::path(path).filename().string()};
}

}  // namespace remotemedia::cli

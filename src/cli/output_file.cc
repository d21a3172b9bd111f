#include "cli/output_file.h"

#include "cli/output_arguments.h"
#include "cli/program.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace remotemedia::cli {

namespace fs = std::filesystem;

StagingFolder::StagingFolder(const fs::path& beside) {
  std::string name = (folder_of(beside) / ".remotemedia-clips-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    fail_writing(beside, "no folder can be made beside it: " + system_message(errno));
  }
  path_ = name;
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

OutputFile::OutputFile(fs::path path)
    : path_(std::move(path)),
      is_numbered_(path_.filename().string().find(kClipNumber) != std::string::npos) {
  AudioOutput first(is_numbered_ ? clip_path(1) : path_);
  if (!is_numbered_) file_ = std::move(first);
}

void OutputFile::write(const Packet& packet) {
  if (const PacketList* list = packet.list()) {
    for (const Packet& part : **list) write(part);
    return;
  }
  if (!file_) start();
  file_->write(packet);
  if (!packet.ends_clip) return;
  // A plain name takes one clip; those that may give more are refused before the run.
  if (!is_numbered_) {
    refuse("output to " + path_.string(), "a clip of its own", "one stream",
           fmt::format("number the files: put {} into the name", kClipNumber));
  }
  file_->close();
  file_.reset();
}

void OutputFile::start() {
  if (!staging_) staging_.emplace(path_);
  ++count_;
  file_.emplace(staging_->path() / clip_path(count_).filename());
}

void OutputFile::check_audio_came() const {
  if (is_numbered_ || file_->started()) return;
  fail_writing(path_, "no audio came out of the graph", "leave -o out to see what it gives");
}

void OutputFile::close() {
  if (!is_numbered_) {
    file_->close();
    count_ = 1;
    return;
  }
  if (file_) file_->close();
  for (std::uint64_t number = 1; number <= count_; ++number) {
    const fs::path target = clip_path(number);
    std::error_code error;
    fs::rename(staging_->path() / target.filename(), target, error);
    if (error) fail_writing(target, "it cannot be given its name: " + error.message());
  }
  staging_.reset();
}

std::string OutputFile::current_path() const {
  return (is_numbered_ ? clip_path(count_) : path_).string();
}

fs::path OutputFile::clip_path(std::uint64_t number) const {
  std::string name = path_.filename().string();
  const std::size_t at = name.find(kClipNumber);
  name.replace(at, std::string_view(kClipNumber).size(), fmt::format("{:03}", number));
  return path_.parent_path() / name;
}

}  // namespace remotemedia::cli

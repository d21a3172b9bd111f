#include "media/pending_file.h"

#include "media/file_error.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace remotemedia::media {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

void check_is_file_name(const fs::path& path) {
  std::error_code error;
  if (!path.has_filename() || fs::is_directory(path, error)) {
    fail_writing(path, "it is a folder", "give the path of a file");
  }
  const fs::path folder = folder_of(path);
  if (!fs::is_directory(folder, error)) {
    fail_writing(path, fmt::format("there is no folder '{}'", folder.string()),
                 "create the folder first");
  }
}

/// The file that a link names is replaced, not the link; a device or a pipe never is.
fs::path replaced_file(const fs::path& path) {
  check_is_file_name(path);
  std::error_code error;
  if (fs::is_other(path, error)) {
    fail_writing(path, "it is no regular file", "write the audio to a file");
  }
  if (!fs::is_symlink(path, error)) return path;
  // By its own text first: the file behind the link need not be there yet.
  fs::path target = fs::weakly_canonical(folder_of(path) / fs::read_symlink(path, error), error);
  if (error) fail_writing(path, error.message());
  check_is_file_name(target);
  return target;
}

}  // namespace

PendingFile::PendingFile(const fs::path& path) : final_path_(replaced_file(path)) {
  static std::atomic<unsigned> counter{0};
  do {
    // Unique in this process by the counter (only uniqueness is needed of it), on the machine by
    // the process id; O_EXCL sorts out what a crashed process with the same id has left.
    const unsigned number = counter.fetch_add(1, std::memory_order_relaxed);
    temporary_path_ =
        folder_of(final_path_) / fmt::format(".remotemedia-{}-{}.part", ::getpid(), number);
    descriptor_ = ::open(temporary_path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    fail_writing(final_path_,
                 fmt::format("no file can be made in its folder: {}", system_message(errno)),
                 "check the folder's permissions");
  }
}

PendingFile::~PendingFile() {
  if (temporary_path_.empty()) return;
  close();
  ::unlink(temporary_path_.c_str());
}

void PendingFile::note_failure() {
  if (error_number_ == 0) error_number_ = errno;
}

void PendingFile::write(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  while (size > 0 && error_number_ == 0) {
    const ssize_t count = ::write(descriptor_, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return note_failure();
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

std::size_t PendingFile::read(void* data, std::size_t size) {
  const ssize_t count = ::read(descriptor_, data, size);
  if (count < 0) note_failure();
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::int64_t PendingFile::seek(std::int64_t offset, int whence) {
  const off_t position = ::lseek(descriptor_, offset, whence);
  if (position < 0) note_failure();
  return position;
}

std::int64_t PendingFile::size() const {
  struct stat status = {};
  return ::fstat(descriptor_, &status) == 0 ? status.st_size : 0;
}

void PendingFile::close() {
  if (descriptor_ < 0) return;
  // Some file systems report a full disk or quota only here.
  if (::close(std::exchange(descriptor_, -1)) != 0) note_failure();
}

void PendingFile::commit() {
  close();
  if (error_number_ != 0) fail_writing(final_path_, system_message(error_number_));
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) {
    fail_writing(final_path_,
                 fmt::format("it cannot be given its name: {}", system_message(errno)));
  }
  temporary_path_.clear();
}

}  // namespace remotemedia::media

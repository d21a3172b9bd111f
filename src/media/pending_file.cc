#include "media/pending_file.h"

#include "remotemedia/base/files.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace remotemedia::media {

PendingFile::PendingFile(const std::filesystem::path& path) : final_path_(replaced_file(path)) {
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

#include "media/input_file.h"

#include "remotemedia/base/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace remotemedia::media {

InputFile::InputFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail_reading(path, system_message(errno));
  struct stat status = {};
  if (::fstat(descriptor_, &status) == 0) size_ = status.st_size;
}

InputFile::~InputFile() { ::close(descriptor_); }

SNDFILE* InputFile::open_sound(SF_INFO& info) {
  SF_VIRTUAL_IO io = {};
  io.get_filelen = [](void* user) -> sf_count_t { return self(user).size_; };
  io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
    return self(user).seek(offset, whence);
  };
  io.read = [](void* data, sf_count_t size, void* user) -> sf_count_t {
    return self(user).read(static_cast<char*>(data), size);
  };
  io.write = [](const void* /*data*/, sf_count_t /*size*/, void* /*user*/) -> sf_count_t {
    return 0;
  };
  io.tell = [](void* user) -> sf_count_t { return self(user).position_; };
  position_ = 0;
  return sf_open_virtual(&io, SFM_READ, &info, this);
}

std::int64_t InputFile::seek(std::int64_t offset, int whence) {
  if (whence == SEEK_END && end_hidden_) return -1;
  const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : size_;
  if (base + offset < 0) return -1;
  position_ = base + offset;
  return position_;
}

std::int64_t InputFile::read(char* data, std::int64_t size) {
  size = std::min(size, size_ - position_);
  std::int64_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(descriptor_, data + done, static_cast<std::size_t>(size - done), position_ + done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && error_number_ == 0) error_number_ = errno;
    if (count <= 0) break;
    done += count;
  }
  if (patch_) {
    const auto length = static_cast<std::int64_t>(patch_->bytes.size());
    const std::int64_t begin = std::max(position_, patch_->offset);
    const std::int64_t end = std::min(position_ + done, patch_->offset + length);
    for (std::int64_t i = begin; i < end; ++i) {
      data[i - position_] = patch_->bytes[static_cast<std::size_t>(i - patch_->offset)];
    }
  }
  position_ += done;
  return done;
}

}  // namespace remotemedia::media

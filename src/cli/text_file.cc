#include "cli/text_file.h"

#include "remotemedia/base/files.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace remotemedia::cli {
namespace {

namespace fs = std::filesystem;

/// What is written is seen under `path` as a whole or not at all: a new file under a temporary name
/// beside its final one, gone unless committed. A pipe or a device is written as it is.
class Draft {
 public:
  explicit Draft(const fs::path& path) : path_(path) {
    std::error_code error;
    if (fs::is_other(path, error)) {
      descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (descriptor_ < 0) fail_writing(path, system_message(errno));
      return;
    }
    target_ = replaced_file(path);
    temporary_ = folder_of(target_) / ".remotemedia-text-XXXXXX";
    std::string name = temporary_.string();
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    temporary_ = descriptor_ < 0 ? fs::path() : fs::path(name);
    if (descriptor_ < 0) {
      fail_writing(path, "no file can be made in its folder: " + system_message(errno),
                   "check the folder's permissions");
    }
  }
  ~Draft() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(descriptor_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_writing(path_, system_message(errno));
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void commit() {
    if (!temporary_.empty()) {
      // mkostemp() makes files for their owner alone.
      const ::mode_t mask = ::umask(0);
      ::umask(mask);
      ::fchmod(descriptor_, 0666 & ~mask);
    }
    // Some file systems report a full disk or quota only here.
    if (::close(std::exchange(descriptor_, -1)) != 0) fail_writing(path_, system_message(errno));
    if (!temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0) {
      fail_writing(path_, "it cannot be given its name: " + system_message(errno));
    }
    temporary_.clear();
  }

 private:
  fs::path path_;
  fs::path target_;
  fs::path temporary_;
  int descriptor_ = -1;
};

}  // namespace

void check_text_output(const fs::path& path) { Draft{path}; }

void write_text_file(const fs::path& path, std::string_view text) {
  Draft draft(path);
  draft.write(text);
  draft.commit();
}

}  // namespace remotemedia::cli

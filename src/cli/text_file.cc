#include "cli/text_file.h"

#include "remotemedia/base/error.h"

#include <fmt/format.h>

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

std::string system_message() { return std::generic_category().message(errno); }

[[noreturn]] void fail_writing(const fs::path& path, std::string_view problem,
                               std::string hint = {}) {
  throw Error("RM4000", fmt::format("I/O error: cannot write '{}': {}", path.string(), problem),
              std::move(hint));
}

/// The file that a link names is replaced, not the link.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  // By its own text first: the file behind the link need not be there yet.
  fs::path target = fs::weakly_canonical(path.parent_path() / fs::read_symlink(path, error), error);
  if (error) fail_writing(path, error.message());
  return target;
}

void check_is_file_name(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  if (!path.has_filename() || fs::is_directory(path, error)) {
    fail_writing(path, "it is a folder", "give the path of a file");
  }
  if (!fs::is_directory(folder, error)) {
    fail_writing(path, fmt::format("there is no folder '{}'", folder.string()),
                 "create the folder first");
  }
}

/// What is written is seen under `path` as a whole or not at all: a new file under a temporary name
/// beside its final one, gone unless committed. A pipe or a device is written as it is.
class Draft {
 public:
  explicit Draft(const fs::path& path) : path_(path) {
    check_is_file_name(path);
    std::error_code error;
    if (fs::is_other(path, error)) {
      descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (descriptor_ < 0) fail_writing(path, system_message());
      return;
    }
    target_ = target_of(path);
    temporary_ = target_.parent_path() / ".remotemedia-text-XXXXXX";
    std::string name = temporary_.string();
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    temporary_ = descriptor_ < 0 ? fs::path() : fs::path(name);
    if (descriptor_ < 0) {
      fail_writing(path, "no file can be made in its folder: " + system_message(),
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
      if (count < 0) fail_writing(path_, system_message());
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
    if (::close(std::exchange(descriptor_, -1)) != 0) fail_writing(path_, system_message());
    if (!temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0) {
      fail_writing(path_, "it cannot be given its name: " + system_message());
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

fs::path replaced_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_other(path, error)) {
    fail_writing(path, "it is no regular file", "give the path of a file");
  }
  check_text_output(path);
  return target_of(path);
}

void write_text_file(const fs::path& path, std::string_view text) {
  Draft draft(path);
  draft.write(text);
  draft.commit();
}

}  // namespace remotemedia::cli

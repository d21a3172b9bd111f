#include "remotemedia/base/files.h"

#include "remotemedia/base/check.h"

#include <fmt/format.h>

#include <system_error>

namespace remotemedia {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view action, const fs::path& path, std::string_view problem,
                       std::string_view hint) {
  fail_io(fmt::format("cannot {} '{}': {}", action, path.string(), problem), path.string(),
          std::string(hint));
}

}  // namespace

void fail_reading(const fs::path& path, std::string_view problem, std::string_view hint) {
  fail("read", path, problem, hint);
}

void fail_writing(const fs::path& path, std::string_view problem, std::string_view hint) {
  fail("write", path, problem, hint);
}

std::string system_message(int error_number) {
  return std::generic_category().message(error_number);
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool has_nul(const fs::path& path) { return path.native().find('\0') != std::string::npos; }

void check_is_file_name(const fs::path& path) {
  if (has_nul(path)) fail_writing(path.c_str(), kNulProblem, "give the path of a file");
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

fs::path replaced_file(const fs::path& path) {
  check_is_file_name(path);
  std::error_code error;
  if (fs::is_other(path, error)) {
    fail_writing(path, "it is no regular file", "give the path of a file");
  }
  if (!fs::is_symlink(path, error)) return path;
  // By its own text first: the file behind the link need not be there yet.
  fs::path target = fs::weakly_canonical(folder_of(path) / fs::read_symlink(path, error), error);
  if (error) fail_writing(path, error.message());
  check_is_file_name(target);
  return target;
}

}  // namespace remotemedia

#include "media/file_error.h"

#include "remotemedia/base/check.h"

#include <fmt/format.h>

#include <system_error>

namespace remotemedia::media {
namespace {

[[noreturn]] void fail(std::string_view action, const std::filesystem::path& path,
                       std::string_view problem, std::string_view hint) {
  fail_io(fmt::format("cannot {} '{}': {}", action, path.string(), problem), path.string(),
          std::string(hint));
}

}  // namespace

void fail_reading(const std::filesystem::path& path, std::string_view problem,
                  std::string_view hint) {
  fail("read", path, problem, hint);
}

void fail_writing(const std::filesystem::path& path, std::string_view problem,
                  std::string_view hint) {
  fail("write", path, problem, hint);
}

std::string system_message(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace remotemedia::media

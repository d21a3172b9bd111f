#include "cli/text_input.h"

#include "remotemedia/base/files.h"
#include "remotemedia/graph/document.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

namespace remotemedia::cli {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_file(const std::string& path) {
  if (path == "-") return {stdin, [](std::FILE*) { return 0; }};
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    fail_reading(path, "it is a folder", "give the path of a file");
  }
  File file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr && errno == ENOENT) {
    fail_reading(path, "there is no such file", "check the path and the current folder");
  }
  if (file == nullptr) fail_reading(path, system_message(errno));
  return file;
}

}  // namespace

std::string read_manifest_text(const std::string& path) {
  const File file = open_file(path);
  std::string text;
  std::array<char, 65536> block;
  // One block more than a manifest may have: enough for the parser to refuse it with its reason.
  while (text.size() <= kMaxDocumentBytes) {
    const std::size_t count = std::fread(block.data(), 1, block.size(), file.get());
    if (count == 0) break;
    text.append(block.data(), count);
  }
  if (std::ferror(file.get()) != 0) {
    fail_reading(path, system_message(errno));
  }
  // A recording in place of the manifest is the usual mix-up; a parser's message about its bytes
  // would help nobody.
  if (text.find('\0') != std::string::npos) {
    fail_reading(path, "it is no text", "GRAPH is a JSON or YAML file; audio goes to -i");
  }
  return text;
}

LineReader::LineReader(const std::string& path) : path_(path), file_(open_file(path)) {}

std::optional<std::string> LineReader::next() {
  std::string line;
  int c = std::fgetc(file_.get());
  while (c != EOF && c != '\n') {
    line += static_cast<char>(c);
    if (line.size() > kMaxDocumentBytes) {
      fail_reading(path_,
                   fmt::format("line {} is longer than {} bytes", number_ + 1, kMaxDocumentBytes));
    }
    c = std::fgetc(file_.get());
  }
  if (std::ferror(file_.get()) != 0) {
    if (errno == EINTR) return std::nullopt;
    fail_reading(path_, system_message(errno));
  }
  if (c == EOF && line.empty()) return std::nullopt;
  ++number_;
  return line;
}

}  // namespace remotemedia::cli

#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace remotemedia::cli {

/// A manifest's text, from standard input if `path` is "-". I/O error if there is no such file, it
/// cannot be read, or holds no text.
std::string read_manifest_text(const std::string& path);

/// The lines of a text file, or of standard input if `path` is "-".
class LineReader {
 public:
  /// I/O error if the file cannot be opened.
  explicit LineReader(const std::string& path);

  /// Without its end; nothing after the last one, or when a signal came. I/O error if it cannot be
  /// read or is longer than kMaxDocumentBytes.
  std::optional<std::string> next();
  /// Of the last line, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::uint64_t number_ = 0;
};

}  // namespace remotemedia::cli

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace remotemedia::media {

/// A new file under a temporary name beside its final one. commit() gives it its name; without that
/// the destructor removes it. It remembers the first failure, as the libraries that write through
/// it do not pass on what goes wrong while they finish.
class PendingFile {
 public:
  /// I/O error if the folder is missing or no file can be made in it, or `path` is a device.
  explicit PendingFile(const std::filesystem::path& path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  [[nodiscard]] const std::filesystem::path& final_path() const { return final_path_; }
  /// errno of the first failure, 0 if there was none.
  [[nodiscard]] int error_number() const { return error_number_; }

  /// After a failure it does nothing: libsndfile leaks memory if it learns of one while it
  /// finishes.
  void write(const void* data, std::size_t size);
  std::size_t read(void* data, std::size_t size);
  /// The new position, as lseek().
  std::int64_t seek(std::int64_t offset, int whence);
  [[nodiscard]] std::int64_t size() const;

  /// Closes the file and renames it; I/O error if that or an earlier write failed.
  void commit();

 private:
  void note_failure();
  void close();

  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;
  int descriptor_ = -1;
  int error_number_ = 0;
};

}  // namespace remotemedia::media

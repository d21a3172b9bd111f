#pragma once

#include <sndfile.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace remotemedia::media {

/// A file as libsndfile reads it, where that needs help. It must stay where it is while in use.
class InputFile {
 public:
  /// Other bytes in place of those at `offset`.
  struct Patch {
    std::int64_t offset = 0;
    std::string bytes;
  };

  /// I/O error if the file cannot be opened.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  void set_patch(Patch patch) { patch_ = std::move(patch); }
  /// Leaves out what follows.
  void set_end(std::uint64_t size) { size_ = static_cast<std::int64_t>(size); }
  /// Makes seeking to the end fail. libmpg123 then does not estimate the length of MPEG audio that
  /// does not tell it, so that libsndfile does not stop there, and prints no warnings.
  void hide_end(bool hidden) { end_hidden_ = hidden; }

  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(size_); }
  /// libsndfile's handle, at the beginning; nullptr as from sf_open_virtual().
  SNDFILE* open_sound(SF_INFO& info);
  /// errno of the first failure, 0 if there was none.
  [[nodiscard]] int error_number() const { return error_number_; }

 private:
  static InputFile& self(void* user) { return *static_cast<InputFile*>(user); }
  std::int64_t seek(std::int64_t offset, int whence);
  std::int64_t read(char* data, std::int64_t size);

  std::int64_t size_ = 0;
  std::int64_t position_ = 0;
  std::optional<Patch> patch_;
  bool end_hidden_ = false;
  int descriptor_ = -1;
  int error_number_ = 0;
};

}  // namespace remotemedia::media

#include "cli/text_file.h"

#include "remotemedia/base/error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace remotemedia::cli {
namespace {

namespace fs = std::filesystem;

class TextFile : public testing::Test {
 protected:
  TextFile() {
    std::string name = (fs::temp_directory_path() / "text-file-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~TextFile() override { fs::remove_all(folder_); }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  template <typename Call>
  static std::string message_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_STREQ(error.code(), "RM4000");
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(TextFile, ReplacesWhatStoodThere) {
  const fs::path path = folder_ / "page.html";
  write_text_file(path, "a long first text");
  write_text_file(path, "second");
  EXPECT_EQ(text_of(path), "second");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(TextFile, CanBeReadByOthersAsTheMaskAllows) {
  const ::mode_t mask = ::umask(022);
  const fs::path path = folder_ / "page.html";
  write_text_file(path, "text");
  ::umask(mask);
  EXPECT_EQ(fs::status(path).permissions(), static_cast<fs::perms>(0644));
}

TEST_F(TextFile, CheckLeavesTheFolderAsItWas) {
  const fs::path path = folder_ / "page.html";
  check_text_output(path);
  EXPECT_EQ(entries(), 0U);
  write_text_file(path, "kept");
  check_text_output(path);
  EXPECT_EQ(text_of(path), "kept");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(TextFile, SaysWhyNothingCanBeWritten) {
  const std::string folder = folder_.string();
  EXPECT_EQ(message_of([&] { check_text_output(folder_ / "none" / "page.html"); }),
            "I/O error: cannot write '" + folder + "/none/page.html': there is no folder '" +
                folder + "/none'; create the folder first");
  EXPECT_EQ(message_of([&] { write_text_file(folder_, "text"); }),
            "I/O error: cannot write '" + folder + "': it is a folder; give the path of a file");
  EXPECT_EQ(message_of([&] { write_text_file("/proc/page.html", "text"); }).substr(0, 74),
            "I/O error: cannot write '/proc/page.html': no file can be made in its fold");
}

TEST_F(TextFile, KeepsALinkAndReplacesTheFileThatItNames) {
  const fs::path target = folder_ / "target.html";
  write_text_file(target, "old");
  fs::create_symlink("target.html", folder_ / "link.html");
  write_text_file(folder_ / "link.html", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.html"));
  EXPECT_EQ(text_of(target), "new");
}

TEST_F(TextFile, WritesIntoAPipeAsItIs) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  // Open for both directions, so that neither side waits for the other.
  const int reader = ::open(path.c_str(), O_RDWR | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  write_text_file(path, "through");
  char text[16] = {};
  EXPECT_EQ(::read(reader, text, sizeof text), 7);
  EXPECT_STREQ(text, "through");
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(path));
}

}  // namespace
}  // namespace remotemedia::cli

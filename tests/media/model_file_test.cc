#include "remotemedia/media/model_file.h"

#include "media/files.h"
#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>

namespace remotemedia::media {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// "abc", whose hash is the first example of FIPS 180-2.
const PublishedModel abc{
    .name = "abc.onnx",
    .sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    .size = 3,
    .origin = "the file abc of the package alphabet"};

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
    return "not refused";
  } catch (const Error& error) {
    EXPECT_STREQ(error.code(), "RM4000");
    return error.what();
  }
}

TEST(ModelFile, GivesTheBytesOfTheRightFile) {
  const test::TemporaryFolder folder;
  write(folder.path() / abc.name, "abc");
  const std::vector<std::byte> bytes = read_model(abc, folder.path() / abc.name);
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(std::to_integer<char>(bytes[2]), 'c');
}

TEST(ModelFile, RefusesAnotherFileWithBothHashes) {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / abc.name;
  const std::string hint =
      "copy the file abc of the package alphabet to a folder and set "
      "REMOTEMEDIA_MODELS to that folder";
  write(path, "abd");
  EXPECT_THAT(refusal([&] { read_model(abc, path); }),
              AllOf(HasSubstr("cannot read '" + path.string() + "'"),
                    HasSubstr("its SHA-256 (of its 3 bytes) is a52d159f262b2c6d"),
                    HasSubstr("expected " + abc.sha256 + " (of 3 bytes)"), HasSubstr(hint)));
  write(path, "ab");
  EXPECT_THAT(refusal([&] { read_model(abc, path); }), HasSubstr("(of its 2 bytes)"));
  write(path, "");
  EXPECT_THAT(refusal([&] { read_model(abc, path); }), HasSubstr("(of its 0 bytes)"));
  write(path, "abcd and much more");
  EXPECT_THAT(refusal([&] { read_model(abc, path); }), HasSubstr("(of the first 4 bytes)"));
}

TEST(ModelFile, RefusesWhatCannotBeRead) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(refusal([&] { read_model(abc, folder.path() / "none"); }),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(refusal([&] { read_model(abc, folder.path()); }), HasSubstr("cannot read"));
}

TEST(ModelFile, IsTakenFromTheFirstFolderThatHasIt) {
  const test::TemporaryFolder first;
  const test::TemporaryFolder second;
  write(second.path() / abc.name, "abc");
  const std::vector<fs::path> folders{first.path(), second.path()};
  EXPECT_EQ(require_model(abc, folders), second.path() / abc.name);
  write(first.path() / abc.name, "");
  EXPECT_EQ(find_model(abc, folders), first.path() / abc.name);
}

TEST(ModelFile, IsAskedForByTheNamesOfAllFolders) {
  const test::TemporaryFolder folder;
  const fs::path other = folder.path() / "none";
  EXPECT_EQ(find_model(abc, {folder.path()}), std::nullopt);
  EXPECT_THAT(refusal([&] {
                require_model(abc, {folder.path(), other});
              }),
              AllOf(HasSubstr("cannot read 'abc.onnx': not in '" + folder.path().string() + "', '" +
                              other.string() + "'"),
                    HasSubstr("set REMOTEMEDIA_MODELS to that folder")));
  EXPECT_THAT(refusal([] { require_model(abc, {}); }), HasSubstr("no folder to look in"));
}

TEST(ModelFile, IsLookedForFirstInTheFolderThatTheEnvironmentNames) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(setenv("REMOTEMEDIA_MODELS", folder.path().c_str(), 1), 0);
  const std::vector<fs::path> folders = model_folders();
  ASSERT_EQ(unsetenv("REMOTEMEDIA_MODELS"), 0);
  ASSERT_GE(folders.size(), 2U);
  EXPECT_EQ(folders[0], folder.path());
  // Then beside the program: its prefix is the folder above its own.
  const fs::path prefix = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  EXPECT_EQ(folders[1], prefix / "share" / "remotemedia" / "models");
  EXPECT_EQ(model_folders()[0], folders[1]);
}

}  // namespace
}  // namespace remotemedia::media

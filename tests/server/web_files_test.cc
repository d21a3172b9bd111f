#include "server/web_files.h"

#include "remotemedia/base/error.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace remotemedia::server {
namespace {

class WebFolder : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("web-" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "-" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(root_ / "page");
    write("page/index.html", "<p>mine</p>");
    write("page/.hidden.js", "no");
    write("page/notes.txt", "no");
    write("secret.js", "no");
    std::filesystem::create_symlink(root_ / "secret.js", root_ / "page" / "link.js");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(root_ / name) << text;
  }
  std::filesystem::path root_;
};

TEST_F(WebFolder, ServesItsFilesAndNothingElse) {
  const WebFiles files(root_ / "page");
  ASSERT_TRUE(files.find("/"));
  EXPECT_EQ(files.find("/")->content, "<p>mine</p>");
  EXPECT_EQ(files.find("/webrtc_client.html")->content_type, "text/html; charset=utf-8");
  for (const char* path : {"/../secret.js", "/..%2fsecret.js", "//secret.js", "/page/../secret.js",
                           "/.hidden.js", "/notes.txt", "/link.js", "/missing.js"}) {
    EXPECT_FALSE(files.find(path)) << path;
  }
}

TEST_F(WebFolder, AFolderWithoutAPageIsRefused) {
  EXPECT_THROW(WebFiles(root_ / "nowhere"), ConfigError);
}

TEST_F(WebFolder, APageThatWouldNotBeServedIsRefused) {
  std::filesystem::create_directory(root_ / "linked");
  std::filesystem::create_symlink(root_ / "page" / "index.html", root_ / "linked" / "index.html");
  try {
    const WebFiles files(root_ / "linked");
    FAIL() << "it is taken";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("symbolic link"), std::string::npos) << error.what();
  }
}

TEST(WebFiles, ThePageIsBuiltIn) {
  const WebFiles files{{}};
  ASSERT_TRUE(files.find("/"));
  EXPECT_NE(files.find("/")->content.find("<html"), std::string::npos);
  EXPECT_EQ(files.find("/main.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_FALSE(files.find("/package.json"));
}

}  // namespace
}  // namespace remotemedia::server

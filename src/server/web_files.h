#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

struct WebFile {
  std::string content_type;
  std::string content;
};

/// The files of the page: those built in, or those of a folder, read when they are asked for. Files
/// of that folder itself only, with a known suffix, no hidden ones, no links that lead elsewhere.
class WebFiles {
 public:
  static constexpr std::size_t kMaxBytes = 8U << 20U;

  /// Configuration error if the folder is no folder with an index.html.
  explicit WebFiles(std::filesystem::path folder);
  /// By the path of a request: "/" and "/webrtc_client.html" are index.html.
  [[nodiscard]] std::optional<WebFile> find(std::string_view path) const;

 private:
  std::filesystem::path folder_;
};

/// Made from the folder web/ when the library is built: name and content.
const std::map<std::string, std::string_view, std::less<>>& built_in_files();

}  // namespace remotemedia::server

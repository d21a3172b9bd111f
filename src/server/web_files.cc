#include "server/web_files.h"

#include "remotemedia/base/check.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace remotemedia::server {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".wav", "audio/wav"},
}};

std::string_view type_of(std::string_view name) {
  const auto found =
      std::ranges::find_if(kTypes, [&](const auto& known) { return name.ends_with(known.first); });
  return found == kTypes.end() ? std::string_view() : found->second;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::symlink_status(path, error).type() != std::filesystem::file_type::regular) {
    return std::nullopt;
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > WebFiles::kMaxBytes) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(size), '\0');
  if (!file.read(content.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  return content;
}

}  // namespace

WebFiles::WebFiles(std::filesystem::path folder) : folder_(std::move(folder)) {
  if (folder_.empty() || find("/")) return;
  const bool is_link = std::filesystem::is_symlink(folder_ / "index.html");
  refuse("server: web_folder", "'" + folder_.string() + "'", "a folder with an index.html",
         is_link ? "its index.html is a symbolic link, which may lead out of the folder: copy it"
                 : "");
}

std::optional<WebFile> WebFiles::find(std::string_view path) const {
  std::string_view name = path.substr(std::min<std::size_t>(path.size(), 1));
  if (name.empty() || name == "webrtc_client.html") name = "index.html";
  const std::string_view type = type_of(name);
  if (type.empty() || !is_plain_name(name)) return std::nullopt;
  if (!folder_.empty()) {
    auto content = read_file(folder_ / name);
    if (!content) return std::nullopt;
    return WebFile{std::string(type), *std::move(content)};
  }
  const auto found = built_in_files().find(name);
  if (found == built_in_files().end()) return std::nullopt;
  return WebFile{std::string(type), std::string(found->second)};
}

}  // namespace remotemedia::server

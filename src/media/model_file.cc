#include "remotemedia/media/model_file.h"

#include "remotemedia/base/files.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <string_view>
#include <system_error>

namespace remotemedia::media {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFoldersVariable = "REMOTEMEDIA_MODELS";

/// The file that holds this code: a shared library, or the program.
fs::path own_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&model_folders), &info) != 0 &&
      info.dli_fname != nullptr) {
    const fs::path file = info.dli_fname;
    if (file.extension() == ".so") return fs::absolute(file);
  }
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

/// `models` in the packages of the Python environments whose programs are in `prefix`/bin.
void add_python_folders(const fs::path& prefix, std::vector<fs::path>& folders) {
  for (const char* library : {"lib", "lib64"}) {
    std::error_code error;
    for (fs::directory_iterator entry(prefix / library, error), end; !error && entry != end;
         entry.increment(error)) {
      if (!entry->path().filename().string().starts_with("python3")) continue;
      for (const char* packages : {"site-packages", "dist-packages"}) {
        const fs::path folder = entry->path() / packages / "remotemedia" / "models";
        if (fs::is_directory(folder, error)) folders.push_back(folder);
      }
    }
  }
}

std::string sha256_of(const std::vector<std::byte>& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return "not known (SHA-256 is not available here)";
  }
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::vector<std::byte> read_bytes(const fs::path& path, std::size_t most) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) {
    fail_reading(path, errno != 0 ? system_message(errno) : "not a file");
  }
  std::vector<std::byte> bytes(most);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) fail_reading(path, system_message(errno));
  return bytes;
}

std::string how_to_get(const PublishedModel& model) {
  return fmt::format("copy {} to a folder and set {} to that folder", model.origin,
                     kFoldersVariable);
}

}  // namespace

const PublishedModel& silero_vad_file() {
  static const PublishedModel model{
      .name = "silero_vad.onnx",
      .sha256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
      .size = 2'327'524,
      .origin = "silero_vad/data/silero_vad.onnx of the Python package silero-vad 6.2.1"};
  return model;
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  const char* chosen = std::getenv(kFoldersVariable);
  if (chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  const fs::path file = own_file();
  const fs::path here = file.parent_path();
  if (file.extension() == ".so") {
    folders.push_back(here / "models");
  } else if (!here.empty()) {
    folders.push_back(here.parent_path() / "share" / "remotemedia" / "models");
    add_python_folders(here.parent_path(), folders);
  }
  return folders;
}

std::optional<fs::path> find_model(const PublishedModel& model,
                                   const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (fs::exists(folder / model.name, error)) return folder / model.name;
  }
  return std::nullopt;
}

fs::path require_model(const PublishedModel& model, const std::vector<fs::path>& folders) {
  if (const auto path = find_model(model, folders)) return *path;
  std::string places;
  for (const fs::path& folder : folders) {
    places += fmt::format("{}'{}'", places.empty() ? "" : ", ", folder.string());
  }
  fail_reading(model.name, places.empty() ? "no folder to look in" : "not in " + places,
               how_to_get(model));
}

std::vector<std::byte> read_model(const PublishedModel& model, const fs::path& path) {
  // One byte more than it should have: a longer file has another hash without being read whole.
  std::vector<std::byte> bytes = read_bytes(path, model.size + 1);
  const std::string found = sha256_of(bytes);
  if (found == model.sha256) return bytes;
  const std::string size = bytes.size() > model.size
                               ? fmt::format("of the first {} bytes", bytes.size())
                               : fmt::format("of its {} bytes", bytes.size());
  fail_reading(path,
               fmt::format("its SHA-256 ({}) is {}, expected {} (of {} bytes)", size, found,
                           model.sha256, model.size),
               how_to_get(model));
}

}  // namespace remotemedia::media

#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::media {

/// A file of weights as its authors published it.
struct PublishedModel {
  std::string name;    ///< of the file
  std::string sha256;  ///< of its bytes, in hexadecimal
  std::size_t size;    ///< bytes
  std::string origin;  ///< where it comes from, for messages
};

/// Silero VAD v6 for 16 and 8 kHz, MIT licence.
const PublishedModel& silero_vad_file();

/// Where models are looked for, in this order: the folder in the environment variable
/// REMOTEMEDIA_MODELS; `models` beside the Python module, if this code is in it; what lies beside
/// the program, as an installed library or a Python environment has it.
std::vector<std::filesystem::path> model_folders();

/// The file in the first of the folders that has it.
std::optional<std::filesystem::path> find_model(const PublishedModel& model,
                                                const std::vector<std::filesystem::path>& folders);
/// The same; I/O error that names the folders if none has it.
std::filesystem::path require_model(const PublishedModel& model,
                                    const std::vector<std::filesystem::path>& folders);

/// The bytes of a file that is this very model: its hash is checked first. I/O error that names the
/// file, the expected and the found hash if it is another one, or cut off.
std::vector<std::byte> read_model(const PublishedModel& model, const std::filesystem::path& path);

}  // namespace remotemedia::media

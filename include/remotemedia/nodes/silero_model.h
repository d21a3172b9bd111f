#pragma once

#include "remotemedia/dsp/silero_vad.h"

#include <filesystem>
#include <memory>

namespace remotemedia {

/// The Silero model of this installation, found as media/model_file.h says and checked by its hash.
/// Loaded once and kept: all that ask for the same path get the same model. I/O error if it is not
/// there, or is another one. Thread-safe.
std::shared_ptr<const dsp::SileroModel> load_silero_model();
/// From this file.
std::shared_ptr<const dsp::SileroModel> load_silero_model(const std::filesystem::path& path);

}  // namespace remotemedia

#include "remotemedia/nodes/installation.h"

#include "remotemedia/base/error.h"
#include "remotemedia/dsp/simd.h"
#include "remotemedia/media/audio_file.h"
#include "remotemedia/media/model_file.h"

#include <filesystem>

namespace remotemedia {

namespace {

void find_silero_model(Installation& here) {
  const media::PublishedModel& model = media::silero_vad_file();
  try {
    const std::filesystem::path path = media::require_model(model, media::model_folders());
    here.silero_model = path.string();
    media::read_model(model, path);
  } catch (const Error& error) {
    here.silero_problem = error.what();
  }
}

}  // namespace

Installation find_installation() {
  Installation here{.simd_target = dsp::simd_target(),
                    .sound_library = media::sound_library(),
                    .readable_kinds = media::readable_kinds(),
                    .writable_suffixes = media::writable_suffixes(),
                    .silero_model = {},
                    .silero_problem = {}};
  find_silero_model(here);
  return here;
}

}  // namespace remotemedia

#include "remotemedia/nodes/installation.h"

#include "remotemedia/dsp/simd.h"
#include "remotemedia/media/audio_file.h"

namespace remotemedia {

Installation find_installation() {
  return {.simd_target = dsp::simd_target(),
          .sound_library = media::sound_library(),
          .readable_kinds = media::readable_kinds(),
          .writable_suffixes = media::writable_suffixes()};
}

}  // namespace remotemedia

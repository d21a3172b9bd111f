#pragma once

#include <sndfile.h>

#include <memory>
#include <string>

namespace remotemedia::media {

struct CloseSoundFile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
/// libsndfile's handle. Not for writers that must see whether the end could be written: see
/// AudioWriter.
using SoundFile = std::unique_ptr<SNDFILE, CloseSoundFile>;

/// "wav", "flac", "ogg", "mp3", "aiff", "au", "w64", or empty for a container that we do not read.
std::string container_name(int format);
/// "pcm_16", "float", "vorbis", ...; libsndfile's own name, in lower case, for rare ones.
std::string codec_name(int format);
/// Bytes of one sample, 0 if the codec packs samples into blocks.
unsigned bytes_per_coded_sample(int format);

/// What AudioReader reads, for messages.
inline constexpr const char* kReadableKinds = "wav, flac, ogg (vorbis, opus), mp3, aiff, au, w64";

}  // namespace remotemedia::media

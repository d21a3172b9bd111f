#include "media/audio_kinds.h"

#include "remotemedia/base/check.h"
#include "remotemedia/base/files.h"
#include "remotemedia/media/audio_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sndfile.h>

#include <algorithm>

namespace remotemedia::media {
namespace {

std::string lower_suffix(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return suffix;
}

}  // namespace

int AudioKind::format_for(SampleFormat format) const {
  switch (container) {
    case SF_FORMAT_FLAC:
      return container | (format == SampleFormat::i16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24);
    case SF_FORMAT_OGG:
      return container | (suffix == ".opus" ? SF_FORMAT_OPUS : SF_FORMAT_VORBIS);
    case SF_FORMAT_MPEG:
      return container | SF_FORMAT_MPEG_LAYER_III;
    default:
      break;
  }
  switch (format) {
    case SampleFormat::i16:
      return container | SF_FORMAT_PCM_16;
    case SampleFormat::i32:
      return container | SF_FORMAT_PCM_32;
    case SampleFormat::f32:
      break;
  }
  return container | SF_FORMAT_FLOAT;
}

Encoding AudioKind::encoding_for(SampleFormat format) const {
  if (container == SF_FORMAT_WAV) return Encoding::same;
  if (container != SF_FORMAT_FLAC) return Encoding::clamped;
  return format == SampleFormat::i16 ? Encoding::same : Encoding::int24;
}

const std::vector<AudioKind>& audio_kinds() {
  static const std::vector<AudioKind> kinds = {
      {".flac", SF_FORMAT_FLAC, 8, false, {}, {}},
      {".mp3",
       SF_FORMAT_MPEG,
       2,
       false,
       {8'000, 11'025, 12'000, 16'000, 22'050, 24'000, 32'000, 44'100, 48'000},
       {}},
      {".ogg", SF_FORMAT_OGG, kMaxChannels, true, {}, {6}},
      {".opus",
       SF_FORMAT_OGG,
       kMaxChannels,
       false,
       {8'000, 12'000, 16'000, 24'000, 48'000},
       {6, 7, 8}},
      {".wav", SF_FORMAT_WAV, kMaxChannels, true, {}, {}},
  };
  return kinds;
}

const std::vector<std::string>& writable_suffixes() {
  static const std::vector<std::string> suffixes = [] {
    std::vector<std::string> result;
    for (const AudioKind& kind : audio_kinds()) result.push_back(kind.suffix);
    return result;
  }();
  return suffixes;
}

const AudioKind& require_audio_kind(const std::filesystem::path& path, int rate, int channels) {
  const std::string suffix = lower_suffix(path);
  const auto kind = std::find_if(audio_kinds().begin(), audio_kinds().end(),
                                 [&](const AudioKind& k) { return k.suffix == suffix; });
  if (kind == audio_kinds().end()) {
    fail_writing(path,
                 suffix.empty() ? "its name has no suffix to tell the kind of file"
                                : fmt::format("'{}' is no suffix known here", suffix),
                 fmt::format("use one of {}", fmt::join(writable_suffixes(), ", ")));
  }
  if (channels > kind->max_channels) {
    fail_writing(path,
                 fmt::format("{} holds at most {} channels, the audio has {}", suffix,
                             kind->max_channels, channels),
                 "write .wav, or fewer channels");
  }
  if (std::count(kind->bass_counts.begin(), kind->bass_counts.end(), channels) > 0) {
    fail_writing(
        path,
        fmt::format("{} would keep only the bass of the last of {} channels", suffix, channels),
        "write .wav or .flac");
  }
  if (!kind->rates.empty() && std::count(kind->rates.begin(), kind->rates.end(), rate) == 0) {
    fail_writing(
        path,
        fmt::format("{} cannot hold {} Hz, only {} Hz", suffix, rate, fmt::join(kind->rates, ", ")),
        "put an AudioResampleNode in front, or write .wav");
  }
  return *kind;
}

}  // namespace remotemedia::media

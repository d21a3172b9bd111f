#include "media/sound_file.h"

#include "remotemedia/media/audio_file.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace remotemedia::media {
namespace {

struct Container {
  int format;
  const char* name;
};
constexpr Container kContainers[] = {
    {SF_FORMAT_WAV, "wav"},   {SF_FORMAT_WAVEX, "wav"}, {SF_FORMAT_RF64, "wav"},
    {SF_FORMAT_FLAC, "flac"}, {SF_FORMAT_OGG, "ogg"},   {SF_FORMAT_MPEG, "mp3"},
    {SF_FORMAT_AIFF, "aiff"}, {SF_FORMAT_AU, "au"},     {SF_FORMAT_W64, "w64"},
};

struct Codec {
  int format;
  const char* name;
  unsigned bytes;
};
constexpr Codec kCodecs[] = {
    {SF_FORMAT_PCM_S8, "pcm_s8", 1},      {SF_FORMAT_PCM_U8, "pcm_u8", 1},
    {SF_FORMAT_PCM_16, "pcm_16", 2},      {SF_FORMAT_PCM_24, "pcm_24", 3},
    {SF_FORMAT_PCM_32, "pcm_32", 4},      {SF_FORMAT_FLOAT, "float", 4},
    {SF_FORMAT_DOUBLE, "double", 8},      {SF_FORMAT_ULAW, "ulaw", 1},
    {SF_FORMAT_ALAW, "alaw", 1},          {SF_FORMAT_IMA_ADPCM, "ima_adpcm", 0},
    {SF_FORMAT_MS_ADPCM, "ms_adpcm", 0},  {SF_FORMAT_GSM610, "gsm610", 0},
    {SF_FORMAT_VORBIS, "vorbis", 0},      {SF_FORMAT_OPUS, "opus", 0},
    {SF_FORMAT_MPEG_LAYER_I, "mp1", 0},   {SF_FORMAT_MPEG_LAYER_II, "mp2", 0},
    {SF_FORMAT_MPEG_LAYER_III, "mp3", 0},
};

/// The entry of one of the tables above; nullptr if it has none.
template <typename Entry, std::size_t kSize>
const Entry* find_format(const Entry (&entries)[kSize], int format) {
  for (const Entry& entry : entries) {
    if (entry.format == format) return &entry;
  }
  return nullptr;
}

}  // namespace

std::string container_name(int format) {
  const Container* entry = find_format(kContainers, format & SF_FORMAT_TYPEMASK);
  return entry != nullptr ? entry->name : "";
}

std::string codec_name(int format) {
  const Codec* entry = find_format(kCodecs, format & SF_FORMAT_SUBMASK);
  if (entry != nullptr) return entry->name;
  SF_FORMAT_INFO info = {format & SF_FORMAT_SUBMASK, nullptr, nullptr};
  if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof(info)) != 0) return "unknown";
  std::string name = info.name;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::vector<std::string> readable_kinds() {
  int count = 0;
  sf_command(nullptr, SFC_GET_FORMAT_MAJOR_COUNT, &count, sizeof(count));
  std::vector<std::string> kinds;
  for (int i = 0; i < count; ++i) {
    SF_FORMAT_INFO info = {i, nullptr, nullptr};
    sf_command(nullptr, SFC_GET_FORMAT_MAJOR, &info, sizeof(info));
    const std::string name = container_name(info.format);
    if (!name.empty()) kinds.push_back(name);
  }
  SF_INFO opus = {};
  opus.samplerate = 48'000;
  opus.channels = 1;
  opus.format = SF_FORMAT_OGG | SF_FORMAT_OPUS;
  if (sf_format_check(&opus) != 0) kinds.emplace_back("opus");
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  return kinds;
}

std::string sound_library() { return sf_version_string(); }

unsigned bytes_per_coded_sample(int format) {
  const Codec* entry = find_format(kCodecs, format & SF_FORMAT_SUBMASK);
  return entry != nullptr ? entry->bytes : 0;
}

}  // namespace remotemedia::media

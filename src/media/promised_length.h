#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace remotemedia::media {

/// What a file's own header says about how much audio follows.
struct PromisedLength {
  std::uint64_t offset = 0;  ///< where the audio data begin
  std::uint64_t bytes = 0;   ///< how many there should be
};

/// Of wav (RIFF, RIFX, RF64), aiff, au, w64, and mp3 with a Xing or Info header; nullopt for other files
/// and where the header leaves it open, as programs do that write to a pipe. libsndfile reads a file
/// that ends too early as a shorter one, so the promise has to be read here.
std::optional<PromisedLength> promised_length(const std::filesystem::path& path);

}  // namespace remotemedia::media

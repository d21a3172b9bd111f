#pragma once

#include <string>
#include <vector>

namespace remotemedia {

/// What the library found on this machine, for reports about an installation.
struct Installation {
  std::string simd_target;                     ///< see dsp/simd.h
  std::string sound_library;                   ///< name and version
  std::vector<std::string> readable_kinds;     ///< of audio file
  std::vector<std::string> writable_suffixes;  ///< of audio file, with the dot
  std::string silero_model;                    ///< path of the Silero VAD's file; empty if not here
  std::string silero_problem;                  ///< what is wrong with it, or where it is not
};

Installation find_installation();

}  // namespace remotemedia

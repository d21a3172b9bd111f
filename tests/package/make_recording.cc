// Writes three seconds of 16 kHz mono audio: a second of a 300 Hz tone between two of silence.

#include "remotemedia/media/audio_file.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr int kRate = 16'000;
  auto audio =
      remotemedia::AudioBuffer::allocate(remotemedia::SampleFormat::f32, 1, 3 * kRate, kRate);
  const std::span<float> samples = audio.mutable_channel<float>(0);
  for (std::size_t i = kRate; i < 2 * kRate; ++i) {
    const double time_s = static_cast<double>(i) / kRate;
    samples[i] = static_cast<float>(0.4 * std::sin(2 * std::numbers::pi * 300 * time_s));
  }
  remotemedia::media::write_audio(argv[1], audio);
  return 0;
}

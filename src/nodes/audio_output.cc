#include "remotemedia/nodes/audio_output.h"

#include <utility>

namespace remotemedia {

AudioOutput::AudioOutput(std::filesystem::path path) : path_(std::move(path)) {
  media::check_output_path(path_);
}

void AudioOutput::write(const Packet& packet) {
  const AudioBuffer& audio = require_audio(packet);
  if (!writer_) writer_.emplace(path_, audio.rate(), audio.channels(), audio.format());
  writer_->write(audio);
}

void AudioOutput::close() {
  if (writer_) writer_->close();
}

}  // namespace remotemedia

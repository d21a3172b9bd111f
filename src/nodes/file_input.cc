#include "remotemedia/nodes/file_input.h"

#include <utility>

namespace remotemedia {

void for_each_block(media::AudioReader& reader, const Packet& prototype,
                    const std::function<bool(Packet)>& send) {
  const int rate = reader.info().rate;
  const auto block_frames = static_cast<std::size_t>(rate) * kFileBlockMs / 1000;
  std::uint64_t position = 0;
  while (true) {
    AudioBuffer audio = reader.read(block_frames);
    const std::size_t frames = audio.frames();
    if (frames == 0 && position > 0) return;
    Packet packet = prototype.with(std::move(audio));
    packet.timestamp = frame_time(position, rate);
    position += frames;
    if (!send(std::move(packet)) || frames == 0) return;
  }
}

void run_file(Session& session, const std::filesystem::path& path, const Progress& progress) {
  media::AudioReader reader(path);
  const std::uint64_t total = reader.info().frames;
  std::uint64_t done = 0;
  bool stopped = false;
  for_each_block(reader, Packet{}, [&](Packet packet) {
    done += packet.audio()->frames();
    session.push(std::move(packet));
    stopped = progress && !progress(done, total);
    return !stopped;
  });
  if (stopped) {
    session.stop();
  } else {
    session.finish();
  }
}

}  // namespace remotemedia

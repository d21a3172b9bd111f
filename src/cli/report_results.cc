#include "cli/report_results.h"

#include "cli/report_text.h"
#include "cli/report_timeline.h"

#include <algorithm>

namespace remotemedia::cli::report {
namespace {

std::string text_of(const Packet& packet) {
  if (const std::string* text = packet.text()) return *text;
  if (const Value* value = packet.json()) return to_json(*value);
  return describe(packet);
}

}  // namespace

void Results::add(const Output& output) { add(output.index, output.packet); }

void Results::add(std::size_t index, const Packet& packet) {
  if (index >= audio_.size()) return;
  if (const PacketList* list = packet.list()) {
    for (const Packet& part : **list) add(index, part);
    return;
  }
  if (const AudioBuffer* audio = packet.audio()) {
    add_audio(audio_[index], *audio);
    return;
  }
  if (++other_count_ > kMaxOthers) return;
  others_.push_back({.output = index,
                     .time_s = seconds(packet.timestamp),
                     .kind = to_string(packet.kind()),
                     .text = shortened(text_of(packet), kMaxTextBytes)});
}

void Results::add_audio(AudioResult& result, const AudioBuffer& audio) {
  if (result.items++ == 0) {
    result.rate = audio.rate();
    result.channels = audio.channels();
    result.format = audio.format();
  }
  result.frames += audio.frames();
  result.duration_s += audio.duration_s();
  for (int channel = 0; channel < audio.channels(); ++channel) {
    read_channel(audio, channel, scratch_);
    result.peak = std::max(result.peak, peak_of(scratch_));
  }
}

}  // namespace remotemedia::cli::report

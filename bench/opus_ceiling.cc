// What Opus alone takes of a processor: each packet of speech decoded to 16 kHz and encoded again,
// as the endpoint does it. No server that does both can hold more sessions on a core. Live, the
// packets of several sessions come one by one, as from a network: in between the processor sleeps
// and its caches go cold. And what is heard of a recording that is sent so.

#include "bench/webrtc/speech.h"
#include "rtc/audio_sender.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <exception>
#include <fstream>
#include <memory>
#include <opus.h>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace remotemedia::bench {
namespace {

struct FreeDecoder {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};
using Decoder = std::unique_ptr<OpusDecoder, FreeDecoder>;

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Decoder make_decoder() {
  int error = 0;
  Decoder decoder(opus_decoder_create(kSpeechRate, 1, &error));
  if (!decoder) throw std::runtime_error(opus_strerror(error));
  return decoder;
}

/// What a packet sounds like; an empty one is concealed.
std::array<float, kPacketSamples> decode(const Decoder& decoder,
                                         std::span<const std::uint8_t> opus) {
  std::array<float, kPacketSamples> samples{};
  const int count =
      opus_decode_float(decoder.get(), opus.empty() ? nullptr : opus.data(),
                        static_cast<opus_int32>(opus.size()), samples.data(), kPacketSamples, 0);
  if (count != static_cast<int>(kPacketSamples)) throw std::runtime_error("Opus decoded less");
  return samples;
}

/// Microseconds a packet.
struct Cost {
  double decode_us;
  double encode_us;
};

struct Codec {
  explicit Codec(int bitrate) : sender({.rate = kSpeechRate, .bitrate = bitrate}) {}
  Decoder decoder = make_decoder();
  rtc::AudioSender sender;
};

/// The packets of one session in a row; or those of as many live sessions, as they come. Every
/// session has the speech once, each from another place on.
Cost measure(const std::vector<SpeechPacket>& speech, int bitrate, std::size_t live = 0) {
  const std::size_t sessions = std::max<std::size_t>(live, 1);
  std::deque<Codec> codecs;
  for (std::size_t s = 0; s < sessions; ++s) codecs.emplace_back(bitrate);
  auto due = std::chrono::steady_clock::now();
  double decoding = 0;
  double encoding = 0;
  Time now{};
  for (std::size_t p = 0; p < speech.size(); ++p) {
    for (std::size_t s = 0; s < sessions; ++s) {
      const SpeechPacket& packet = speech[(p + s * speech.size() / sessions) % speech.size()];
      if (live > 0) {
        due += std::chrono::nanoseconds(kPacketTime) / sessions;
        std::this_thread::sleep_until(due);
      }
      const double start = thread_seconds();
      const auto samples = decode(codecs[s].decoder, packet.opus);
      const double middle = thread_seconds();
      codecs[s].sender.push(samples, now);
      const bool any = codecs[s].sender.next_packet(now + kPacketTime).has_value();
      const double end = thread_seconds();
      if (!any && !packet.opus.empty()) throw std::runtime_error("Opus did not give what it got");
      decoding += middle - start;
      encoding += end - middle;
    }
    now += kPacketTime;
  }
  const double scale = 1e6 / static_cast<double>(speech.size() * sessions);
  return {decoding * scale, encoding * scale};
}

/// Sends a recording and decodes the packets; silence where none is sent.
std::vector<float> heard_of(std::span<const float> recording, int bitrate) {
  const Decoder decoder = make_decoder();
  rtc::AudioSender sender({.rate = kSpeechRate, .bitrate = bitrate});
  std::vector<float> heard;
  Time now{};
  for (std::size_t at = 0; at + kPacketSamples <= recording.size(); at += kPacketSamples) {
    sender.push(recording.subspan(at, kPacketSamples), now);
    now += kPacketTime;
    std::array<float, kPacketSamples> samples{};
    if (const auto packet = sender.next_packet(now)) samples = decode(decoder, packet->payload);
    heard.insert(heard.end(), samples.begin(), samples.end());
  }
  return heard;
}

void write_samples(const std::string& path, std::span<const float> samples) {
  std::ofstream out(path, std::ios::binary);
  const auto bytes = std::as_bytes(samples);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error(fmt::format("'{}' cannot be written", path));
}

void run(const std::string& path, int bitrate, std::size_t live, int rounds) {
  const std::vector<SpeechPacket> speech = encode_speech(load_speech(path));
  measure(speech, bitrate);
  std::vector<std::string> decode;
  std::vector<std::string> encode;
  for (int round = 0; round < rounds; ++round) {
    const Cost cost = measure(speech, bitrate, live);
    decode.push_back(fmt::format("{:.2f}", cost.decode_us));
    encode.push_back(fmt::format("{:.2f}", cost.encode_us));
  }
  fmt::print(
      "{{\"library\": \"{}\", \"live\": {}, \"packets\": {}, \"decode_us\": [{}], "
      "\"encode_us\": [{}]}}\n",
      opus_get_version_string(), live, speech.size(), fmt::join(decode, ", "),
      fmt::join(encode, ", "));
}

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  using namespace remotemedia;         // NOLINT(google-build-using-namespace)
  using namespace remotemedia::bench;  // NOLINT(google-build-using-namespace)
  std::string path;
  std::string heard;
  int bitrate = rtc::AudioSender::Settings().bitrate;
  std::size_t live = 0;
  int rounds = 15;
  CLI::App app("Processor time of decoding and encoding packets of speech, as JSON.");
  app.add_option("speech", path, "recording: mono, 16 kHz")->required();
  app.add_option("--bitrate", bitrate, "of what is encoded, bit/s")->capture_default_str();
  app.add_option("--heard", heard, "file for what is heard of the recording: float32, 16 kHz");
  app.add_option("--live", live, "sessions whose packets come one by one, each one's every 20 ms")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  try {
    if (!heard.empty()) write_samples(heard, heard_of(load_recording(path), bitrate));
    run(path, bitrate, live, rounds);
  } catch (const std::exception& error) {
    fmt::print(stderr, "opus_ceiling: {}\n", error.what());
    return 2;
  }
}

// One endpoint on a loopback socket, for peers that are not ours. Lines of JSON on standard input:
// {"type": "offer", "sdp": ...} or, with --offer, {"type": "answer", "sdp": ...}, then
// {"type": "close"}. Lines on standard output: the description, each state, and at the end what was
// heard. It echoes audio and messages; the end of its input ends it too.

#include "remotemedia/rtc/endpoint.h"
#include "rtc/socket.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia::rtc::test {
namespace {

using Json = nlohmann::json;

constexpr int kProgramRate = 16'000;
constexpr std::size_t kMaxLine = 128 * 1'024;

void print(const Json& line) {
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

/// Of a tone, by its upward crossings: the median over eight periods, so that a frame which was
/// lost counts for nothing. 0 without any.
double tone_hz(const std::vector<float>& samples) {
  constexpr std::size_t kPeriods = 8;
  std::vector<double> crossings;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const float before = samples[i - 1];
    if (before >= 0 || samples[i] < 0) continue;
    crossings.push_back(static_cast<double>(i) -
                        static_cast<double>(samples[i] / (samples[i] - before)));
  }
  if (crossings.size() <= kPeriods) return 0;
  std::vector<double> spans;
  for (std::size_t i = kPeriods; i < crossings.size(); ++i) {
    spans.push_back(crossings[i] - crossings[i - kPeriods]);
  }
  const auto middle = spans.begin() + static_cast<std::ptrdiff_t>(spans.size() / 2);
  std::ranges::nth_element(spans, middle);
  return kPeriods * kProgramRate / *middle;
}

class Program : EndpointSink {
 public:
  explicit Program(Time consent_stale)
      : socket_(*parse_address("127.0.0.1", 0)),
        endpoint_(Identity::generate(std::time(nullptr)), options_of(socket_, consent_stale),
                  *this) {}

  void offer() { print({{"type", "offer"}, {"sdp", endpoint_.create_offer()}}); }

  void run() {
    bool reading = true;
    while (reading && endpoint_.state() != EndpointState::ended) {
      std::array<pollfd, 2> waits = {
          {{STDIN_FILENO, POLLIN, 0}, {socket_.descriptor(), POLLIN, 0}}};
      poll(waits.data(), waits.size(), milliseconds_to_wait());
      if (waits[0].revents != 0) reading = read_input();
      if (waits[1].revents != 0) receive();
      endpoint_.advance(now());
      echo();
    }
    endpoint_.close(now());
    const EndpointStatistics counts = endpoint_.statistics();
    print({{"type", "end"},
           {"heard_hz", tone_hz(heard_)},
           {"packets_received", counts.received.packets},
           {"packets_sent", counts.packets_sent},
           {"round_trip_s", counts.round_trip ? seconds(*counts.round_trip) : -1.0}});
  }

 private:
  static Time now() { return std::chrono::steady_clock::now().time_since_epoch(); }

  static EndpointOptions options_of(const UdpSocket& socket, Time consent_stale) {
    EndpointOptions options;
    options.candidates = {socket.local()};
    options.receive_rate = options.send_rate = kProgramRate;
    options.consent_stale = consent_stale;
    return options;
  }

  [[nodiscard]] int milliseconds_to_wait() const {
    constexpr Time kMost = std::chrono::seconds(1);
    const Time next = std::min(endpoint_.next_timeout(), now() + kMost);
    return static_cast<int>(std::max(next - now(), Time{}) / std::chrono::milliseconds(1)) + 1;
  }

  /// False at the end.
  bool read_input() {
    std::array<char, 16'384> memory;
    const ssize_t count = read(STDIN_FILENO, memory.data(), memory.size());
    if (count <= 0) return false;
    input_.append(memory.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = input_.find('\n')) != std::string::npos;) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      if (!take(Json::parse(line))) return false;
    }
    return input_.size() <= kMaxLine;
  }

  bool take(const Json& line) {
    const std::string type = line.at("type");
    if (type == "close") return false;
    const std::string sdp = line.at("sdp");
    if (type == "answer") return accepted(endpoint_.accept_answer(sdp, now()));
    const auto answer = endpoint_.accept_offer(sdp, now());
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return accepted(*refusal);
    print({{"type", "answer"}, {"sdp", std::get<std::string>(answer)}});
    return true;
  }

  static bool accepted(const std::optional<Refusal>& refusal) {
    if (refusal) print({{"type", "refusal"}, {"reason", refusal->reason}});
    return !refusal;
  }

  void receive() {
    std::array<std::uint8_t, 2'048> memory;
    while (const auto received = socket_.receive(memory)) {
      endpoint_.receive(received->source, received->datagram, now());
    }
  }

  void echo() {
    endpoint_.send_audio(to_echo_, now());
    to_echo_.clear();
    for (const auto& [channel, text] : messages_) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
      endpoint_.send_message(channel, MessageKind::text, {bytes, text.size()}, now());
    }
    messages_.clear();
  }

  void on_datagram(const Address& to, std::span<const std::uint8_t> bytes) override {
    socket_.send(to, bytes);
  }
  void on_audio(const ReceivedAudio& audio) override {
    to_echo_.insert(to_echo_.end(), audio.samples.begin(), audio.samples.end());
    heard_.insert(heard_.end(), audio.samples.begin(), audio.samples.end());
    if (heard_.size() > kProgramRate) {  // the last second
      heard_.erase(heard_.begin(), heard_.end() - kProgramRate);
    }
  }
  void on_message(const DataMessage& message) override {
    messages_.emplace_back(message.channel,
                           std::string(message.bytes.begin(), message.bytes.end()));
  }
  void on_state(EndpointState state, const char* reason) override {
    print({{"type", "state"}, {"state", to_string(state)}, {"reason", reason}});
  }

  UdpSocket socket_;
  Endpoint endpoint_;
  std::string input_;
  std::vector<float> to_echo_;
  std::vector<float> heard_;
  std::vector<std::pair<std::uint16_t, std::string>> messages_;  // to be sent back
};

}  // namespace
}  // namespace remotemedia::rtc::test

/// usage: endpoint_program [--offer] [CONSENT_STALE_MS]
int main(int argc, char** argv) {
  using remotemedia::rtc::test::Program;
  try {
    const bool offers = argc > 1 && std::string_view(argv[1]) == "--offer";
    const int stale = argc > 1 && !offers ? std::stoi(argv[1]) : 7'000;
    Program program{std::chrono::milliseconds(stale)};
    if (offers) program.offer();
    program.run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "endpoint_program: {}\n", error.what());
    return 1;
  }
}

#include "rtc/sdp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace remotemedia::rtc::sdp {
namespace {

constexpr std::size_t kMaxFingerprints = 8;
constexpr std::size_t kMaxExtensions = 32;
constexpr std::size_t kMaxSsrcs = 64;
constexpr std::size_t kMaxCandidates = 32;
constexpr std::size_t kMaxMid = 32;

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
  });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  }
  return result;
}

/// The text up to `mark`; `rest` is what follows it.
std::string_view cut(std::string_view& rest, char mark) {
  const std::size_t at = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return {};
  return value;
}

std::optional<Sha256> hex_bytes(std::string_view text) {
  Sha256 bytes{};
  for (std::uint8_t& byte : bytes) {
    const std::string_view pair = cut(text, ':');
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (pair.size() != 2 || error != std::errc() || end != pair.data() + 2) return std::nullopt;
  }
  return text.empty() ? std::optional(bytes) : std::nullopt;
}

std::optional<Direction> direction_of(std::string_view name) {
  for (const auto value :
       {Direction::sendrecv, Direction::sendonly, Direction::recvonly, Direction::inactive}) {
    if (same_letters(name, to_string(value))) return value;
  }
  return std::nullopt;
}

Setup setup_of(std::string_view value) {
  if (same_letters(value, "actpass")) return Setup::actpass;
  if (same_letters(value, "active")) return Setup::active;
  return same_letters(value, "passive") ? Setup::passive : Setup::other;
}

bool is_protocol(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           (letter >= 'a' && letter <= 'z') || letter == '/' || letter == '-';
  });
}

class Parser {
 public:
  std::variant<Description, Refusal> parse(std::string_view text) {
    if (text.size() > kMaxSize) {
      return Refusal{RefusalKind::too_large, fmt::format("the description has {} bytes, at most {}",
                                                         text.size(), kMaxSize)};
    }
    while (!text.empty() && !refusal_) {
      ++line_number_;
      std::string_view line = cut(text, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) read_line(line);
    }
    if (line_number_ == 0) refuse("the description is empty, expected v=0");
    if (refusal_) return *std::move(refusal_);
    return std::move(result_);
  }

 private:
  void refuse(std::string reason, RefusalKind kind = RefusalKind::malformed) {
    if (!refusal_) refusal_ = Refusal{kind, std::move(reason)};
  }

  void refuse_line(std::string_view what) {
    refuse(fmt::format("line {}: {}", line_number_, what));
  }

  void read_line(std::string_view line) {
    if (line.size() < 2 || line[1] != '=') return refuse_line("expected a letter and '='");
    if (line_number_ == 1 && line != "v=0") return refuse_line("expected v=0");
    const std::string_view value = line.substr(2);
    if (line[0] == 'm') read_media(value);
    if (line[0] == 'a') read_attribute(value);
  }

  Section& section() { return result_.sections.empty() ? session_ : result_.sections.back(); }

  /// A value that is kept, unless it is too long to be meant.
  std::string kept(std::string_view value) {
    if (value.size() > kMaxToken) refuse_line("a value has more than 256 bytes");
    return std::string(value.substr(0, kMaxToken));
  }

  void read_media(std::string_view value) {
    if (result_.sections.size() == kMaxSections) {
      return refuse(fmt::format("line {}: more than {} sections", line_number_, kMaxSections),
                    RefusalKind::too_large);
    }
    Section media = session_;
    media.media = lower(kept(cut(value, ' ')));
    const std::string_view port = cut(value, ' ');
    const auto parsed_port = number(port.substr(0, port.find('/')), 65'535);
    media.protocol = kept(cut(value, ' '));
    media.data_channels = same_letters(cut(value, ' '), "webrtc-datachannel");
    if (!parsed_port || !is_token(media.media, kMaxToken) || !is_protocol(media.protocol)) {
      return refuse_line("expected m=<media> <port> <protocol> <formats>");
    }
    media.port = static_cast<int>(*parsed_port);
    result_.sections.push_back(std::move(media));
  }

  void read_attribute(std::string_view value) {
    const std::string_view name = cut(value, ':');
    if (const auto direction = direction_of(name)) {
      section().direction = *direction;
    } else if (!read_flag(name) && !read_connection(name, value)) {
      read_media_attribute(name, value);
    }
  }

  bool read_flag(std::string_view name) {
    Section& at = section();
    if (same_letters(name, "ice-lite")) return result_.ice_lite = true;
    if (same_letters(name, "extmap-allow-mixed")) return result_.extmap_allow_mixed = true;
    if (same_letters(name, "bundle-only")) return at.bundle_only = true;
    if (same_letters(name, "rtcp-mux")) return at.rtcp_mux = true;
    if (same_letters(name, "rtcp-rsize")) return at.rtcp_rsize = true;
    return false;
  }

  bool read_connection(std::string_view name, std::string_view value) {
    Section& at = section();
    if (same_letters(name, "ice-ufrag")) {
      at.ice_ufrag = kept(value);
    } else if (same_letters(name, "ice-pwd")) {
      at.ice_pwd = kept(value);
    } else if (same_letters(name, "setup")) {
      at.setup = setup_of(value);
    } else if (same_letters(name, "fingerprint")) {
      read_fingerprint(at, value);
    } else if (same_letters(name, "group")) {
      read_group(value);
    } else {
      return false;
    }
    return true;
  }

  void read_fingerprint(Section& at, std::string_view value) {
    const std::string_view hash = cut(value, ' ');
    if (!same_letters(hash, "sha-256")) {
      at.other_fingerprint = true;
      return;
    }
    const auto bytes = hex_bytes(value);
    if (!bytes) return refuse_line("expected a fingerprint of 32 bytes in hexadecimal");
    if (at.fingerprints.size() < kMaxFingerprints) at.fingerprints.push_back(*bytes);
  }

  void read_group(std::string_view value) {
    if (!same_letters(cut(value, ' '), "BUNDLE") || !result_.bundle.empty()) return;
    while (!value.empty() && result_.bundle.size() < kMaxSections) {
      const std::string_view mid = cut(value, ' ');
      if (!mid.empty()) result_.bundle.push_back(kept(mid));
    }
  }

  void read_media_attribute(std::string_view name, std::string_view value) {
    if (result_.sections.empty()) return;
    Section& at = section();
    if (same_letters(name, "mid")) {
      if (!is_token(value, kMaxMid)) return refuse_line("expected a mid of 1..32 letters");
      at.mid = std::string(value);
    } else if (same_letters(name, "rtpmap")) {
      read_codec(at, value);
    } else if (same_letters(name, "fmtp")) {
      read_format(at, value);
    } else if (same_letters(name, "extmap")) {
      read_extension(at, value);
    } else if (same_letters(name, "ssrc")) {
      const auto ssrc = number(cut(value, ' '), 0xFFFFFFFFU);
      if (ssrc && at.ssrcs.size() < kMaxSsrcs &&
          std::ranges::find(at.ssrcs, *ssrc) == at.ssrcs.end()) {
        at.ssrcs.push_back(*ssrc);
      }
    } else if (same_letters(name, "candidate")) {
      read_candidate(at, value);
    } else if (same_letters(name, "sctp-port")) {
      const auto port = number(value, 65'535);
      if (!port || *port == 0) return refuse_line("expected a=sctp-port:<1..65535>");
      at.sctp_port = static_cast<std::uint16_t>(*port);
    } else if (same_letters(name, "max-message-size")) {
      read_max_message_size(at, value);
    }
  }

  void read_max_message_size(Section& at, std::string_view value) {
    constexpr std::uint32_t kMost = 0xFFFFFFFFU;
    const bool digits = !value.empty() && value.size() <= 20 &&
                        std::ranges::all_of(value, [](char x) { return x >= '0' && x <= '9'; });
    if (!digits) return refuse_line("expected a=max-message-size:<bytes>");
    at.max_message_size = number(value, kMost).value_or(kMost);
  }

  void read_codec(Section& at, std::string_view value) {
    const auto payload_type = number(cut(value, ' '), 127);
    const std::string name = lower(kept(cut(value, '/')));
    const auto rate = number(cut(value, '/'), 1'000'000);
    const auto channels = value.empty() ? std::optional(1U) : number(value, 255);
    if (!payload_type || !rate || !channels)
      return refuse_line("expected a=rtpmap:<0..127> <name>/<rate>");
    Codec& codec = codec_of(at, *payload_type);
    codec.name = name;
    codec.rate = static_cast<int>(*rate);
    codec.channels = static_cast<int>(*channels);
  }

  /// The lines of a codec come in any order.
  static Codec& codec_of(Section& at, std::uint32_t payload_type) {
    const int type = static_cast<int>(payload_type);
    const auto known = std::ranges::find(at.codecs, type, &Codec::payload_type);
    if (known != at.codecs.end()) return *known;
    at.codecs.emplace_back().payload_type = type;
    return at.codecs.back();
  }

  static void read_format(Section& at, std::string_view value) {
    const auto payload_type = number(cut(value, ' '), 127);
    if (!payload_type) return;
    while (!value.empty()) {
      std::string_view parameter = cut(value, ';');
      parameter.remove_prefix(std::min(parameter.find_first_not_of(' '), parameter.size()));
      if (!same_letters(cut(parameter, '='), "maxaveragebitrate")) continue;
      const auto bitrate = number(parameter, 1'000'000);
      codec_of(at, *payload_type).max_average_bitrate = static_cast<int>(bitrate.value_or(0));
    }
  }

  void read_extension(Section& at, std::string_view value) {
    const std::string_view id_text = cut(value, ' ');
    // Above 255 are those of which an answer may choose (RFC 8285, 8): we leave them alone.
    const auto id = number(id_text.substr(0, id_text.find('/')), 4'351);
    if (!id || *id == 0) return refuse_line("expected a=extmap:<1..4351> <uri>");
    if (at.extensions.size() < kMaxExtensions) {
      at.extensions.push_back({static_cast<int>(*id), kept(cut(value, ' '))});
    }
  }

  // foundation component protocol priority address port typ ...; names (.local) are not looked up.
  static void read_candidate(Section& at, std::string_view value) {
    cut(value, ' ');
    const bool first = cut(value, ' ') == "1";
    const bool udp = same_letters(cut(value, ' '), "udp");
    cut(value, ' ');
    const std::string_view ip = cut(value, ' ');
    const auto port = number(cut(value, ' '), 65'535);
    if (!first || !udp || !port || *port == 0 || at.candidates.size() >= kMaxCandidates) return;
    if (const auto address = parse_address(ip, static_cast<std::uint16_t>(*port))) {
      at.candidates.push_back(*address);
    }
  }

  Description result_;
  Section session_;  // what stands before the first m= line
  std::optional<Refusal> refusal_;
  std::size_t line_number_ = 0;
};

}  // namespace

Direction mirrored(Direction direction) {
  if (direction == Direction::sendonly) return Direction::recvonly;
  return direction == Direction::recvonly ? Direction::sendonly : direction;
}

std::string_view to_string(Direction direction) {
  static constexpr std::string_view kNames[] = {"inactive", "sendonly", "recvonly", "sendrecv"};
  return kNames[static_cast<std::size_t>(direction)];
}

std::variant<Description, Refusal> parse(std::string_view text) { return Parser().parse(text); }

bool is_token(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [](char letter) {
    return letter > ' ' && letter < '\x7F' &&
           std::string_view("\"(),/:;<=>?@[\\]").find(letter) == std::string_view::npos;
  });
}

std::string fingerprint_text(const Sha256& fingerprint) {
  std::string text;
  for (const std::uint8_t byte : fingerprint) {
    text += fmt::format("{}{:02X}", text.empty() ? "" : ":", byte);
  }
  return text;
}

}  // namespace remotemedia::rtc::sdp

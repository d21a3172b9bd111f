#include "rtc/negotiation.h"

#include "remotemedia/rtc/ice_credentials.h"
#include "rtc/sctp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace remotemedia::rtc::sdp {
namespace {

constexpr std::string_view kMidExtension = "urn:ietf:params:rtp-hdrext:sdes:mid";
constexpr std::string_view kLevelExtension = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
constexpr int kMaxExtensionId = 14;      // of the one-byte form
constexpr std::size_t kMaxSentMid = 16;  // of the one-byte form
constexpr int kOfferedOpus = 111;
constexpr int kOpusClock = 48'000;
constexpr std::size_t kUnnamedMaxMessage = 65'536;  // where none is named (RFC 8841, 6)

Refusal unsupported(std::string reason) { return {RefusalKind::unsupported, std::move(reason)}; }
Refusal malformed(std::string reason) { return {RefusalKind::malformed, std::move(reason)}; }

const Codec* find_opus(const Section& section) {
  const auto found = std::ranges::find_if(section.codecs, [](const Codec& codec) {
    return codec.name == "opus" && codec.rate == kOpusClock && codec.channels == 2;
  });
  return found == section.codecs.end() ? nullptr : &*found;
}

int extension_id(const Section& section, std::string_view uri) {
  for (const Extension& extension : section.extensions) {
    if (extension.uri == uri && extension.id <= kMaxExtensionId) return extension.id;
  }
  return 0;
}

/// The section whose transport a bundled one shares if it names none of its own (RFC 9143).
const Section& transport_of(const Description& description, const Section& section) {
  const auto& bundle = description.bundle;
  if (!section.ice_ufrag.empty() || std::ranges::find(bundle, section.mid) == bundle.end()) {
    return section;
  }
  const auto first = std::ranges::find(description.sections, bundle.front(), &Section::mid);
  return first == description.sections.end() ? section : *first;
}

std::optional<Refusal> check_transport(const Section& transport) {
  if (const auto problem = problem_of({transport.ice_ufrag, transport.ice_pwd})) {
    return malformed("the audio section: " + *problem);
  }
  if (transport.fingerprints.empty()) {
    return transport.other_fingerprint
               ? unsupported("the fingerprint uses another hash, expected sha-256")
               : malformed("the audio section has no a=fingerprint, expected one of sha-256");
  }
  return std::nullopt;
}

std::variant<Negotiated, Refusal> take_section(const Description& description, std::size_t index,
                                               const Codec& opus) {
  const Section& section = description.sections[index];
  const Section& transport = transport_of(description, section);
  if (!section.rtcp_mux) return unsupported("a=rtcp-mux is missing, RTP and RTCP share one port");
  if (auto refusal = check_transport(transport)) return *std::move(refusal);
  Negotiated taken;
  taken.section = index;
  taken.mid = section.mid;
  taken.payload_type = opus.payload_type;
  taken.max_average_bitrate = opus.max_average_bitrate;
  taken.direction = mirrored(section.direction);
  if (section.mid.size() <= kMaxSentMid && !section.mid.empty()) {
    taken.mid_extension_id = extension_id(section, kMidExtension);
  }
  taken.level_extension_id = extension_id(section, kLevelExtension);
  taken.rtcp_rsize = section.rtcp_rsize;
  taken.ice_ufrag = transport.ice_ufrag;
  taken.ice_pwd = transport.ice_pwd;
  taken.setup = transport.setup.value_or(Setup::actpass);
  taken.fingerprints = transport.fingerprints;
  taken.candidates = transport.candidates;
  return taken;
}

bool bundled(const Description& description, const Section& section) {
  return !section.mid.empty() &&
         std::ranges::find(description.bundle, section.mid) != description.bundle.end();
}

/// The first section of data channels that shares the transport of the audio.
std::optional<DataSection> find_data(const Description& description, const Negotiated& audio) {
  if (!bundled(description, description.sections[audio.section])) return std::nullopt;
  for (std::size_t i = 0; i < description.sections.size(); ++i) {
    const Section& section = description.sections[i];
    if (section.media != "application" || section.protocol != "UDP/DTLS/SCTP" ||
        !section.data_channels || !section.wanted() || !bundled(description, section) ||
        transport_of(description, section).ice_ufrag != audio.ice_ufrag) {
      continue;
    }
    const std::size_t named = section.max_message_size.value_or(kUnnamedMaxMessage);
    return DataSection{
        .section = i,
        .mid = section.mid,
        .port = section.sctp_port.value_or(kSctpPort),
        .max_message = named == 0 ? kMaxDataMessage : std::min(named, kMaxDataMessage)};
  }
  return std::nullopt;
}

std::variant<Negotiated, Refusal> take_audio(const Description& description) {
  bool audio = false;
  for (std::size_t i = 0; i < description.sections.size(); ++i) {
    const Section& section = description.sections[i];
    if (section.media != "audio" || !section.wanted()) continue;
    audio = true;
    if (section.protocol != "UDP/TLS/RTP/SAVPF" && section.protocol != "UDP/TLS/RTP/SAVP") continue;
    if (const Codec* opus = find_opus(section)) return take_section(description, i, *opus);
  }
  return unsupported(audio ? "no audio section has opus/48000/2 over UDP/TLS/RTP/SAVPF"
                           : "there is no audio section, expected m=audio");
}

void write_session(const Local& local, std::string& out) {
  fmt::format_to(std::back_inserter(out), "v=0\r\no=- {} {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
                 local.session_id, local.version);
}

void write_transport(const Local& local, std::string_view setup, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{}\r\n",
                 local.ice_ufrag, local.ice_pwd, fingerprint_text(local.fingerprint), setup);
  // Type preference of a host, then the first candidate before the others (RFC 8445, 5.1.2.1).
  std::uint32_t preference = 65'535;
  int foundation = 1;
  for (const Address& candidate : local.candidates) {
    fmt::format_to(std::back_inserter(out), "a=candidate:{} 1 udp {} {} {} typ host\r\n",
                   foundation++, (126U << 24) + (preference-- << 8) + 255U, ip_text(candidate),
                   candidate.port);
  }
  if (!local.candidates.empty()) out += "a=end-of-candidates\r\n";
}

/// An answer names the protocol of the offer (RFC 3264, 6).
void write_audio(const Negotiated& taken, const Local& local, std::string_view protocol,
                 std::string_view setup, std::string& out) {
  const auto line = std::back_inserter(out);
  const int type = taken.payload_type;
  fmt::format_to(line, "m=audio 9 {} {}\r\nc=IN IP4 0.0.0.0\r\n", protocol, type);
  if (!taken.mid.empty()) fmt::format_to(line, "a=mid:{}\r\n", taken.mid);
  out += "a=rtcp-mux\r\n";
  if (taken.rtcp_rsize) out += "a=rtcp-rsize\r\n";
  fmt::format_to(line, "a={}\r\n", to_string(taken.direction));
  // Says what is worth sending: mono, no more than is listened to, nothing in silence.
  fmt::format_to(line,
                 "a=rtpmap:{0} opus/48000/2\r\na=fmtp:{0} "
                 "minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxplaybackrate={1}\r\n",
                 type, local.receive_rate);
  for (const auto& [id, uri] : {std::pair(taken.mid_extension_id, kMidExtension),
                                std::pair(taken.level_extension_id, kLevelExtension)}) {
    if (id != 0) fmt::format_to(line, "a=extmap:{} {}\r\n", id, uri);
  }
  if (taken.direction == Direction::sendrecv || taken.direction == Direction::sendonly) {
    fmt::format_to(line, "a=ssrc:{0} cname:{1}\r\na=msid:{1} audio\r\n", local.ssrc, local.cname);
  }
  write_transport(local, setup, out);
}

void write_data(std::string_view mid, const Local& local, std::string_view setup,
                std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                 "a=mid:{}\r\na=sctp-port:{}\r\na=max-message-size:{}\r\n",
                 mid, kSctpPort, kMaxDataMessage);
  write_transport(local, setup, out);
}

/// The sections that are taken, in the order of the offer.
void write_bundle(const Description& offer, const Negotiated& taken, std::string& out) {
  std::string mids;
  for (const std::string& mid : offer.bundle) {
    if (mid == taken.mid || (taken.data && mid == taken.data->mid)) mids += " " + mid;
  }
  if (!mids.empty()) fmt::format_to(std::back_inserter(out), "a=group:BUNDLE{}\r\n", mids);
}

/// Port 0, and nothing of the offer but its kind, which is a known word.
void write_rejection(const Section& section, std::string& out) {
  static constexpr std::array<std::string_view, 5> kKinds = {"audio", "video", "text", "message",
                                                             "application"};
  const auto* kind = std::ranges::find(kKinds, section.media);
  const bool data = section.media == "application";
  fmt::format_to(std::back_inserter(out), "m={} 0 {} {}\r\nc=IN IP4 0.0.0.0\r\n",
                 kind == kKinds.end() ? "application" : *kind, section.protocol,
                 data ? "webrtc-datachannel" : "0");
  if (!section.mid.empty()) fmt::format_to(std::back_inserter(out), "a=mid:{}\r\n", section.mid);
  out += "a=inactive\r\n";
}

}  // namespace

std::variant<Negotiated, Refusal> take_offer(const Description& offer, bool data) {
  if (offer.ice_lite) return unsupported("both sides are ICE-lite, the offerer has to be full");
  auto taken = take_audio(offer);
  if (auto* audio = std::get_if<Negotiated>(&taken)) {
    if (audio->setup != Setup::actpass && audio->setup != Setup::active) {
      return unsupported("a=setup of the offer is neither actpass nor active");
    }
    if (data) audio->data = find_data(offer, *audio);
  }
  return taken;
}

std::variant<Negotiated, Refusal> take_answer(const Description& answer, bool data) {
  auto taken = take_audio(answer);
  if (auto* audio = std::get_if<Negotiated>(&taken)) {
    if (audio->setup != Setup::passive && audio->setup != Setup::active) {
      return malformed("a=setup has to choose: expected passive or active");
    }
    if (audio->candidates.empty()) return malformed("the answer has no candidate with an address");
    if (data) audio->data = find_data(answer, *audio);
  }
  return taken;
}

std::string write_answer(const Description& offer, const Negotiated& taken, const Local& local) {
  std::string out;
  write_session(local, out);
  out += "a=ice-lite\r\n";
  write_bundle(offer, taken, out);
  if (offer.extmap_allow_mixed) out += "a=extmap-allow-mixed\r\n";
  out += "a=msid-semantic: WMS *\r\n";
  for (std::size_t i = 0; i < offer.sections.size(); ++i) {
    if (i == taken.section) {
      write_audio(taken, local, offer.sections[i].protocol, "passive", out);
    } else if (taken.data && i == taken.data->section) {
      write_data(taken.data->mid, local, "passive", out);
    } else {
      write_rejection(offer.sections[i], out);
    }
  }
  return out;
}

std::string write_offer(const Local& local) {
  Negotiated offered;
  offered.mid = "0";
  offered.payload_type = kOfferedOpus;
  offered.mid_extension_id = 4;
  offered.level_extension_id = 1;
  offered.rtcp_rsize = true;
  std::string out;
  write_session(local, out);
  out += local.data ? "a=group:BUNDLE 0 1\r\n" : "a=group:BUNDLE 0\r\n";
  out += "a=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n";
  write_audio(offered, local, "UDP/TLS/RTP/SAVPF", "actpass", out);
  if (local.data) write_data("1", local, "actpass", out);
  return out;
}

}  // namespace remotemedia::rtc::sdp

#pragma once

#include "remotemedia/rtc/address.h"
#include "remotemedia/rtc/refusal.h"
#include "rtc/crypto.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Session descriptions (RFC 8866) as browsers exchange them (RFC 9429).
namespace remotemedia::rtc::sdp {

inline constexpr std::size_t kMaxSize = 65'536;
inline constexpr std::size_t kMaxSections = 32;
inline constexpr std::size_t kMaxToken = 256;  // of a value that is kept

enum class Direction : std::uint8_t { inactive = 0, sendonly = 1, recvonly = 2, sendrecv = 3 };
/// What the answerer does where the offerer does this.
Direction mirrored(Direction direction);
std::string_view to_string(Direction direction);

enum class Setup : std::uint8_t { actpass, active, passive, other };

struct Codec {
  int payload_type = 0;
  std::string name;  ///< lower case; empty without a=rtpmap
  int rate = 0;
  int channels = 1;
  int max_average_bitrate = 0;  ///< bit/s, of Opus (RFC 7587); 0: none is named
};

struct Extension {
  int id = 0;
  std::string uri;
};

/// One m= section with the session's attributes where it has none of its own.
struct Section {
  std::string media;     ///< "audio", "application", ...
  std::string protocol;  ///< "UDP/TLS/RTP/SAVPF", ...; letters, digits, '/' and '-'
  int port = 0;
  std::string mid;  ///< a token (RFC 4566), at most 32 bytes
  bool bundle_only = false;
  bool data_channels = false;  ///< the format is webrtc-datachannel
  Direction direction = Direction::sendrecv;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  std::string ice_ufrag;
  std::string ice_pwd;
  std::optional<Setup> setup;
  std::vector<Sha256> fingerprints;  ///< those of sha-256
  bool other_fingerprint = false;    ///< there was one of another hash
  std::vector<Codec> codecs;         ///< of each payload type, so at most 128
  std::vector<Extension> extensions;
  std::vector<std::uint32_t> ssrcs;
  std::optional<std::uint16_t> sctp_port;
  std::optional<std::uint32_t> max_message_size;  ///< bytes; 0: any, and 2^32-1: that or more
  std::vector<Address> candidates;                ///< UDP, component 1, with an IP address

  /// Whether the offerer wants it: bundle-only has port 0 without being rejected.
  [[nodiscard]] bool wanted() const { return port != 0 || bundle_only; }
};

struct Description {
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  std::vector<std::string> bundle;  ///< mids of the first BUNDLE group
  std::vector<Section> sections;
};

/// LF and CRLF; unknown lines and attributes are passed over. The result holds copies.
std::variant<Description, Refusal> parse(std::string_view text);

/// Letters, digits and the marks that may stand in a token; not empty, at most `most` bytes.
bool is_token(std::string_view text, std::size_t most);

/// "AB:CD:..." of 32 bytes.
std::string fingerprint_text(const Sha256& fingerprint);

}  // namespace remotemedia::rtc::sdp

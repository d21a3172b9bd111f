#pragma once

#include "rtc/sdp.h"

/// Which part of an offer is taken, and the texts that say so. Audio in Opus and data channels over
/// one transport.
namespace remotemedia::rtc::sdp {

/// What the other side's description says of data channels.
struct DataSection {
  std::size_t section = 0;
  std::string mid;
  std::uint16_t port = 0;       ///< of SCTP
  std::size_t max_message = 0;  ///< bytes that the other side takes
};

/// What the other side's description says of the one audio section and its transport.
struct Negotiated {
  std::size_t section = 0;  ///< which of the description's sections
  std::string mid;
  int payload_type = 0;                       ///< of Opus
  int max_average_bitrate = 0;                ///< that the other side wants; 0: any
  Direction direction = Direction::sendrecv;  ///< ours
  int mid_extension_id = 0;                   ///< 1..14; 0: not used
  int level_extension_id = 0;                 ///< 1..14; 0: not used
  bool rtcp_rsize = false;
  std::string ice_ufrag;
  std::string ice_pwd;
  Setup setup = Setup::actpass;
  std::vector<Sha256> fingerprints;
  std::vector<Address> candidates;
  std::optional<DataSection> data;  ///< on the same transport
};

/// Without `data`, a section of data channels is not taken.
std::variant<Negotiated, Refusal> take_offer(const Description& offer, bool data = true);
std::variant<Negotiated, Refusal> take_answer(const Description& answer, bool data = true);

/// What our own descriptions say.
struct Local {
  std::uint64_t session_id = 0;  ///< 63 bits
  int version = 1;               ///< grows with each description of the session
  std::string ice_ufrag;
  std::string ice_pwd;
  Sha256 fingerprint{};
  std::vector<Address> candidates;
  std::uint32_t ssrc = 0;
  std::string cname;
  int receive_rate = 48'000;  ///< Hz; told to the sender as the most that is worth sending
  bool data = true;           ///< whether data channels are offered
};

/// The answer of an ICE-lite endpoint: one section per offered one, all but ours rejected.
std::string write_answer(const Description& offer, const Negotiated& taken, const Local& local);
/// One audio section, sent and received, and one of data channels.
std::string write_offer(const Local& local);

}  // namespace remotemedia::rtc::sdp

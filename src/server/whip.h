#pragma once

#include "remotemedia/rtc/ice_credentials.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// What the requests for an open session of WHIP or WHEP are compared with.
struct WhipSession {
  std::string offer;  ///< with the credentials that the client has now
  std::string tag;    ///< names the state of ICE; empty before there is an answer
};

/// The ICE credentials of a session description, or of a fragment of one (RFC 8840), as they are
/// written; nothing if one of the two lines is missing.
std::optional<rtc::IceCredentials> credentials_of(std::string_view description);

/// The offer with other credentials: what a fragment that restarts ICE stands for (RFC
/// 9725, 4.3.3).
std::string with_credentials(std::string_view offer, const rtc::IceCredentials& credentials);

/// The part of an answer that a client needs after a restart: credentials and candidates.
std::string answer_fragment(std::string_view answer);

/// Names the state of ICE that an answer begins: its user fragment, quoted.
std::string entity_tag(std::string_view answer);

/// Whether the value of If-Match is `*` or lists the tag (RFC 9110, 13.1.1).
bool matches(std::string_view if_match, std::string_view tag);

}  // namespace remotemedia::server

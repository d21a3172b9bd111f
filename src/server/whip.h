#pragma once

#include "remotemedia/rtc/ice_credentials.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// The ICE credentials of a session description, or of a fragment of one (RFC 8840), as they are
/// written; nothing if one of the two lines is missing.
std::optional<rtc::IceCredentials> credentials_of(std::string_view description);

/// The offer with other credentials: what a fragment that restarts ICE stands for (RFC
/// 9725, 4.3.3).
std::string with_credentials(std::string_view offer, const rtc::IceCredentials& credentials);

/// The part of an answer that a client needs after a restart: credentials and candidates.
std::string answer_fragment(std::string_view answer);

/// Names the state of ICE in If-Match: the quoted user fragment.
std::string entity_tag(std::string_view description);

}  // namespace remotemedia::server

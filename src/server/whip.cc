#include "server/whip.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace remotemedia::server {
namespace {

constexpr std::string_view kUfrag = "a=ice-ufrag:";
constexpr std::string_view kPwd = "a=ice-pwd:";

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& use) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    use(line);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
}

}  // namespace

std::optional<rtc::IceCredentials> credentials_of(std::string_view description) {
  std::optional<std::string> ufrag;
  std::optional<std::string> pwd;
  for_each_line(description, [&](std::string_view line) {
    if (!ufrag && line.starts_with(kUfrag)) ufrag = line.substr(kUfrag.size());
    if (!pwd && line.starts_with(kPwd)) pwd = line.substr(kPwd.size());
  });
  if (!ufrag || !pwd) return std::nullopt;
  return rtc::IceCredentials{*std::move(ufrag), *std::move(pwd)};
}

std::string with_credentials(std::string_view offer, const rtc::IceCredentials& credentials) {
  std::string changed;
  for_each_line(offer, [&](std::string_view line) {
    if (line.starts_with(kUfrag)) {
      changed.append(kUfrag).append(credentials.ufrag);
    } else if (line.starts_with(kPwd)) {
      changed.append(kPwd).append(credentials.pwd);
    } else {
      changed.append(line);
    }
    changed += "\r\n";
  });
  return changed;
}

std::string answer_fragment(std::string_view answer) {
  std::string fragment;
  if (const auto credentials = credentials_of(answer)) {
    fragment.append("a=ice-lite\r\n");
    fragment.append(kUfrag).append(credentials->ufrag).append("\r\n");
    fragment.append(kPwd).append(credentials->pwd).append("\r\n");
  }
  bool in_first = false;
  bool in_later = false;
  for_each_line(answer, [&](std::string_view line) {
    if (line.starts_with("m=")) {
      in_later = in_first;
      in_first = true;
    }
    const bool wanted = line.starts_with("m=") || line.starts_with("a=mid:") ||
                        line.starts_with("a=candidate:") || line == "a=end-of-candidates";
    if (in_first && !in_later && wanted) fragment.append(line).append("\r\n");
  });
  return fragment;
}

std::string entity_tag(std::string_view answer) {
  const auto credentials = credentials_of(answer);
  return "\"" + (credentials ? credentials->ufrag : std::string()) + "\"";
}

bool matches(std::string_view if_match, std::string_view tag) {
  if (if_match == "*") return true;
  while (true) {
    if_match.remove_prefix(std::min(if_match.find_first_not_of(", \t"), if_match.size()));
    const bool weak = if_match.starts_with("W/");  // equal to none, as the comparison is strong
    if (weak) if_match.remove_prefix(2);
    const std::size_t end = if_match.starts_with('"') ? if_match.find('"', 1) : std::string::npos;
    if (end == std::string::npos) return false;
    const std::string_view listed = if_match.substr(0, end + 1);
    // The examples of WHIP and WHEP quote the asterisk, and clients do as they show.
    if (!weak && (listed == tag || listed == "\"*\"")) return true;
    if_match.remove_prefix(end + 1);
  }
}

}  // namespace remotemedia::server

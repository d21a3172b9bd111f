#include "server/whip.h"

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

std::string entity_tag(std::string_view description) {
  const auto credentials = credentials_of(description);
  return "\"" + (credentials ? credentials->ufrag : std::string()) + "\"";
}

}  // namespace remotemedia::server

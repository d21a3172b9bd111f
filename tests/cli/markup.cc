#include "cli/markup.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace {

constexpr std::array<std::string_view, 4> kVoidElements{"meta", "img", "br", "link"};
constexpr std::array<std::pair<std::string_view, char>, 5> kReferences{
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};

class Reader {
 public:
  explicit Reader(std::string_view page) : page_(page) {}

  Markup read() {
    if (!take("<!DOCTYPE html>")) fail("no doctype");
    while (markup_.problem.empty() && at_ < page_.size()) {
      if (page_[at_] != '<') {
        read_text();
      } else if (page_.substr(at_).starts_with("</")) {
        read_end();
      } else {
        read_start();
      }
    }
    if (!open_.empty()) fail("not closed: " + markup_.elements[open_.back()].name);
    return std::move(markup_);
  }

 private:
  void fail(const std::string& what) {
    if (!markup_.problem.empty()) return;
    markup_.problem = what + " at \"" + std::string(page_.substr(at_, 60)) + "\"";
  }

  bool take(std::string_view text) {
    if (!page_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  void skip_space() {
    while (at_ < page_.size() && std::isspace(static_cast<unsigned char>(page_[at_])) != 0) ++at_;
  }

  std::string name() {
    const std::size_t start = at_;
    while (at_ < page_.size() &&
           (std::isalnum(static_cast<unsigned char>(page_[at_])) != 0 || page_[at_] == '-')) {
      ++at_;
    }
    if (at_ == start) fail("no name");
    return std::string(page_.substr(start, at_ - start));
  }

  // Up to `end`, which is left; references resolved.
  std::string text_until(char end) {
    std::string text;
    while (at_ < page_.size() && page_[at_] != end) {
      if (page_[at_] == '<') {
        fail("bare '<'");
        break;
      }
      if (page_[at_] != '&') {
        text += page_[at_++];
        continue;
      }
      const auto* reference = std::ranges::find_if(
          kReferences, [&](const auto& r) { return page_.substr(at_).starts_with(r.first); });
      if (reference == kReferences.end()) {
        fail("bare '&'");
        break;
      }
      text += reference->second;
      at_ += reference->first.size();
    }
    return text;
  }

  void read_text() {
    const std::string text = text_until('<');
    if (!open_.empty()) markup_.elements[open_.back()].text += text;
  }

  void read_attributes(Markup::Element& element) {
    for (skip_space(); at_ < page_.size() && page_[at_] != '>' && page_[at_] != '/'; skip_space()) {
      const std::string key = name();
      if (!take("=\"")) fail("attribute without quotes");
      const std::string value = text_until('"');
      if (!take("\"")) fail("attribute without end");
      if (!element.attributes.emplace(key, value).second) fail("attribute twice");
      if (!markup_.problem.empty()) return;
    }
  }

  void read_start() {
    ++at_;
    Markup::Element element{.name = name(), .attributes = {}, .text = {}};
    read_attributes(element);
    const bool closed = take("/");
    if (!take(">")) fail("tag without end");
    if (!markup_.problem.empty()) return;
    markup_.elements.push_back(element);
    if (element.name == "style") {
      // Style sheets are no markup: they end at their end tag only.
      const std::size_t end = page_.find("</style>", at_);
      at_ = std::min(end, page_.size());
    }
    if (!closed && std::ranges::find(kVoidElements, element.name) == kVoidElements.end()) {
      open_.push_back(markup_.elements.size() - 1);
    }
  }

  void read_end() {
    at_ += 2;
    const std::string closing = name();
    if (!take(">")) fail("end tag without end");
    if (open_.empty() || markup_.elements[open_.back()].name != closing) {
      fail("'" + closing + "' closes nothing");
      return;
    }
    open_.pop_back();
  }

  std::string_view page_;
  std::size_t at_ = 0;
  Markup markup_;
  std::vector<std::size_t> open_;  ///< indices of elements
};

}  // namespace

Markup read_markup(std::string_view page) { return Reader(page).read(); }

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a page consists of, read strictly: every element closed by its own tag, every attribute
/// quoted, no bare '<' or '&'. Enough of HTML and SVG for pages that a program writes.
struct Markup {
  struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::string text;  ///< directly in it, references resolved
  };

  std::vector<Element> elements;  ///< in order of their start
  std::string problem;            ///< the first one; empty if well-formed

  [[nodiscard]] std::vector<Element> all(std::string_view name) const {
    std::vector<Element> found;
    for (const Element& element : elements) {
      if (element.name == name) found.push_back(element);
    }
    return found;
  }

  /// Elements of that class.
  [[nodiscard]] std::vector<Element> of_class(std::string_view css) const {
    std::vector<Element> found;
    for (const Element& element : elements) {
      const auto value = element.attributes.find("class");
      if (value == element.attributes.end()) continue;
      const std::string padded = " " + value->second + " ";
      if (padded.find(" " + std::string(css) + " ") != std::string::npos) found.push_back(element);
    }
    return found;
  }
};

Markup read_markup(std::string_view page);

#include "remotemedia/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <vector>

namespace remotemedia {
namespace {

// Longer names come only from hostile input; comparing them would cost quadratic time.
constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxListed = 30;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substitution = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substitution});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> known) {
  if (name.empty() || name.size() > kMaxNameLength) return {};
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
  if (const std::string best = nearest(name, known); !best.empty()) {
    return "did you mean '" + best + "'?";
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(known.size(), kMaxListed); ++i) {
    list += (i == 0 ? "known: " : ", ") + known[i];
  }
  if (known.size() > kMaxListed) list += ", ...";
  return list;
}

}  // namespace remotemedia

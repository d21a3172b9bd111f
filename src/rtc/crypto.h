#pragma once

#include "rtc/bytes.h"

#include <array>
#include <string>
#include <string_view>

namespace remotemedia::rtc {

/// From the system's generator for keys. Throws a configuration error if that has none to give.
void fill_random(std::span<std::uint8_t> bytes);
std::uint32_t random_u32();
/// `length` characters of [A-Za-z0-9+/], six random bits each.
std::string random_text(std::size_t length);

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

Sha1 hmac_sha1(std::string_view key, Bytes first, Bytes second);
/// Takes the same time wherever the two differ.
bool same_secret(Bytes a, Bytes b);
std::uint32_t crc32(Bytes bytes);

}  // namespace remotemedia::rtc

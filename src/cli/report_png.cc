// PNG (ISO/IEC 15948): signature, then chunks of length, type, data and CRC. The pixels are a zlib
// stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4), as no compressor is at hand.

#include "cli/report_png.h"

#include <algorithm>
#include <string_view>

namespace remotemedia::cli::report {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) * 0xEDB88320U);
    table[i] = value;
  }
  return table;
}();

std::uint8_t byte_of(std::uint32_t value, unsigned index) {
  return static_cast<std::uint8_t>(value >> (8U * index));
}

void append(std::string& out, std::uint32_t big_endian) {
  for (unsigned i = 4; i-- > 0;) out += static_cast<char>(byte_of(big_endian, i));
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  out += type;
  out += data;
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : std::string_view(out).substr(start)) {
    crc = kCrcTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xFFU] ^ (crc >> 8U);
  }
  append(out, ~crc);
}

std::string header(std::size_t width, std::size_t height) {
  std::string data;
  append(data, static_cast<std::uint32_t>(width));
  append(data, static_cast<std::uint32_t>(height));
  data += {8, 3, 0, 0, 0};  // bits, palette, deflate, filters, not interlaced
  return data;
}

// Each row begins with its filter: none.
std::string rows(std::size_t width, std::span<const std::uint8_t> pixels) {
  std::string data;
  for (std::size_t row = 0; row * width < pixels.size(); ++row) {
    data += '\0';
    for (const std::uint8_t pixel : pixels.subspan(row * width, width)) {
      data += static_cast<char>(pixel);
    }
  }
  return data;
}

std::string zlib_stream(std::string_view data) {
  constexpr std::size_t kMaxBlock = 65'535;
  std::string out{'\x78', '\x01'};
  std::uint32_t a = 1;  // Adler-32
  std::uint32_t b = 0;
  for (const char c : data) {
    a = (a + static_cast<std::uint8_t>(c)) % 65'521U;
    b = (b + a) % 65'521U;
  }
  do {
    const std::string_view block = data.substr(0, kMaxBlock);
    data.remove_prefix(block.size());
    const auto size = static_cast<std::uint32_t>(block.size());
    out += static_cast<char>(data.empty() ? 1 : 0);  // last block?
    for (const std::uint32_t field : {size, ~size}) {
      out += static_cast<char>(byte_of(field, 0));
      out += static_cast<char>(byte_of(field, 1));
    }
    out += block;
  } while (!data.empty());
  append(out, b << 16U | a);
  return out;
}

std::string base64(std::string_view data) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (i + k < data.size() ? static_cast<std::uint8_t>(data[i + k]) : 0U);
    }
    const std::size_t digits = std::min<std::size_t>(data.size() - i, 3) + 1;
    for (unsigned k = 0; k < 4; ++k) {
      text += k < digits ? kDigits[bits >> (18U - 6U * k) & 0x3FU] : '=';
    }
  }
  return text;
}

}  // namespace

std::string png_url(std::size_t width, std::span<const std::uint8_t> pixels,
                    std::span<const Color> palette) {
  std::string colors;
  std::string opacities;
  for (const Color& color : palette) {
    for (std::size_t i = 0; i < 3; ++i) colors += static_cast<char>(color[i]);
    opacities += static_cast<char>(color[3]);
  }
  std::string png = "\x89PNG\r\n\x1A\n";
  append_chunk(png, "IHDR", header(width, pixels.size() / width));
  append_chunk(png, "PLTE", colors);
  append_chunk(png, "tRNS", opacities);
  append_chunk(png, "IDAT", zlib_stream(rows(width, pixels)));
  append_chunk(png, "IEND", {});
  return "data:image/png;base64," + base64(png);
}

}  // namespace remotemedia::cli::report

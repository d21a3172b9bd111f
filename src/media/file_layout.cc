#include "media/file_layout.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>

namespace remotemedia::media {
namespace {

/// Bounds the walk over a file whose chunk sizes are nonsense.
constexpr int kMaxChunks = 10'000;

/// Random access to the bytes of a file; what lies behind its end reads as zeros.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& path) : file_(path, std::ios::binary) {
    file_.seekg(0, std::ios::end);
    size_ = file_ ? static_cast<std::uint64_t>(file_.tellg()) : 0;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  std::string text(std::uint64_t offset, std::size_t length) {
    std::string result(length, '\0');
    if (offset >= size_) return result;
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(result.data(), static_cast<std::streamsize>(length));
    return result;
  }
  std::uint64_t little(std::uint64_t offset, std::size_t length) {
    const std::string bytes = text(offset, length);
    std::uint64_t value = 0;
    for (std::size_t i = length; i-- > 0;)
      value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
    return value;
  }
  std::uint64_t big(std::uint64_t offset, std::size_t length) {
    std::uint64_t value = 0;
    for (const char byte : text(offset, length))
      value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::uint64_t number(std::uint64_t offset, std::size_t length, bool big_endian) {
    return big_endian ? big(offset, length) : little(offset, length);
  }

 private:
  std::ifstream file_;
  std::uint64_t size_ = 0;
};

/// Sizes that may stand for "until the end": 0, all ones (also less a header), and sox's
/// 0x7FFFF000.
bool is_open(std::uint64_t size) {
  return size == 0 || (size >= 0x7FFFF000U && size <= 0x7FFFFFFFU) ||
         (size >= 0xFFFFFF00U && size <= 0xFFFFFFFFU) || size == ~std::uint64_t{0};
}

FileLayout promise(std::uint64_t offset, std::uint64_t size) {
  return {.offset = offset, .bytes = is_open(size) ? 0 : size};
}

/// RIFF: after a header of 12 bytes come chunks of an id, a 32-bit size, and the data, padded to
/// even. RF64 has the 64-bit size of the data in a chunk "ds64".
FileLayout riff(Bytes& file, bool big_endian) {
  constexpr std::uint64_t kInDs64 = 0xFFFFFFFFU;
  const bool whole_fits = file.number(4, 4, big_endian) + 8 == file.size();
  std::uint64_t large_size = 0;
  std::uint64_t offset = 12;
  for (int i = 0; i < kMaxChunks && offset + 8 <= file.size(); ++i) {
    const std::string id = file.text(offset, 4);
    const std::uint64_t size = file.number(offset + 4, 4, big_endian);
    const std::uint64_t data = offset + 8;
    if (id == "data" && size == kInDs64 && large_size > 0) return promise(data, large_size);
    if (id == "data") {
      const bool open = is_open(size) && !whole_fits;
      return {.offset = data,
              .bytes = open ? 0 : size,
              .open_size_at = open && data < file.size() ? offset + 4 : 0,
              .big_endian = big_endian};
    }
    if (id == "ds64") large_size = file.little(data + 8, 8);
    offset = data + size + size % 2;
  }
  return {};
}

/// AIFF: like RIFF, big-endian; the sound chunk begins with 8 bytes of its own.
FileLayout aiff(Bytes& file) {
  std::uint64_t offset = 12;
  for (int i = 0; i < kMaxChunks && offset + 8 <= file.size(); ++i) {
    const std::uint64_t size = file.big(offset + 4, 4);
    if (file.text(offset, 4) == "SSND") {
      return promise(offset + 16, is_open(size) || size < 8 ? 0 : size - 8);
    }
    offset += 8 + size + size % 2;
  }
  return {};
}

/// W64: GUIDs of 16 bytes for ids, which begin with four letters, and 64-bit sizes that include
/// the 24 bytes of GUID and size; chunks are padded to 8 bytes.
FileLayout w64(Bytes& file) {
  constexpr std::uint64_t kHeader = 24;
  std::uint64_t offset = kHeader + 16;
  for (int i = 0; i < kMaxChunks && offset + kHeader <= file.size(); ++i) {
    const std::uint64_t size = file.little(offset + 16, 8);
    if (size < kHeader || size > ~std::uint64_t{0} / 2) return {};
    if (file.text(offset, 4) == "data") return promise(offset + kHeader, size - kHeader);
    offset += (size + 7) / 8 * 8;
  }
  return {};
}

/// Where the tags at the end of MPEG audio begin: an ID3v1 tag of 128 bytes, which begins with
/// "TAG", and before it an APE tag, which ends with a footer of 32 bytes that has the size of the
/// rest.
std::uint64_t trailing_tags(Bytes& file) {
  constexpr std::uint64_t kId3 = 128;
  constexpr std::uint64_t kFooter = 32;
  std::uint64_t end = file.size();
  if (end >= kId3 && file.text(end - kId3, 3) == "TAG") end -= kId3;
  if (end >= kFooter && file.text(end - kFooter, 8) == "APETAGEX") {
    const bool has_header = (file.little(end - 12, 4) & 0x80000000U) != 0;
    const std::uint64_t size = file.little(end - 20, 4) + (has_header ? kFooter : 0);
    end -= std::min(end, size);
  }
  return end < file.size() ? end : 0;
}

/// Bytes of an ID3v2 tag at the beginning, 0 if there is none. Its size is 4 times 7 bits.
std::uint64_t leading_tag(Bytes& file) {
  if (file.text(0, 3) != "ID3") return 0;
  std::uint64_t size = 0;
  for (std::uint64_t i = 6; i < 10; ++i) size = size << 7U | (file.big(i, 1) & 0x7FU);
  return 10 + size;
}

/// MPEG audio: the first frame may hold a Xing or Info header with the numbers of frames and bytes
/// of the whole stream, that frame included, in place of audio. It lies after the frame's header
/// and side information.
FileLayout mpeg(Bytes& file) {
  FileLayout layout = {
      .offset = leading_tag(file), .may_be_mpeg = true, .tags_at = trailing_tags(file)};
  const std::uint64_t offset = layout.offset;
  const std::uint64_t header = file.big(offset, 4);
  if ((header & 0xFFE00000U) != 0xFFE00000U) return layout;
  const bool version_1 = (header >> 19U & 3U) == 3U;
  const bool one_channel = (header >> 6U & 3U) == 3U;
  const std::uint64_t side = version_1 ? (one_channel ? 17U : 32U) : (one_channel ? 9U : 17U);
  const std::uint64_t tag = offset + 4 + side;
  const std::string id = file.text(tag, 4);
  if (id != "Xing" && id != "Info") return layout;
  const std::uint64_t flags = file.big(tag + 4, 4);
  constexpr std::uint64_t kFrames = 1;
  constexpr std::uint64_t kBytes = 2;
  if ((flags & kBytes) != 0) layout.bytes = file.big(tag + 8 + ((flags & kFrames) != 0 ? 4 : 0), 4);
  return layout;
}

/// Ogg says nothing about the whole, but each page has its size: a header of 27 bytes, a list of
/// segment sizes, the segments. A file that was cut almost surely ends within a page.
FileLayout ogg_last_page(Bytes& file) {
  constexpr std::uint64_t kHeader = 27;
  constexpr std::uint64_t kMaxPage = kHeader + 255 + std::uint64_t{255} * 255;
  const std::uint64_t begin = file.size() - std::min(file.size(), kMaxPage);
  const std::string tail = file.text(begin, static_cast<std::size_t>(file.size() - begin));
  const std::size_t page = tail.rfind(std::string("OggS\0", 5));
  if (page == std::string::npos) return {};
  const std::uint64_t offset = begin + page;
  const std::uint64_t segments = file.little(offset + kHeader - 1, 1);
  std::uint64_t size = kHeader + segments;
  for (const char bytes : file.text(offset + kHeader, static_cast<std::size_t>(segments))) {
    size += static_cast<std::uint8_t>(bytes);
  }
  const bool last = (file.little(offset + 5, 1) & 4U) != 0;
  return {.offset = offset, .bytes = size, .end_mark_missing = !last};
}

}  // namespace

FileLayout file_layout(const std::filesystem::path& path) {
  Bytes file(path);
  const std::string id = file.text(0, 4);
  if (id == "RIFF" || id == "RF64") return riff(file, false);
  if (id == "RIFX") return riff(file, true);
  if (id == "FORM") return aiff(file);
  if (id == "riff") return w64(file);
  if (id == ".snd") return promise(file.big(4, 4), file.big(8, 4));
  if (id == "dns.") return promise(file.little(4, 4), file.little(8, 4));
  if (id == "OggS") return ogg_last_page(file);
  if (id == "fLaC") return {};
  return mpeg(file);
}

}  // namespace remotemedia::media

#include "remotemedia/graph/recording.h"

#include "graph/packet_bytes.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace remotemedia {
namespace {

constexpr std::string_view kMagic = "RMREC\r\n\x1a";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kMaxContent = 1U << 20U;
constexpr std::size_t kHeadSize = 6;

enum Kind : std::uint8_t { info = 1, input, output, finish, end };

// CRC-32 of ISO 3309, as gzip and PNG have it: any change of up to 32 bits in a row is found.
constexpr std::array<std::uint32_t, 256> kRemainders = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? 0xedb88320U : 0U);
    }
    table[i] = remainder;
  }
  return table;
}();

std::uint32_t checksum(std::string_view bytes, std::uint32_t before) {
  std::uint32_t sum = ~before;
  for (const char c : bytes) {
    sum = kRemainders[(sum ^ static_cast<unsigned char>(c)) & 0xffU] ^ (sum >> 8U);
  }
  return ~sum;
}

std::string bytes_of(std::uint32_t number) {
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

std::uint32_t number_of(std::string_view bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

std::string file_head() { return std::string(kMagic) + bytes_of(kFormatVersion); }

}  // namespace

RecordingWriter::RecordingWriter(const RecordingInfo& about, Sink sink)
    : sink_(std::move(sink)), checksum_(checksum(file_head(), 0)) {
  sink_(file_head());
  bytes_.clear();
  append_value(Object{{"library", about.library},
                      {"simd", about.simd},
                      {"outputs", Value::Array(about.outputs.begin(), about.outputs.end())},
                      {"manifest", about.manifest}},
               bytes_);
  add_event(Kind::info, bytes_);
}

void RecordingWriter::input(const Packet& packet) {
  bytes_.clear();
  append_packet(packet, bytes_);
  add_event(Kind::input, bytes_);
}

void RecordingWriter::output(std::size_t output, const Packet& packet) {
  bytes_ = bytes_of(static_cast<std::uint32_t>(output));
  append_packet(packet, bytes_);
  add_event(Kind::output, bytes_);
}

void RecordingWriter::finish() { add_event(Kind::finish, {}); }

void RecordingWriter::close() { add_event(Kind::end, {}); }

void RecordingWriter::add_event(std::uint8_t kind, std::string_view content) {
  while (content.size() > kMaxContent) {
    add_record(kind, true, content.substr(0, kMaxContent));
    content.remove_prefix(kMaxContent);
  }
  add_record(kind, false, content);
}

void RecordingWriter::add_record(std::uint8_t kind, bool continues, std::string_view content) {
  record_.assign(1, static_cast<char>(kind));
  record_ += continues ? '\1' : '\0';
  record_ += bytes_of(static_cast<std::uint32_t>(content.size()));
  record_ += content;
  checksum_ = checksum(record_, checksum_);
  record_ += bytes_of(checksum_);
  sink_(record_);
}

RecordingReader::RecordingReader(Source source, std::string name)
    : source_(std::move(source)), name_(std::move(name)), checksum_(0) {
  std::string head(file_head().size(), '\0');
  head.resize(source_(head.data(), head.size()));
  position_ = head.size();
  if (!head.starts_with(kMagic)) {
    refuse(name_, "another kind of file", "a recording",
           "remotemedia run GRAPH -i FILE --record FILE.rmrec makes one");
  }
  if (head.size() < file_head().size()) fail("cut off");
  const std::uint32_t version = number_of(std::string_view(head).substr(kMagic.size()));
  if (version != kFormatVersion) {
    refuse(name_, "of format version " + std::to_string(version), std::to_string(kFormatVersion),
           "replay it with the version that recorded it");
  }
  checksum_ = checksum(head, 0);
  read_info();
}

void RecordingReader::fail(std::string_view problem) const {
  refuse(name_, std::string(problem) + " at byte " + std::to_string(position_), "a whole recording",
         "record it again");
}

std::string RecordingReader::take(std::size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(source_(bytes.data(), size));
  if (bytes.size() < size) fail("cut off");
  position_ += size;
  return bytes;
}

std::uint8_t RecordingReader::next_record(bool& continues) {
  const std::string head = take(kHeadSize);
  const auto kind = static_cast<std::uint8_t>(head[0]);
  const std::uint32_t size = number_of(std::string_view(head).substr(2));
  // Before the checksum, as it bounds what is read to check it.
  if (size > kMaxContent) fail("damaged");
  const std::string content = take(size);
  checksum_ = checksum(content, checksum(head, checksum_));
  if (number_of(take(sizeof(checksum_))) != checksum_) fail("damaged");
  continues = head[1] != '\0';
  content_ += content;
  return kind;
}

std::uint8_t RecordingReader::next_event() {
  content_.clear();
  bool continues = false;
  kind_ = next_record(continues);
  while (continues) {
    if (next_record(continues) != kind_) fail("damaged");
  }
  return kind_;
}

void RecordingReader::read_info() {
  const bool is_info = next_event() == Kind::info;
  const std::optional<Value> value = is_info ? value_of(content_) : std::nullopt;
  const Object* object = value ? value->as_object() : nullptr;
  if (object == nullptr) fail("damaged");
  const auto member = [&](const char* name) {
    const Value* found = object->find(name);
    if (found == nullptr) fail("damaged");
    return *found;
  };
  const auto text = [&](const Value& of) {
    if (of.as_string() == nullptr) fail("damaged");
    return std::string(*of.as_string());
  };
  info_.library = text(member("library"));
  info_.simd = text(member("simd"));
  info_.manifest = member("manifest");
  const Value outputs = member("outputs");
  if (outputs.as_array() == nullptr) fail("damaged");
  for (const Value& id : *outputs.as_array()) info_.outputs.push_back(text(id));
}

bool RecordingReader::advance_to(std::uint8_t one, std::uint8_t other) {
  while (!at_end_) {
    const std::uint8_t kind = next_event();
    if (kind == Kind::end) {
      char more = 0;
      if (!content_.empty() || source_(&more, 1) != 0) fail("damaged");
      at_end_ = true;
    } else if (kind != Kind::input && kind != Kind::output && kind != Kind::finish) {
      fail("damaged");
    } else if (kind == one || kind == other) {
      return true;
    }
  }
  return false;
}

std::optional<RecordedInput> RecordingReader::next_input() {
  if (!advance_to(Kind::input, Kind::finish)) return std::nullopt;
  if (kind_ == Kind::finish) {
    if (!content_.empty()) fail("damaged");
    return RecordedInput{.is_finish = true, .packet = {}};
  }
  std::optional<Packet> packet = packet_of(content_);
  if (!packet) fail("damaged");
  return RecordedInput{.is_finish = false, .packet = std::move(*packet)};
}

std::optional<RecordedOutput> RecordingReader::next_output() {
  if (!advance_to(Kind::output, Kind::output)) return std::nullopt;
  const std::string_view bytes = content_;
  if (bytes.size() < sizeof(std::uint32_t)) fail("damaged");
  const std::size_t index = number_of(bytes);
  std::optional<Packet> packet = packet_of(bytes.substr(sizeof(std::uint32_t)));
  if (!packet || index >= info_.outputs.size()) fail("damaged");
  return RecordedOutput{.output = index, .packet = std::move(*packet)};
}

}  // namespace remotemedia

#pragma once

#include "remotemedia/base/packet.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {

/// What a recording says of itself: what it takes to run it again, and to explain a difference.
struct RecordingInfo {
  std::string library;               ///< version of the library that recorded
  std::string simd;                  ///< name of its instruction set
  std::vector<std::string> outputs;  ///< node ids, in the order of Graph::outputs()
  Value manifest;                    ///< as manifest_to_value() gives it
};

/// Keeps a session: the packets that were pushed, bit for bit with their envelopes, and those that
/// came out. The recording is a stream of records of at most 1 MiB, each with a checksum that goes
/// on from the record before it, so that memory is bounded by the largest packet, and a byte that
/// changes, a record that is missing, moved or added, and an end that is cut off are found.
///
/// Layout, little-endian: "RMREC\r\n\x1a", version (u32); then records of kind (u8), whether the
/// next record continues this one (u8), length (u32), content, CRC-32 (u32) of all that stands
/// before it.
class RecordingWriter {
 public:
  /// Gets the bytes of the recording in their order.
  using Sink = std::function<void(std::string_view)>;

  RecordingWriter(const RecordingInfo& info, Sink sink);
  /// A packet that is about to be pushed. Type error if it holds an object of an embedding
  /// language; configuration error if values or lists are nested deeper than 100.
  void input(const Packet& packet);
  /// A result; `output` is its index in RecordingInfo::outputs.
  void output(std::size_t output, const Packet& packet);
  /// The end of the input, about to be given.
  void finish();
  /// Nothing follows.
  void close();

 private:
  void add_event(std::uint8_t kind, std::string_view content);
  void add_record(std::uint8_t kind, bool continues, std::string_view content);

  Sink sink_;
  std::string bytes_;       ///< of the packet that is being written
  std::string record_;      ///< that is being written
  std::uint32_t checksum_;  ///< of all that has been written
};

struct RecordedInput {
  bool is_finish = false;  ///< the end of the input; no packet then
  Packet packet;
};

struct RecordedOutput {
  std::size_t output = 0;
  Packet packet;
};

/// Reads a recording in constant memory. Bytes are not trusted: whatever is damaged, cut off, of
/// another kind or of a later version is a configuration error that says where.
class RecordingReader {
 public:
  /// Fills at most `size` bytes and says how many; 0 at the end.
  using Source = std::function<std::size_t(char* data, std::size_t size)>;

  /// `name` is what errors call the recording.
  RecordingReader(Source source, std::string name);
  [[nodiscard]] const RecordingInfo& info() const { return info_; }
  /// The next input, past the outputs before it; nothing at the end.
  [[nodiscard]] std::optional<RecordedInput> next_input();
  /// The next output, past the inputs before it; nothing at the end.
  [[nodiscard]] std::optional<RecordedOutput> next_output();

 private:
  [[noreturn]] void fail(std::string_view problem) const;
  std::string take(std::size_t size);
  void read_info();
  /// Content and kind of the next event.
  std::uint8_t next_event();
  std::uint8_t next_record(bool& continues);
  /// Goes on to an event of one of two kinds; false at the end.
  bool advance_to(std::uint8_t one, std::uint8_t other);

  Source source_;
  std::string name_;
  RecordingInfo info_;
  std::string content_;         ///< of the last event
  std::uint8_t kind_ = 0;       ///< of the last event
  std::uint64_t position_ = 0;  ///< bytes read
  std::uint32_t checksum_;      ///< of them, without the checksums
  bool at_end_ = false;
};

/// Where two packets differ.
struct PacketDifference {
  std::string field;  ///< "samples", "frames", "metadata.speech_segments", "timestamp_ns", ...
  std::optional<std::uint64_t> frame;  ///< of a sample
  std::optional<int> channel;          ///< of a sample
  Value recorded;                      ///< null where only the other one has it
  Value replayed;
};

/// The first difference in bits: of the kind of payload, the payload, the metadata and
/// the rest of the envelope, in this order. Samples are compared frame by frame.
std::optional<PacketDifference> first_difference(const Packet& recorded, const Packet& replayed);

}  // namespace remotemedia

#include "media/file_layout.h"
#include "media/input_file.h"
#include "media/sound_file.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/files.h"
#include "remotemedia/base/log.h"
#include "remotemedia/media/audio_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace remotemedia::media {
namespace {

namespace fs = std::filesystem;

/// Frames per call of libsndfile: bounds the interleaved copy, amortizes the call.
constexpr std::size_t kBlock = 4096;
/// Most frames of audio in a frame of MPEG audio.
constexpr std::size_t kMpegFrame = 1152;
constexpr std::uint64_t kMaxMpegFrameBytes = 2881;
/// read_audio: frames per step, and frames it allocates on the word of a header.
constexpr std::size_t kWholeFileBlock = 65'536;
constexpr std::uint64_t kTrustedFrames = 1U << 22U;

/// The path, if it names a file that can be read.
const fs::path& checked(const fs::path& path) {
  if (has_nul(path)) fail_reading(path.c_str(), kNulProblem, "check the path");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    fail_reading(path, "there is no such file", "check the path and the current folder");
  }
  if (error) fail_reading(path, error.message());
  if (fs::is_directory(status)) fail_reading(path, "it is a folder", "give the path of a file");
  if (!fs::is_regular_file(status)) {
    fail_reading(path, "it is no regular file", "write the audio to a file first");
  }
  if (fs::file_size(path, error) == 0 && !error) fail_reading(path, "the file is empty");
  return path;
}

/// Lets libsndfile read to the end what its own reading of the header would cut short.
void help_with_length(const fs::path& path, InputFile& input, const FileLayout& layout) {
  input.hide_end(layout.may_be_mpeg);
  if (layout.tags_at > 0) input.set_end(layout.tags_at);
  if (layout.open_size_at == 0) return;
  const std::uint64_t rest = input.size() - layout.offset;
  if (rest > 0xFFFFFFFFU) {
    fail_reading(path, "its header leaves the length open, and it holds more than 4 GiB",
                 "convert it to .flac or .w64");
  }
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(rest >> shift & 0xFFU);
  if (layout.big_endian) std::reverse(bytes.begin(), bytes.end());
  input.set_patch({static_cast<std::int64_t>(layout.open_size_at), bytes});
}

SoundFile open(const fs::path& path, InputFile& input, bool may_be_mpeg, SF_INFO& raw) {
  SoundFile file(input.open_sound(raw));
  if (file == nullptr && may_be_mpeg && input.error_number() == 0) {
    // Later libraries count the frames of MPEG audio that does not tell them, and need the end.
    input.hide_end(false);
    raw = {};
    file.reset(input.open_sound(raw));
  }
  if (file != nullptr) return file;
  if (input.error_number() != 0) fail_reading(path, system_message(input.error_number()));
  // What libsndfile gives for an .mp3 without MPEG audio; its text speaks of a missing file.
  constexpr int kBadFile = 7;
  const int code = sf_error(nullptr);
  const std::string hint = fmt::format("known kinds: {}", kReadableKinds);
  if (code == SF_ERR_UNRECOGNISED_FORMAT || code == kBadFile) {
    fail_reading(path, "it holds no audio that can be read", hint);
  }
  fail_reading(path, fmt::format("its header is damaged or cut off: {}", sf_strerror(nullptr)),
               hint);
}

AudioFileInfo checked_info(const fs::path& path, const SF_INFO& raw) {
  AudioFileInfo info;
  info.rate = raw.samplerate;
  info.channels = raw.channels;
  info.container = container_name(raw.format);
  info.codec = codec_name(raw.format);
  if (info.container.empty()) {
    fail_reading(path, "its container is not supported",
                 fmt::format("known kinds: {}", kReadableKinds));
  }
  if (raw.channels < 1 || raw.channels > kMaxChannels) {
    fail_reading(
        path, fmt::format("it has {} channels, 1..{} are supported", raw.channels, kMaxChannels));
  }
  if (raw.samplerate < kMinRate || raw.samplerate > kMaxRate) {
    fail_reading(path, fmt::format("its sample rate is {} Hz, {}..{} Hz are supported",
                                   raw.samplerate, kMinRate, kMaxRate));
  }
  // libsndfile writes the largest number where the container does not say.
  const bool known = raw.frames > 0 && raw.frames < std::numeric_limits<sf_count_t>::max() / 2;
  info.frames = known ? static_cast<std::uint64_t>(raw.frames) : 0;
  return info;
}

/// The first `frames` frames of `audio` in memory for `room` frames.
AudioBuffer with_room(const AudioBuffer& audio, std::size_t frames, std::size_t room) {
  AudioBuffer result =
      AudioBuffer::allocate_unset(audio.format(), audio.channels(), room, audio.rate());
  for (int c = 0; c < audio.channels(); ++c) {
    const std::span<const float> source = audio.channel<float>(c).first(frames);
    std::copy(source.begin(), source.end(), result.mutable_channel<float>(c).begin());
  }
  return result;
}

}  // namespace

class AudioReader::Impl {
 public:
  explicit Impl(const fs::path& path) : path_(path), input_(checked(path)) {
    const FileLayout layout = file_layout(path);
    help_with_length(path, input_, layout);
    SF_INFO raw = {};
    file_ = open(path, input_, layout.may_be_mpeg, raw);
    info_ = checked_info(path, raw);
    readable_ = info_.frames;
    is_mpeg_ = info_.container == "mp3";
    compare_with_promise(layout, raw.format);
    warn(layout);
    interleaved_.resize(kBlock * static_cast<std::size_t>(info_.channels));
  }

  [[nodiscard]] const AudioFileInfo& info() const { return info_; }

  AudioBuffer read(std::size_t frames) {
    // A length that libsndfile knows is the size of the last block; otherwise that is found by
    // trying.
    const std::size_t room =
        readable_ > 0
            ? static_cast<std::size_t>(std::min<std::uint64_t>(frames, readable_ - position_))
            : frames;
    AudioBuffer buffer =
        AudioBuffer::allocate_unset(SampleFormat::f32, info_.channels, room, info_.rate);
    std::size_t done = 0;
    while (done < room) {
      // A call for MPEG audio that meets damage gives nothing of what came before it.
      const std::size_t wanted = std::min(is_mpeg_ ? kMpegFrame : kBlock, room - done);
      const std::size_t got = read_block(buffer, done, wanted);
      done += got;
      position_ += got;
      if (got < wanted) break;
    }
    if (done < frames) check_end();
    return done == room ? buffer : with_room(buffer, done, done);
  }

 private:
  std::size_t read_block(AudioBuffer& buffer, std::size_t offset, std::size_t frames) {
    const sf_count_t got =
        sf_readf_float(file_.get(), interleaved_.data(), static_cast<sf_count_t>(frames));
    const auto count = static_cast<std::size_t>(std::max<sf_count_t>(got, 0));
    const auto channels = static_cast<std::size_t>(info_.channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const std::span<float> out = buffer.mutable_channel<float>(static_cast<int>(c));
      for (std::size_t i = 0; i < count; ++i) out[offset + i] = interleaved_[i * channels + c];
    }
    return count;
  }

  /// Called where the data end: is this the end that was promised?
  void check_end() const {
    if (sf_error(file_.get()) != SF_ERR_NO_ERROR) {
      // Of MPEG audio libsndfile only says that something failed inside.
      const std::string cause = is_mpeg_ ? "" : fmt::format(": {}", sf_strerror(file_.get()));
      fail_reading(path_,
                   fmt::format("it is truncated or damaged at frame {}{}{}", position_,
                               of_known_frames(), cause),
                   "get a complete copy of the file");
    }
    // A header of MPEG audio counts whole MPEG frames, and not all encoders count the same.
    const std::uint64_t slack = is_mpeg_ ? 2 * kMpegFrame : 0;
    if (!truncated_ && position_ + slack >= info_.frames) return;
    fail_reading(path_, fmt::format("it is truncated at frame {}{}", position_, of_known_frames()),
                 "get a complete copy of the file");
  }

  [[nodiscard]] std::string of_known_frames() const {
    return info_.frames > 0 ? fmt::format(" of {}", info_.frames) : "";
  }

  /// Finds out whether the file holds less than its header says, and how many frames that would be.
  void compare_with_promise(const FileLayout& layout, int format) {
    if (layout.bytes == 0) return;
    // A file may end before its audio begins.
    const std::uint64_t present = input_.size() - std::min(input_.size(), layout.offset);
    truncated_ = present < layout.bytes;
    if (!truncated_ || is_mpeg_) return;
    const std::uint64_t frame_bytes =
        std::uint64_t{bytes_per_coded_sample(format)} * static_cast<std::uint64_t>(info_.channels);
    if (frame_bytes > 0) {
      info_.frames = layout.bytes / frame_bytes;
      truncated_ = present / frame_bytes < info_.frames;
    }
  }

  /// Of what is no error, but may be a loss.
  void warn(const FileLayout& layout) const {
    if (layout.end_mark_missing && !truncated_) {
      log(LogLevel::warning,
          fmt::format("'{}' has no mark at its end, it may have been cut off", path_.string()));
    }
    if (is_mpeg_ && layout.bytes > 0 &&
        input_.size() > layout.offset + layout.bytes + kMaxMpegFrameBytes) {
      log(LogLevel::warning,
          fmt::format("'{}' goes on after the {} frames that its header tells, which are all that "
                      "is read",
                      path_.string(), info_.frames));
    }
  }

  fs::path path_;
  InputFile input_;  // before file_, which reads from it
  SoundFile file_;
  AudioFileInfo info_;
  bool is_mpeg_ = false;
  bool truncated_ = false;
  std::uint64_t readable_ = 0;  // as libsndfile counts, which is less if truncated
  std::uint64_t position_ = 0;
  std::vector<float> interleaved_;
};

AudioReader::AudioReader(const fs::path& path) : impl_(std::make_unique<Impl>(path)) {}
AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;

const AudioFileInfo& AudioReader::info() const { return impl_->info(); }
AudioBuffer AudioReader::read(std::size_t frames) { return impl_->read(frames); }

AudioBuffer read_audio(const fs::path& path) {
  AudioReader reader(path);
  const AudioFileInfo& info = reader.info();
  // The header may promise far more than there is, so its word alone does not allocate gigabytes.
  std::uint64_t room = std::min<std::uint64_t>(info.frames, kTrustedFrames);
  AudioBuffer audio =
      AudioBuffer::allocate_unset(SampleFormat::f32, info.channels, room, info.rate);
  std::size_t frames = 0;
  while (true) {
    const AudioBuffer block = reader.read(kWholeFileBlock);
    if (block.empty()) break;
    if (frames + block.frames() > room) {
      room = std::max<std::uint64_t>(2 * room, frames + block.frames());
      if (info.frames >= frames + block.frames()) room = std::min(room, info.frames);
      audio = with_room(audio, frames, room);
    }
    for (int c = 0; c < info.channels; ++c) {
      const std::span<const float> source = block.channel<float>(c);
      std::copy(source.begin(), source.end(),
                audio.mutable_channel<float>(c).subspan(frames).begin());
    }
    frames += block.frames();
  }
  return frames == room ? audio : with_room(audio, frames, frames);
}

}  // namespace remotemedia::media

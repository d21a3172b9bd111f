#include "media/audio_kinds.h"
#include "media/pending_file.h"
#include "media/sound_file.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/files.h"
#include "remotemedia/media/audio_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia::media {
namespace {

/// Frames per call of libsndfile, whatever the blocks that come: libvorbis puts a call's frames on
/// the stack, and encodes the same audio differently in other portions.
constexpr std::size_t kWriteBlock = 4096;
/// RIFF has 32-bit sizes; the rest is for the chunks before the data.
constexpr std::uint64_t kMaxWavBytes = 0xFFFFFFFFU - 4096U;

PendingFile& pending(void* user) { return *static_cast<PendingFile*>(user); }

SF_VIRTUAL_IO virtual_io() {
  SF_VIRTUAL_IO io = {};
  io.get_filelen = [](void* user) -> sf_count_t { return pending(user).size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
    return pending(user).seek(offset, whence);
  };
  io.read = [](void* data, sf_count_t size, void* user) -> sf_count_t {
    return static_cast<sf_count_t>(pending(user).read(data, static_cast<std::size_t>(size)));
  };
  io.write = [](const void* data, sf_count_t size, void* user) -> sf_count_t {
    pending(user).write(data, static_cast<std::size_t>(size));
    return size;
  };
  io.tell = [](void* user) -> sf_count_t { return pending(user).seek(0, SEEK_CUR); };
  return io;
}

template <typename Sample>
Sample keep(Sample sample) {
  return sample;
}

/// 24 bits, rounded and clamped, in the upper bits. NaN becomes 0.
std::int32_t to_int24(float sample) {
  constexpr double kScale = 8388608.0;
  if (std::isnan(sample)) return 0;
  const double value = std::clamp(static_cast<double>(sample) * kScale, -kScale, kScale - 1.0);
  return static_cast<std::int32_t>(std::nearbyint(value)) * 256;
}
std::int32_t to_int24(std::int32_t sample) {
  constexpr std::int64_t kMax = 8'388'607;
  const std::int64_t rounded = (std::int64_t{sample} + 128) >> 8;
  return static_cast<std::int32_t>(std::min(rounded, kMax) * 256);
}

/// Within [-1, 1]; encoders are not made for more, or for NaN, which becomes 0.
float to_clamped(float sample) {
  return std::isnan(sample) ? 0.0F : std::clamp(sample, -1.0F, 1.0F);
}
float to_clamped(std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; }
float to_clamped(std::int32_t sample) { return static_cast<float>(sample) / 2147483648.0F; }

sf_count_t put(SNDFILE* file, const float* data, sf_count_t frames) {
  return sf_writef_float(file, data, frames);
}
sf_count_t put(SNDFILE* file, const std::int16_t* data, sf_count_t frames) {
  return sf_writef_short(file, data, frames);
}
sf_count_t put(SNDFILE* file, const std::int32_t* data, sf_count_t frames) {
  return sf_writef_int(file, data, frames);
}

}  // namespace

class AudioWriter::Impl {
 public:
  Impl(const std::filesystem::path& path, int rate, int channels, SampleFormat format)
      : path_(path), rate_(rate), channels_(channels), format_(format) {
    check_rate("AudioWriter: rate", rate);
    check_channels("AudioWriter: channels", channels);
    const AudioKind& kind = require_audio_kind(path, rate, channels);
    can_be_empty_ = kind.can_be_empty;
    encoding_ = kind.encoding_for(format);
    if (kind.container == SF_FORMAT_WAV) max_bytes_ = kMaxWavBytes;
    pending_ = std::make_unique<PendingFile>(path);
    open(kind.format_for(format));
  }

  [[nodiscard]] std::uint64_t frames_written() const { return frames_written_; }

  void write(const AudioBuffer& audio) {
    check(audio);
    switch (format_) {
      case SampleFormat::f32:
        return write_as<float>(audio);
      case SampleFormat::i16:
        return write_as<std::int16_t>(audio);
      case SampleFormat::i32:
        return write_as<std::int32_t>(audio);
    }
  }

  void close() {
    if (pending_ == nullptr) return;
    if (frames_written_ == 0 && !can_be_empty_) {
      file_.reset();
      pending_.reset();
      fail_writing(path_, "no audio came, and this kind of file cannot be empty",
                   "write .wav or .ogg");
    }
    std::visit([this](const auto& block) { put_block(block); }, block_);
    const std::unique_ptr<PendingFile> pending = std::move(pending_);
    const int error = sf_close(file_.release());
    if (error != 0 && pending->error_number() == 0) fail_writing(path_, sf_error_number(error));
    pending->commit();
  }

 private:
  void open(int format) {
    SF_INFO info = {};
    info.samplerate = rate_;
    info.channels = channels_;
    info.format = format;
    SF_VIRTUAL_IO io = virtual_io();
    file_.reset(sf_open_virtual(&io, SFM_WRITE, &info, pending_.get()));
    if (file_ == nullptr) fail();
    // Its time stamp would make two files of the same audio differ.
    sf_command(file_.get(), SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
  }

  void check(const AudioBuffer& audio) const {
    if (pending_ == nullptr)
      refuse("AudioWriter::write", "called after close() or a failure", "an open file");
    if (audio.rate() != rate_)
      refuse("AudioWriter: rate", audio.rate(), fmt::format("{} Hz", rate_));
    if (audio.channels() != channels_) {
      refuse("AudioWriter: channels", audio.channels(), std::to_string(channels_));
    }
    if (audio.format() != format_) {
      refuse("AudioWriter: sample format", to_string(audio.format()), to_string(format_));
    }
    const std::uint64_t frames = frames_written_ + audio.frames();
    if (frames > max_bytes_ / (bytes_per_sample(format_) * static_cast<std::uint64_t>(channels_))) {
      fail_writing(path_, "a .wav file holds at most 4 GiB", "write .flac, or several files");
    }
  }

  template <typename Sample>
  void write_as(const AudioBuffer& audio) {
    if (encoding_ == Encoding::same) return write_blocks<Sample>(audio, keep<Sample>);
    if (encoding_ == Encoding::clamped) {
      return write_blocks<Sample>(audio, [](Sample sample) { return to_clamped(sample); });
    }
    if constexpr (!std::is_same_v<Sample, std::int16_t>) {
      write_blocks<Sample>(audio, [](Sample sample) { return to_int24(sample); });
    }
  }

  template <typename Sample, typename Convert>
  void write_blocks(const AudioBuffer& audio, Convert convert) {
    using Coded = decltype(convert(Sample{}));
    const auto channels = static_cast<std::size_t>(channels_);
    auto* block = std::get_if<std::vector<Coded>>(&block_);
    if (block == nullptr) block = &block_.template emplace<std::vector<Coded>>();
    block->resize(kWriteBlock * channels);
    for (std::size_t offset = 0; offset < audio.frames();) {
      const std::size_t count = std::min(kWriteBlock - waiting_, audio.frames() - offset);
      for (std::size_t c = 0; c < channels; ++c) {
        const std::span<const Sample> source =
            audio.channel<Sample>(static_cast<int>(c)).subspan(offset, count);
        Coded* target = block->data() + waiting_ * channels + c;
        for (std::size_t i = 0; i < count; ++i) target[i * channels] = convert(source[i]);
      }
      offset += count;
      waiting_ += count;
      frames_written_ += count;
      if (waiting_ == kWriteBlock) put_block(*block);
    }
  }

  template <typename Coded>
  void put_block(const std::vector<Coded>& block) {
    const auto frames = static_cast<sf_count_t>(std::exchange(waiting_, 0));
    if (frames == 0) return;
    if (put(file_.get(), block.data(), frames) != frames || pending_->error_number() != 0) fail();
  }

  /// Gives the file up, so that a later close() cannot complete a part of it.
  [[noreturn]] void fail() {
    const int number = pending_->error_number();
    const std::string problem = number != 0 ? system_message(number) : sf_strerror(file_.get());
    file_.reset();
    pending_.reset();
    fail_writing(path_, problem, number == ENOSPC || number == EDQUOT ? "free some space" : "");
  }

  std::filesystem::path path_;
  int rate_;
  int channels_;
  SampleFormat format_;
  bool can_be_empty_ = true;
  Encoding encoding_ = Encoding::same;
  std::uint64_t max_bytes_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t frames_written_ = 0;
  std::variant<std::vector<float>, std::vector<std::int16_t>, std::vector<std::int32_t>> block_;
  std::size_t waiting_ = 0;  // frames in block_
  // In this order: libsndfile still writes while it closes.
  std::unique_ptr<PendingFile> pending_;
  SoundFile file_;
};

AudioWriter::AudioWriter(const std::filesystem::path& path, int rate, int channels,
                         SampleFormat format)
    : impl_(std::make_unique<Impl>(path, rate, channels, format)) {}
AudioWriter::~AudioWriter() = default;
AudioWriter::AudioWriter(AudioWriter&&) noexcept = default;
AudioWriter& AudioWriter::operator=(AudioWriter&&) noexcept = default;

void AudioWriter::write(const AudioBuffer& audio) { impl_->write(audio); }
std::uint64_t AudioWriter::frames_written() const { return impl_->frames_written(); }
void AudioWriter::close() { impl_->close(); }

void check_output_path(const std::filesystem::path& path) {
  constexpr int kRateOfAllKinds = 48'000;
  require_audio_kind(path, kRateOfAllKinds, 1);
  const PendingFile probe(path);
}

void write_audio(const std::filesystem::path& path, const AudioBuffer& audio) {
  AudioWriter writer(path, audio.rate(), audio.channels(), audio.format());
  writer.write(audio);
  writer.close();
}

}  // namespace remotemedia::media

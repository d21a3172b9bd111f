#include "media/files.h"
#include "remotemedia/base/error.h"
#include "remotemedia/media/audio_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <limits>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utility>

namespace remotemedia::media {
namespace {

using test::TemporaryFolder;
using test::tones;
using testing::ElementsAre;
using testing::HasSubstr;

void expect_write_error(const std::function<void()>& action, const std::string& text) {
  try {
    action();
    FAIL() << "expected: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

template <typename Sample>
AudioBuffer mono(int rate, const std::vector<Sample>& samples) {
  AudioBuffer audio = AudioBuffer::allocate(sample_format_of<Sample>, 1, samples.size(), rate);
  std::copy(samples.begin(), samples.end(), audio.mutable_channel<Sample>(0).begin());
  return audio;
}

std::vector<float> first_channel(const AudioBuffer& audio) {
  const std::span<const float> samples = audio.channel<float>(0);
  return {samples.begin(), samples.end()};
}

/// The largest error in dB: over all for a kind that keeps the waveform, else of what is left when
/// the tones are taken out.
struct WrittenKind {
  const char* suffix;
  const char* container;
  const char* codec;
  bool keeps_waveform;
  double error_db;
  std::vector<int> rates;
  int max_channels;
};

const std::vector<int> kMp3Rates = {8'000, 11'025, 16'000, 22'050, 44'100, 48'000};

class EveryKind : public testing::TestWithParam<WrittenKind> {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& stem = "x") const {
    return folder_ / (stem + GetParam().suffix);
  }
  TemporaryFolder folder_;
};

void expect_sound(const AudioBuffer& back, const AudioBuffer& audio, const WrittenKind& kind) {
  if (kind.keeps_waveform) {
    EXPECT_LT(test::error_db(back, audio), kind.error_db);
    return;
  }
  for (int c = 0; c < back.channels(); ++c) {
    const test::ToneFit fit = test::fit_tone(back, c);
    EXPECT_NEAR(fit.level_db, 0.0, 1.0);
    EXPECT_NEAR(fit.delay, 0.0, 1.5);
    EXPECT_LT(fit.residual_db, kind.error_db);
  }
}

TEST_P(EveryKind, ComesBackWithItsLengthRateChannelsAndSound) {
  for (const int rate : GetParam().rates) {
    for (int channels : {1, 2, GetParam().max_channels}) {
      const AudioBuffer audio = tones(rate, channels, static_cast<std::size_t>(rate / 2) + 123);
      write_audio(path(), audio);
      SCOPED_TRACE(std::to_string(rate) + " Hz, " + std::to_string(channels) + " channels");
      const AudioFileInfo info = AudioReader(path()).info();
      EXPECT_EQ(info.container, GetParam().container);
      EXPECT_EQ(info.codec, GetParam().codec);
      const AudioBuffer back = read_audio(path());
      ASSERT_EQ(back.rate(), rate);
      ASSERT_EQ(back.channels(), channels);
      ASSERT_EQ(back.frames(), audio.frames());
      expect_sound(back, audio, GetParam());
    }
  }
}

TEST_P(EveryKind, KeepsTheLengthOfShortAudio) {
  const int rate = GetParam().rates.back();
  for (const std::size_t frames : {1U, 2U, 100U, 1'151U, 1'152U, 4'096U, 4'097U}) {
    write_audio(path(), tones(rate, 1, frames));
    EXPECT_EQ(read_audio(path()).frames(), frames);
  }
}

TEST_P(EveryKind, HoldsTheSameForAnyBlocks) {
  const int rate = GetParam().rates.front();
  const AudioBuffer audio = tones(rate, 2, 20'000);
  write_audio(path("whole"), audio);
  for (const std::size_t size : {1U, 777U, 4'096U, 10'001U}) {
    AudioWriter writer(path("blocks"), rate, 2, SampleFormat::f32);
    for (std::size_t i = 0; i < audio.frames(); i += size) writer.write(audio.slice(i, size));
    EXPECT_EQ(writer.frames_written(), 20'000U);
    writer.close();
    const AudioBuffer whole = read_audio(path("whole"));
    const AudioBuffer blocks = read_audio(path("blocks"));
    for (int c = 0; c < 2; ++c) {
      EXPECT_TRUE(std::ranges::equal(whole.channel<float>(c), blocks.channel<float>(c)));
    }
    // An ogg stream has a random number, so only its audio is the same.
    if (GetParam().container != std::string("ogg")) {
      EXPECT_EQ(test::bytes_of(path("whole")), test::bytes_of(path("blocks")));
    }
  }
}

TEST_P(EveryKind, TakesIntegersAsTheirFloatValue) {
  const int rate = GetParam().rates.front();
  std::vector<std::int16_t> x16;
  std::vector<std::int32_t> x32;
  for (const float v : first_channel(tones(rate, 1, 9'000))) {
    x16.push_back(static_cast<std::int16_t>(v * 32'768.0F));
    x32.push_back(static_cast<std::int32_t>(v * 2147483648.0));
  }
  const AudioBuffer expected = tones(rate, 1, 9'000);
  WrittenKind rounded = GetParam();
  rounded.error_db = std::max(rounded.error_db, -80.0);
  write_audio(path(), mono(rate, x16));
  expect_sound(read_audio(path()), expected, rounded);
  write_audio(path(), mono(rate, x32));
  expect_sound(read_audio(path()), expected, GetParam());
}

TEST_P(EveryKind, SurvivesValuesThatAreNotFiniteOrTooLoud) {
  const int rate = GetParam().rates.front();
  std::vector<float> x(5'000, 0.1F);
  x[1'000] = std::numeric_limits<float>::quiet_NaN();
  x[2'000] = std::numeric_limits<float>::infinity();
  x[3'000] = -1e30F;
  write_audio(path(), mono(rate, x));
  EXPECT_EQ(read_audio(path()).frames(), x.size());
}

TEST_P(EveryKind, LeavesNothingBehindWithoutClose) {
  {
    AudioWriter writer(path(), GetParam().rates.front(), 1, SampleFormat::f32);
    writer.write(tones(GetParam().rates.front(), 1, 10'000));
    EXPECT_FALSE(std::filesystem::exists(path()));
    EXPECT_EQ(folder_.entries(), 1U);
  }
  EXPECT_EQ(folder_.entries(), 0U);
}

TEST_P(EveryKind, ReplacesAnOlderFileOnlyInClose) {
  const int rate = GetParam().rates.front();
  const auto old = folder_.with("x" + std::string(GetParam().suffix), "old");
  AudioWriter writer(old, rate, 1, SampleFormat::f32);
  writer.write(tones(rate, 1, 1'000));
  EXPECT_EQ(test::bytes_of(old), "old");
  writer.close();
  writer.close();
  EXPECT_EQ(read_audio(old).frames(), 1'000U);
  EXPECT_EQ(folder_.entries(), 1U);
}

/// While it lives, no file grows beyond `bytes`: the next write fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_ = {};
};

TEST_P(EveryKind, FailsAndLeavesNothingWhenTheDiskIsFull) {
  const int rate = GetParam().rates.back();
  // A first limit that is hit while writing, a second that may be hit only while the file is
  // completed.
  for (const rlim_t bytes : {100U, 3'000U}) {
    const FileSizeLimit limit(bytes);
    expect_write_error([&] { write_audio(path(), tones(rate, 1, static_cast<std::size_t>(rate))); },
                       "File too large");
    EXPECT_EQ(folder_.entries(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EveryKind,
    testing::Values(
        WrittenKind{".wav", "wav", "float", true, -250.0, {8'000, 44'100, 192'000}, 32},
        WrittenKind{".flac", "flac", "pcm_24", true, -130.0, {8'000, 44'100, 192'000}, 8},
        WrittenKind{".ogg", "ogg", "vorbis", true, -20.0, {8'000, 44'100, 192'000}, 32},
        WrittenKind{
            ".opus", "ogg", "opus", false, -8.0, {8'000, 12'000, 16'000, 24'000, 48'000}, 32},
        WrittenKind{".mp3", "mp3", "mp3", true, -20.0, kMp3Rates, 2}),
    [](const auto& param_info) { return std::string(param_info.param.suffix).substr(1); });

TEST(AudioWriter, KeepsEverySampleOfWavInItsFormat) {
  const TemporaryFolder folder;
  const std::vector<std::int16_t> x16 = {0, 1, -1, 32'767, -32'768};
  write_audio(folder / "a.wav", mono(8'000, x16));
  EXPECT_EQ(AudioReader(folder / "a.wav").info().codec, "pcm_16");
  EXPECT_THAT(test::bytes_of(folder / "a.wav"),
              testing::EndsWith(std::string("\0\0\1\0\xFF\xFF\xFF\x7F\0\x80", 10)));
  write_audio(folder / "b.wav", mono<std::int32_t>(8'000, {1, -2}));
  EXPECT_EQ(AudioReader(folder / "b.wav").info().codec, "pcm_32");
  EXPECT_THAT(test::bytes_of(folder / "b.wav"),
              testing::EndsWith(std::string("\1\0\0\0\xFE\xFF\xFF\xFF", 8)));
  const std::vector<float> x = {0.1F, -3.5F, 1e-30F};
  write_audio(folder / "c.wav", mono(8'000, x));
  EXPECT_EQ(first_channel(read_audio(folder / "c.wav")), x);
}

TEST(AudioWriter, RefusesChannelCountsOfWhichTheEncoderKeepsOnlyTheBass) {
  const TemporaryFolder folder;
  for (const int channels : {3, 4, 5, 6, 7, 8, 9}) {
    for (const std::string name : {"x.ogg", "x.opus"}) {
      const AudioBuffer audio = tones(48'000, channels, 24'000);
      const bool loses = name == "x.ogg" ? channels == 6 : channels >= 6 && channels <= 8;
      if (loses) {
        expect_write_error([&] { write_audio(folder / name, audio); },
                           "would keep only the bass of the last of " + std::to_string(channels));
        continue;
      }
      write_audio(folder / name, audio);
      const AudioBuffer back = read_audio(folder / name);
      for (int c = 0; c < channels; ++c) EXPECT_NEAR(test::fit_tone(back, c).level_db, 0.0, 1.0);
    }
  }
}

TEST(AudioWriter, WritesTheSameWavForTheSameAudio) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", tones(8'000, 1, 100));
  EXPECT_THAT(test::bytes_of(folder / "a.wav"),
              testing::Not(HasSubstr("PEAK")));  // has a time stamp
}

TEST(AudioWriter, RoundsFlacTo24BitsAndClamps) {
  const TemporaryFolder folder;
  const float step = std::ldexp(1.0F, -23);
  const std::vector<float> x = {
      0.6F * step, -0.6F * step, 1.0F, -1.0F, 2.0F, 0.25F, std::numeric_limits<float>::quiet_NaN()};
  write_audio(folder / "a.flac", mono(8'000, x));
  EXPECT_THAT(first_channel(read_audio(folder / "a.flac")),
              ElementsAre(step, -step, 1.0F - step, -1.0F, 1.0F - step, 0.25F, 0.0F));
  write_audio(
      folder / "b.flac",
      mono<std::int32_t>(8'000, {127, 128, -129, std::numeric_limits<std::int32_t>::max()}));
  EXPECT_THAT(first_channel(read_audio(folder / "b.flac")),
              ElementsAre(0.0F, step, -step, 1.0F - step));
  write_audio(folder / "c.flac", mono<std::int16_t>(8'000, {-32'768, 32'767}));
  EXPECT_EQ(AudioReader(folder / "c.flac").info().codec, "pcm_16");
  EXPECT_THAT(first_channel(read_audio(folder / "c.flac")),
              ElementsAre(-1.0F, 32'767.0F / 32'768.0F));
}

TEST(AudioWriter, WritesAnEmptyFileWhereTheKindHasOne) {
  const TemporaryFolder folder;
  for (const std::string name : {"x.wav", "x.ogg"}) {
    write_audio(folder / name, tones(16'000, 2, 0));
    EXPECT_EQ(read_audio(folder / name).frames(), 0U);
  }
  for (const std::string name : {"x.flac", "x.mp3", "x.opus"}) {
    expect_write_error([&] { write_audio(folder / name, tones(16'000, 2, 0)); },
                       "cannot be empty; write .wav");
  }
  EXPECT_EQ(folder.entries(), 2U);
}

TEST(AudioWriter, TakesTheKindFromTheSuffixInAnyCase) {
  const TemporaryFolder folder;
  write_audio(folder / "x.FLAC", tones(8'000, 1, 10));
  EXPECT_EQ(AudioReader(folder / "x.FLAC").info().container, "flac");
  EXPECT_THAT(writable_suffixes(), ElementsAre(".flac", ".mp3", ".ogg", ".opus", ".wav"));
}

void expect_unwritable(const std::filesystem::path& path, int rate, int channels,
                       const std::string& text) {
  expect_write_error([&] { AudioWriter writer(path, rate, channels, SampleFormat::f32); }, text);
}

TEST(AudioWriter, SaysWhyAFileCannotBeMade) {
  const TemporaryFolder folder;
  expect_unwritable(folder / "x.aac", 8'000, 1,
                    "'.aac' is no suffix known here; use one of .flac, .mp3, .ogg, .opus, .wav");
  expect_unwritable(folder / "x", 8'000, 1, "no suffix");
  expect_unwritable(folder / std::string("x\0.wav", 6), 8'000, 1,
                    "its name goes on after a NUL character");
  expect_unwritable(folder / "none/x.wav", 8'000, 1, "there is no folder");
  expect_unwritable("/proc/x.wav", 8'000, 1, "no file can be made in its folder");
  std::filesystem::create_directory(folder / "y.wav");
  expect_unwritable(folder / "y.wav", 8'000, 1, "it is a folder");
  expect_unwritable(folder / "x.opus", 44'100, 1,
                    ".opus cannot hold 44100 Hz, only 8000, 12000, 16000, 24000, 48000 Hz");
  expect_unwritable(folder / "x.mp3", 96'000, 1, ".mp3 cannot hold 96000 Hz");
  expect_unwritable(folder / "x.mp3", 48'000, 3, ".mp3 holds at most 2 channels, the audio has 3");
  expect_unwritable(folder / "x.flac", 48'000, 9, ".flac holds at most 8 channels");
  expect_unwritable(folder / "x.wav", 4'000, 1, "AudioWriter: rate is 4000");
  expect_unwritable(folder / "x.wav", 8'000, 0, "AudioWriter: channels is 0");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AudioWriter, ReplacesTheFileThatALinkNames) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder / "behind.wav", folder / "link.wav");
  write_audio(folder / "link.wav", tones(8'000, 1, 10));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.wav"));
  EXPECT_EQ(read_audio(folder / "behind.wav").frames(), 10U);
}

TEST(AudioWriter, LeavesAPipeWhatItIs) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe.wav").c_str(), 0600), 0);
  expect_unwritable(folder / "pipe.wav", 8'000, 1, "it is no regular file");
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe.wav"));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AudioWriter, RefusesAudioOfAnotherKindThanItsOwn) {
  const TemporaryFolder folder;
  AudioWriter writer(folder / "x.wav", 8'000, 1, SampleFormat::f32);
  expect_write_error([&] { writer.write(tones(16'000, 1, 10)); },
                     "rate is 16000, expected 8000 Hz");
  expect_write_error([&] { writer.write(tones(8'000, 2, 10)); }, "channels is 2, expected 1");
  expect_write_error([&] { writer.write(mono<std::int16_t>(8'000, {1})); },
                     "sample format is i16, expected f32");
  writer.close();
  expect_write_error([&] { writer.write(tones(8'000, 1, 10)); }, "after close()");
}

TEST(AudioWriter, LetsTwoWritersOfOnePathFinishOneAfterTheOther) {
  const TemporaryFolder folder;
  AudioWriter first(folder / "x.wav", 8'000, 1, SampleFormat::f32);
  AudioWriter second(folder / "x.wav", 8'000, 1, SampleFormat::f32);
  first.write(tones(8'000, 1, 10));
  second.write(tones(8'000, 1, 20));
  first.close();
  second.close();
  EXPECT_EQ(read_audio(folder / "x.wav").frames(), 20U);
  EXPECT_EQ(folder.entries(), 1U);
}

}  // namespace
}  // namespace remotemedia::media

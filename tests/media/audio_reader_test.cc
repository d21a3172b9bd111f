#include "media/files.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/media/audio_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace remotemedia::media {
namespace {

using test::Pcm16;
using test::TemporaryFolder;
using testing::HasSubstr;

void expect_error(const std::function<void()>& action, const std::string& text) {
  try {
    action();
    FAIL() << "expected: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot read '"));
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

void expect_unreadable(const std::filesystem::path& path, const std::string& text) {
  expect_error([&] { AudioReader reader(path); }, text);
}

/// Frame i of a hand-made file is i / 32768 in every channel.
void expect_count(const AudioBuffer& audio, std::size_t frames, int channels) {
  ASSERT_EQ(audio.frames(), frames);
  ASSERT_EQ(audio.channels(), channels);
  for (int c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < frames; ++i) {
      ASSERT_EQ(audio.channel<float>(c)[i], static_cast<float>(i) / 32'768.0F);
    }
  }
}

struct Kind {
  const char* container;
  std::string (*bytes)(const Pcm16&);
};

class HandMade : public testing::TestWithParam<Kind> {
 protected:
  [[nodiscard]] std::filesystem::path file(const Pcm16& pcm) const {
    return folder_.with("x." + std::string(GetParam().container), GetParam().bytes(pcm));
  }
  TemporaryFolder folder_;
};

TEST_P(HandMade, IsReadAsItsSamples) {
  const auto path = file({.channels = 3, .frames = 10'000, .promised_bytes = 60'000});
  const AudioFileInfo info = AudioReader(path).info();
  EXPECT_EQ(info.rate, 16'000);
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(info.frames, 10'000U);
  EXPECT_EQ(info.container, GetParam().container);
  EXPECT_EQ(info.codec, "pcm_16");
  expect_count(read_audio(path), 10'000, 3);
}

TEST_P(HandMade, IsReadInBlocksOfAnySize) {
  const auto path = file({.frames = 5'000, .promised_bytes = 10'000});
  for (const std::size_t size : {1U, 999U, 4'096U, 4'097U, 5'000U, 70'000U}) {
    AudioReader reader(path);
    std::size_t frames = 0;
    for (AudioBuffer block = reader.read(size); !block.empty(); block = reader.read(size)) {
      EXPECT_EQ(block.frames(), std::min(size, 5'000 - frames));
      EXPECT_EQ(block.channel<float>(0)[0], static_cast<float>(frames) / 32'768.0F);
      frames += block.frames();
    }
    EXPECT_EQ(frames, 5'000U);
    EXPECT_EQ(reader.read(size).frames(), 0U);
  }
}

TEST_P(HandMade, NamesTheFrameAtWhichItIsTruncated) {
  const auto path = file({.frames = 7'000, .promised_bytes = 20'000});
  expect_error([&] { read_audio(path); }, "truncated at frame 7000 of 10000");
  AudioReader reader(path);
  EXPECT_EQ(reader.info().frames, 10'000U);
  EXPECT_EQ(reader.read(7'000).frames(), 7'000U);
  expect_error([&] { reader.read(1); }, "truncated at frame 7000");
}

TEST_P(HandMade, IsTruncatedIfOnlyTheHeaderIsThere) {
  const auto path = file({.frames = 0, .promised_bytes = 20'000});
  expect_error([&] { read_audio(path); }, "truncated at frame 0 of 10000");
}

INSTANTIATE_TEST_SUITE_P(Kinds, HandMade,
                         testing::Values(Kind{"wav", test::wav}, Kind{"au", test::au},
                                         Kind{"aiff", test::aiff}, Kind{"w64", test::w64}),
                         [](const auto& param_info) { return param_info.param.container; });

TEST(AudioReader, ReadsAWavOfUnknownLengthToItsEnd) {
  const TemporaryFolder folder;
  for (const std::uint64_t size : {0x0U, 0xFFFFFFFFU, 0x7FFFF000U}) {
    const auto path = folder.with("pipe.wav", test::wav({.frames = 5'000, .promised_bytes = size}));
    expect_count(read_audio(path), 5'000, 1);
  }
}

TEST(AudioReader, ReadsAnAuOfUnknownLengthToItsEnd) {
  const TemporaryFolder folder;
  const Pcm16 pcm = {.frames = 5'000, .promised_bytes = 0xFFFFFFFFU};
  expect_count(read_audio(folder.with("pipe.au", test::au(pcm))), 5'000, 1);
}

TEST(AudioReader, ReadsAFileWithoutFrames) {
  const TemporaryFolder folder;
  const auto path = folder.with("x.wav", test::wav({.frames = 0, .promised_bytes = 0}));
  EXPECT_EQ(AudioReader(path).read(100).frames(), 0U);
  EXPECT_EQ(read_audio(path).frames(), 0U);
  EXPECT_EQ(read_audio(path).channels(), 1);
}

TEST(AudioReader, IgnoresWhatFollowsTheData) {
  const TemporaryFolder folder;
  const auto path = folder.with("x.wav", test::wav({}) + "LIST" + test::little(4, 4) + "INFO");
  expect_count(read_audio(path), 100, 1);
}

TEST(AudioReader, FindsTheSizeOfAnRf64File) {
  const TemporaryFolder folder;
  const Pcm16 pcm = {};
  const auto bytes = [&](std::uint64_t data_bytes) {
    return "RF64" + test::little(0xFFFFFFFFU, 4) + "WAVEds64" + test::little(28, 4) +
           test::little(64 + data_bytes, 8) + test::little(data_bytes, 8) + test::little(100, 8) +
           test::little(0, 4) + "fmt " + test::little(16, 4) + pcm.format_chunk() + "data" +
           test::little(0xFFFFFFFFU, 4) + pcm.samples(false);
  };
  expect_count(read_audio(folder.with("x.wav", bytes(200))), 100, 1);
  expect_error([&] { read_audio(folder.with("y.wav", bytes(400))); },
               "truncated at frame 100 of 200");
}

TEST(AudioReader, SaysWhyAPathIsNoAudioFile) {
  const TemporaryFolder folder;
  expect_unreadable(folder / "missing.wav", "there is no such file");
  expect_unreadable(folder.path(), "it is a folder");
  expect_unreadable(folder.with("empty.wav", ""), "the file is empty");
  expect_unreadable("/dev/null", "no regular file");
  for (const std::string name : {"text.wav", "text.txt", "text.mp3", "text.flac", "text.ogg"}) {
    const auto path =
        folder.with(name, "These are words, and no sound at all, in spite of their name.\n");
    expect_unreadable(path, "holds no audio that can be read; known kinds: wav, flac");
  }
  expect_unreadable(folder.with("raw.gsm", std::string(100, 'x')), "container is not supported");
}

TEST(AudioReader, SaysWhenTheHeaderIsCutOff) {
  const TemporaryFolder folder;
  const std::string bytes = test::wav({});
  expect_unreadable(folder.with("x.wav", bytes.substr(0, 20)), "header is damaged or cut off");
  expect_unreadable(folder.with("y.wav", bytes.substr(0, 36)), "header is damaged or cut off");
}

TEST(AudioReader, RefusesRatesAndChannelsBeyondTheLimits) {
  const TemporaryFolder folder;
  expect_unreadable(folder.with("a.wav", test::wav({.rate = 7'999})),
                    "sample rate is 7999 Hz, 8000..192000 Hz");
  expect_unreadable(folder.with("b.wav", test::wav({.rate = 384'000})), "sample rate is 384000 Hz");
  expect_unreadable(folder.with("c.wav", test::wav({.channels = 33, .promised_bytes = 6'600})),
                    "it has 33 channels, 1..32 are supported");
  expect_count(
      read_audio(folder.with("d.wav", test::wav({.channels = 32, .promised_bytes = 6'400}))), 100,
      32);
}

/// A file of three seconds, cut to a part of its length.
std::filesystem::path cut(const TemporaryFolder& folder, const std::string& suffix, double part) {
  const auto path = folder / ("cut" + suffix);
  write_audio(path, test::tones(48'000, 2, 144'000));
  const auto size = static_cast<double>(std::filesystem::file_size(path));
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size * part));
  return path;
}

class Truncated : public testing::TestWithParam<std::string> {};

TEST_P(Truncated, IsAnErrorWhereverItIsCut) {
  const TemporaryFolder folder;
  for (const double part : {0.999, 0.9, 0.5, 0.1}) {
    expect_error([&] { read_audio(cut(folder, GetParam(), part)); }, "cut");
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Truncated,
                         testing::Values(".wav", ".flac", ".ogg", ".opus", ".mp3"),
                         [](const auto& param_info) { return param_info.param.substr(1); });

TEST(TruncatedFlac, NamesTheFrameReachedAndTheFramesPromised) {
  const TemporaryFolder folder;
  expect_error([&] { read_audio(cut(folder, ".flac", 0.5)); }, "of 144000");
}

TEST(TruncatedMp3, NamesTheFrameReached) {
  const TemporaryFolder folder;
  expect_error([&] { read_audio(cut(folder, ".mp3", 0.5)); }, "truncated at frame 6");
}

TEST(AudioReader, ReadsAnMp3WithoutALengthToItsEnd) {
  const TemporaryFolder folder;
  const auto path = folder / "x.mp3";
  write_audio(path, test::tones(48'000, 1, 96'000));
  std::string bytes = test::bytes_of(path);
  const std::size_t tag = std::min(bytes.find("Xing"), bytes.find("Info"));
  ASSERT_LT(tag, 100U);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(tag), 120,
              '\0');  // now a frame of silence
  const AudioBuffer audio = read_audio(folder.with("y.mp3", bytes));
  EXPECT_GE(audio.frames(), 96'000U);
  EXPECT_LE(audio.frames(), 96'000U + 4 * 1'152U);  // frame of the tag, encoder's delay and padding
}

TEST(AudioReader, WarnsOfAnOggThatEndsBetweenPagesWithoutAMark) {
  const TemporaryFolder folder;
  const auto path = folder / "x.ogg";
  write_audio(path, test::tones(48'000, 1, 480'000));
  const std::string bytes = test::bytes_of(path);
  const auto cut_path = folder.with("y.ogg", bytes.substr(0, bytes.rfind("OggS")));
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  EXPECT_GT(read_audio(cut_path).frames(), 100'000U);
  set_log_sink({});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("no mark at its end"));
}

TEST(AudioReader, SurvivesDamageInEveryByteOfAHeader) {
  const TemporaryFolder folder;
  for (const auto& make : {test::wav, test::au, test::aiff, test::w64}) {
    const std::string bytes = make({});
    for (std::size_t i = 0; i < bytes.size() - 200; ++i) {
      for (const char value : {'\x00', '\x7F', '\xFF'}) {
        std::string damaged = bytes;
        damaged[i] = value;
        try {
          EXPECT_LE(read_audio(folder.with("x", damaged)).frames(), bytes.size());
        } catch (const Error& error) {
          EXPECT_STREQ(error.code(), "RM4000");
        }
      }
    }
  }
}

}  // namespace
}  // namespace remotemedia::media

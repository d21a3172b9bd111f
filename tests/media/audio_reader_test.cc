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
  for (const std::uint64_t size : {0x0U, 0xFFFFFFFFU, 0xFFFFFFDBU, 0x7FFFF000U}) {
    const auto path = folder.with("pipe.wav", test::wav({.frames = 5'000, .promised_bytes = size}));
    EXPECT_EQ(AudioReader(path).info().frames, 5'000U);
    expect_count(read_audio(path), 5'000, 1);
    const auto none = folder.with("none.wav", test::wav({.frames = 0, .promised_bytes = size}));
    expect_count(read_audio(none), 0, 1);
  }
}

/// A file of `bytes` that goes on with zeros; file systems keep no zeros.
std::filesystem::path grown(const std::filesystem::path& path, std::uint64_t bytes) {
  std::filesystem::resize_file(path, bytes);
  return path;
}

TEST(AudioReader, KnowsTheLengthOfAWavOfUnknownLengthUpTo4GiB) {
  const TemporaryFolder folder;
  const std::string header = test::wav({.frames = 0, .promised_bytes = 0x7FFFF000U});
  const auto path = folder.with("pipe.wav", header);
  grown(path, header.size() + 0xFFFFFFFEU);
  EXPECT_EQ(AudioReader(path).info().frames, 0x7FFFFFFFU);
  grown(path, header.size() + 0x100000000U);
  expect_unreadable(path, "holds more than 4 GiB; convert it to .flac or .w64");
}

TEST(AudioReader, ReadsLengthsAbove4GiBWhereTheHeaderCanTellThem) {
  const TemporaryFolder folder;
  const std::uint64_t bytes = 0x140000000U;
  const std::string w64 = test::w64({.frames = 0, .promised_bytes = bytes});
  const auto w64_path = grown(folder.with("x.w64", w64), w64.size() + bytes);
  const std::string rf64 = test::rf64({.frames = 0, .promised_bytes = bytes});
  const auto rf64_path = grown(folder.with("x.wav", rf64), rf64.size() + bytes);
  for (const auto& path : {w64_path, rf64_path}) {
    AudioReader reader(path);
    EXPECT_EQ(reader.info().frames, bytes / 2);
    EXPECT_EQ(reader.read(1'000).frames(), 1'000U);
  }
  grown(rf64_path, rf64.size() + bytes - 2);
  EXPECT_EQ(AudioReader(rf64_path).info().frames, bytes / 2);
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
  expect_count(read_audio(folder.with("x.wav", test::rf64({}))), 100, 1);
  expect_error([&] { read_audio(folder.with("y.wav", test::rf64({.promised_bytes = 400}))); },
               "truncated at frame 100 of 200");
}

TEST(AudioReader, SaysWhyAPathIsNoAudioFile) {
  const TemporaryFolder folder;
  expect_unreadable(folder / "missing.wav", "there is no such file");
  expect_unreadable(folder.path(), "it is a folder");
  expect_unreadable(folder.with("empty.wav", ""), "the file is empty");
  expect_unreadable("/dev/null", "no regular file");
  const std::string real = folder.with("real.wav", test::wav({})).string();
  expect_unreadable(real + std::string("\0.wav", 5), "its name goes on after a NUL character");
  for (const std::string name : {"text.wav", "text.txt", "text.mp3", "text.flac", "text.ogg"}) {
    const auto path =
        folder.with(name, "These are words, and no sound at all, in spite of their name.\n");
    expect_unreadable(path, "holds no audio that can be read; known kinds: wav, flac");
  }
  expect_unreadable(folder.with("x.pvf", "PVF1\n1 8000 16\n" + std::string(100, 'x')),
                    "container is not supported");
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
    SCOPED_TRACE(part);
    try {
      read_audio(cut(folder, GetParam(), part));
      ADD_FAILURE() << "read to the end";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::ContainsRegex("is truncated (or damaged )?at frame [0-9]+|"
                                                       "header is damaged or cut off"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Truncated,
                         testing::Values(".wav", ".flac", ".ogg", ".opus", ".mp3"),
                         [](const auto& param_info) { return param_info.param.substr(1); });

TEST(TruncatedAiff, MayEndBeforeItsAudioBegins) {
  const TemporaryFolder folder;
  // 16 bytes of the sound chunk come before the samples; none of them is there.
  const std::string bytes = test::aiff({.frames = 0});
  expect_error([&] { read_audio(folder.with("x.aiff", bytes.substr(0, bytes.size() - 4))); },
               "is truncated at frame 0 of 100");
}

TEST(TruncatedFlac, NamesTheFrameReachedAndTheFramesPromised) {
  const TemporaryFolder folder;
  expect_error([&] { read_audio(cut(folder, ".flac", 0.5)); }, "of 144000");
}

/// The number after "at frame " in the error of reading a file.
std::uint64_t frame_of_error(const std::filesystem::path& path) {
  try {
    read_audio(path);
  } catch (const Error& error) {
    const std::string text = error.what();
    return std::stoull(text.substr(text.find("at frame ") + 9));
  }
  return 0;
}

/// An .mp3 of three seconds whose header with the length became a frame of silence.
std::string mp3_without_length(const TemporaryFolder& folder) {
  const auto path = folder / "with_length.mp3";
  write_audio(path, test::tones(48'000, 1, 144'000));
  std::string bytes = test::bytes_of(path);
  const std::size_t tag = std::min(bytes.find("Xing"), bytes.find("Info"));
  EXPECT_LT(tag, 100U);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(tag), 120, '\0');
  return bytes;
}

TEST(TruncatedMp3, NamesTheFrameReached) {
  const TemporaryFolder folder;
  const std::uint64_t with_length = frame_of_error(cut(folder, ".mp3", 0.5));
  EXPECT_NEAR(static_cast<double>(with_length), 72'000.0, 8'000.0);  // frames differ in size
  const std::string bytes = mp3_without_length(folder);
  const std::uint64_t without =
      frame_of_error(folder.with("y.mp3", bytes.substr(0, bytes.size() / 2)));
  EXPECT_NEAR(static_cast<double>(without), 72'000.0, 8'000.0);
}

/// The frame of the tag, the encoder's delay, and padding to a whole MPEG frame are sound then.
constexpr std::size_t kMp3Surplus = 4 * 1'152;

TEST(AudioReader, ReadsAnMp3WithoutALengthToItsEnd) {
  const TemporaryFolder folder;
  const AudioBuffer audio = read_audio(folder.with("y.mp3", mp3_without_length(folder)));
  EXPECT_GE(audio.frames(), 144'000U);
  EXPECT_LE(audio.frames(), 144'000U + kMp3Surplus);
}

TEST(AudioReader, LeavesOutTheTagsAtTheEndOfAnMp3) {
  const TemporaryFolder folder;
  const std::string bytes = mp3_without_length(folder);
  const std::size_t frames = read_audio(folder.with("plain.mp3", bytes)).frames();
  const std::string id3 = "TAG" + std::string(125, 'x');
  // More junk than a decoder skips: a tag with a picture.
  const std::string items(100'000, 'x');
  const auto ape = [&](std::uint64_t flags) {
    return "APETAGEX" + test::little(2'000, 4) + test::little(items.size() + 32, 4) +
           test::little(1, 4) + test::little(flags, 4) + std::string(8, '\0');
  };
  const std::string ape_tag = ape(0xA0000000U) + items + ape(0x80000000U);
  for (const std::string& tags : {id3, items + ape(0), ape_tag, ape_tag + id3}) {
    EXPECT_EQ(read_audio(folder.with("y.mp3", bytes + tags)).frames(), frames);
  }
  const std::string whole = test::bytes_of(folder / "with_length.mp3");
  EXPECT_EQ(read_audio(folder.with("y.mp3", whole + ape_tag + id3)).frames(), 144'000U);
}

std::vector<std::string> log_lines_of(const std::function<void()>& action) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  action();
  set_log_sink({});
  return lines;
}

TEST(AudioReader, WarnsOfAnMp3ThatGoesOnAfterItsLength) {
  const TemporaryFolder folder;
  const auto path = folder / "x.mp3";
  write_audio(path, test::tones(48'000, 1, 144'000));
  const std::string bytes = test::bytes_of(path);
  const auto twice = folder.with("y.mp3", bytes + bytes);
  EXPECT_TRUE(log_lines_of([&] { read_audio(path); }).empty());
  const auto lines = log_lines_of([&] { EXPECT_EQ(read_audio(twice).frames(), 144'000U); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("goes on after the 144000 frames"));
}

TEST(AudioReader, WarnsOfAnOggThatEndsBetweenPagesWithoutAMark) {
  const TemporaryFolder folder;
  const auto path = folder / "x.ogg";
  write_audio(path, test::tones(48'000, 1, 480'000));
  const std::string bytes = test::bytes_of(path);
  const auto cut_path = folder.with("y.ogg", bytes.substr(0, bytes.rfind("OggS")));
  const auto lines = log_lines_of([&] { EXPECT_GT(read_audio(cut_path).frames(), 100'000U); });
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

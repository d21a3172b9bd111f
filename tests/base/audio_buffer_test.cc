#include "remotemedia/base/audio_buffer.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace remotemedia {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(AudioBuffer, AllocatesZeroedContiguousAlignedMemory) {
  for (const SampleFormat format : {SampleFormat::f32, SampleFormat::i16, SampleFormat::i32}) {
    const AudioBuffer buffer = AudioBuffer::allocate(format, 3, 101, 48000);
    EXPECT_EQ(buffer.channels(), 3);
    EXPECT_EQ(buffer.frames(), 101U);
    EXPECT_EQ(buffer.rate(), 48000);
    EXPECT_EQ(buffer.format(), format);
    EXPECT_EQ(buffer.channel_stride(), 101U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U);
    const auto* bytes = static_cast<const unsigned char*>(buffer.data());
    const std::vector<unsigned char> all(bytes, bytes + 3 * 101 * bytes_per_sample(format));
    EXPECT_THAT(all, Each(0));
  }
}

TEST(AudioBuffer, ChannelsAreSeparateRowsOfOneBlock) {
  AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::i16, 2, 3, 8000);
  std::ranges::fill(buffer.mutable_channel<std::int16_t>(0), std::int16_t{1});
  std::ranges::fill(buffer.mutable_channel<std::int16_t>(1), std::int16_t{2});
  const auto* samples = static_cast<const std::int16_t*>(buffer.data());
  EXPECT_THAT(std::vector<std::int16_t>(samples, samples + 6), ElementsAre(1, 1, 1, 2, 2, 2));
}

TEST(AudioBuffer, CopiesShareTheMemory) {
  AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::f32, 1, 4, 16000);
  const AudioBuffer copy = buffer;
  buffer.mutable_channel<float>(0)[2] = 0.5F;
  EXPECT_EQ(copy.data(), buffer.data());
  EXPECT_EQ(copy.channel<float>(0)[2], 0.5F);
}

TEST(AudioBuffer, BorrowedViewKeepsItsOwnerAliveAndCopiesNothing) {
  auto samples = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  const std::weak_ptr<std::vector<float>> watch = samples;
  AudioBuffer view =
      AudioBuffer::borrow(samples, samples->data(), SampleFormat::f32, 2, 2, 3, 8000);
  const float* address = samples->data();
  samples.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(view.data(), address);
  EXPECT_THAT(view.channel<float>(0), ElementsAre(1, 2));
  EXPECT_THAT(view.channel<float>(1), ElementsAre(4, 5));  // rows are 3 samples apart
  const AudioBuffer part = view.slice(1, 1);
  view = AudioBuffer();
  EXPECT_FALSE(watch.expired()) << "a slice keeps the owner too";
  EXPECT_THAT(part.channel<float>(1), ElementsAre(5));
}

TEST(AudioBuffer, BorrowedViewCannotBeWrittenTo) {
  std::array<float, 2> samples{};
  AudioBuffer view = AudioBuffer::borrow(nullptr, samples.data(), SampleFormat::f32, 1, 2, 2, 8000);
  EXPECT_THROW(static_cast<void>(view.mutable_channel<float>(0)), Error);
}

TEST(AudioBuffer, SliceSharesMemoryAndIsClippedToTheEnd) {
  AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::f32, 2, 10, 8000);
  for (std::size_t i = 0; i < 10; ++i) {
    buffer.mutable_channel<float>(0)[i] = static_cast<float>(i);
    buffer.mutable_channel<float>(1)[i] = static_cast<float>(10 + i);
  }
  const AudioBuffer middle = buffer.slice(3, 4);
  EXPECT_THAT(middle.channel<float>(0), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(middle.channel<float>(1), ElementsAre(13, 14, 15, 16));
  EXPECT_EQ(middle.data(), &buffer.channel<float>(0)[3]);
  EXPECT_THAT(middle.slice(1, 2).channel<float>(1), ElementsAre(14, 15));
  EXPECT_THAT(buffer.slice(8, 100).channel<float>(0), ElementsAre(8, 9));
  EXPECT_TRUE(buffer.slice(10, 1).empty());
  EXPECT_TRUE(buffer.slice(1000, 1).empty());
  EXPECT_EQ(buffer.slice(2, std::numeric_limits<std::size_t>::max()).frames(), 8U);
}

TEST(AudioBuffer, TruncateOnlyShortens) {
  AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::i32, 2, 10, 8000);
  const void* address = buffer.data();
  buffer.truncate(6);
  EXPECT_EQ(buffer.frames(), 6U);
  EXPECT_EQ(buffer.data(), address);
  EXPECT_EQ(buffer.channel_stride(), 10U) << "channel 1 stays where it is";
  buffer.truncate(100);
  EXPECT_EQ(buffer.frames(), 6U);
}

TEST(AudioBuffer, WithRateRelabelsTheSameMemory) {
  const AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::f32, 1, 80, 8000);
  const AudioBuffer other = buffer.with_rate(16000);
  EXPECT_EQ(other.rate(), 16000);
  EXPECT_EQ(buffer.rate(), 8000);
  EXPECT_EQ(other.data(), buffer.data());
  EXPECT_DOUBLE_EQ(buffer.duration_s(), 0.01);
  EXPECT_DOUBLE_EQ(other.duration_s(), 0.005);
}

TEST(AudioBuffer, RefusesToReadSamplesAsAnotherFormatAndSaysWhatHelps) {
  const AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::i16, 1, 4, 8000);
  try {
    static_cast<void>(buffer.channel<float>(0));
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("audio is i16, expected f32"));
    EXPECT_THAT(error.hint(), HasSubstr("FormatConverterNode(target_format=\"f32\")"));
  }
}

TEST(AudioBuffer, RefusesChannelsThatDoNotExist) {
  const AudioBuffer buffer = AudioBuffer::allocate(SampleFormat::f32, 2, 4, 8000);
  EXPECT_THROW(static_cast<void>(buffer.channel<float>(2)), Error);
  EXPECT_THROW(static_cast<void>(buffer.channel<float>(-1)), Error);
  for (const int channels : {0, -1, 33}) {
    EXPECT_THROW(AudioBuffer::allocate(SampleFormat::f32, channels, 4, 8000), Error) << channels;
    EXPECT_THROW(AudioBuffer::borrow(nullptr, nullptr, SampleFormat::f32, channels, 0, 0, 8000),
                 Error)
        << channels;
  }
}

TEST(AudioBuffer, ImpossibleLengthsAreOutOfMemoryInsteadOfAnOverflow) {
  const std::size_t huge = std::numeric_limits<std::size_t>::max() / 4;
  EXPECT_THROW(AudioBuffer::allocate(SampleFormat::f32, 32, huge, 8000), std::bad_alloc);
  EXPECT_THROW(AudioBuffer::allocate(SampleFormat::i16, 1, huge * 3, 8000), std::bad_alloc);
}

TEST(AudioBuffer, EmptyBufferIsValid) {
  const AudioBuffer none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.duration_s(), 0.0);
  const AudioBuffer zero = AudioBuffer::allocate(SampleFormat::f32, 2, 0, 8000);
  EXPECT_TRUE(zero.empty());
  EXPECT_TRUE(zero.channel<float>(1).empty());
}

TEST(SampleFormat, NamesAndSizesAgree) {
  EXPECT_STREQ(to_string(SampleFormat::f32), "f32");
  EXPECT_STREQ(to_string(SampleFormat::i16), "i16");
  EXPECT_STREQ(to_string(SampleFormat::i32), "i32");
  EXPECT_EQ(bytes_per_sample(sample_format_of<float>), sizeof(float));
  EXPECT_EQ(bytes_per_sample(sample_format_of<std::int16_t>), sizeof(std::int16_t));
  EXPECT_EQ(bytes_per_sample(sample_format_of<std::int32_t>), sizeof(std::int32_t));
}

}  // namespace
}  // namespace remotemedia

#pragma once

#include "remotemedia/base/error.h"
#include "remotemedia/nodes/builtin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes::test {

/// One node alone, and what it has emitted.
class Runner final : public Emitter {
 public:
  explicit Runner(const std::string& type, const Object& parameters = {}) {
    const NodeType* found = builtin_nodes().find(type);
    if (found == nullptr) throw std::invalid_argument("no type " + type);
    ParameterProblem problem;
    auto checked =
        check_parameters(found->parameters, found->refused_parameters, parameters, &problem);
    if (!checked) throw std::invalid_argument(problem.message);
    parameters_ = *checked;
    if (found->check) found->check(parameters_);
    node_ = found->make(parameters_);
    node_->initialize({.node_id = "the_node",
                       .node_type = found->name,
                       .session_id = "s",
                       .parameters = &parameters_,
                       .input = {}});
  }
  ~Runner() override { node_->cleanup(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  bool emit(Packet packet, std::uint16_t port) override {
    EXPECT_EQ(port, 0);
    results.push_back(std::move(packet));
    return results.size() < stop_after;
  }
  void push(Packet packet) { node_->process(std::move(packet), *this); }
  void flush() { node_->flush(*this); }
  /// Everything emitted since the last call.
  std::vector<Packet> take() { return std::exchange(results, {}); }

  std::vector<Packet> results;
  std::size_t stop_after = ~std::size_t{0};  ///< emit() gives false from then on

 private:
  Parameters parameters_;
  std::unique_ptr<NodeExecutor> node_;
};

inline Packet item(Payload payload, Object metadata = {}) {
  Packet packet;
  packet.payload = std::move(payload);
  packet.metadata = std::move(metadata);
  return packet;
}

/// A whole clip: nothing of it follows.
inline Packet clip(Payload payload, Object metadata = {}) {
  Packet packet = item(std::move(payload), std::move(metadata));
  packet.ends_clip = true;
  return packet;
}

template <typename Sample>
AudioBuffer audio_of(int rate, const std::vector<std::vector<Sample>>& channels) {
  AudioBuffer audio = AudioBuffer::allocate(
      sample_format_of<Sample>, static_cast<int>(channels.size()), channels.front().size(), rate);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::ranges::copy(channels[c], audio.mutable_channel<Sample>(static_cast<int>(c)).begin());
  }
  return audio;
}

inline std::vector<float> random_samples(std::size_t frames, unsigned seed, float peak = 0.9F) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-peak, peak);
  std::vector<float> x(frames);
  for (float& sample : x) sample = uniform(random);
  return x;
}

inline AudioBuffer noise(int rate, int channels, std::size_t frames, unsigned seed = 1) {
  std::vector<std::vector<float>> all;
  for (int c = 0; c < channels; ++c) {
    all.push_back(random_samples(frames, seed + static_cast<unsigned>(100 * c)));
  }
  return audio_of(rate, all);
}

inline AudioBuffer tone(int rate, double hz, std::size_t frames, double amplitude = 0.5) {
  std::vector<float> x(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    x[i] = static_cast<float>(
        amplitude * std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  }
  return audio_of<float>(rate, {x});
}

inline AudioBuffer one_dimensional(AudioBuffer audio) {
  audio.one_dimensional = true;
  return audio;
}

template <typename Sample>
std::vector<Sample> samples_of(const AudioBuffer& audio, int channel = 0) {
  const std::span<const Sample> samples = audio.channel<Sample>(channel);
  return {samples.begin(), samples.end()};
}

/// Sizes of blocks that make up `frames`: whole, 10 ms, 1 frame at first, and random ones.
inline std::vector<std::vector<std::size_t>> chunkings(std::size_t frames, int rate) {
  std::vector<std::vector<std::size_t>> all = {{frames}};
  const auto cut = [&](const std::function<std::size_t()>& next) {
    std::vector<std::size_t> sizes;
    for (std::size_t done = 0; done < frames; done += sizes.back()) {
      sizes.push_back(std::min(next(), frames - done));
    }
    all.push_back(sizes);
  };
  cut([&] { return static_cast<std::size_t>(rate / 100); });
  std::size_t growing = 0;
  cut([&] { return ++growing; });
  for (unsigned seed = 0; seed < 4; ++seed) {
    std::mt19937 random(seed);
    cut([&] { return random() % 2'000 + 1; });
  }
  return all;
}

inline std::vector<AudioBuffer> cut(const AudioBuffer& audio,
                                    const std::vector<std::size_t>& sizes) {
  std::vector<AudioBuffer> parts;
  std::size_t offset = 0;
  for (const std::size_t size : sizes) {
    parts.push_back(audio.slice(offset, size));
    parts.back().one_dimensional = audio.one_dimensional;
    offset += size;
  }
  return parts;
}

inline AudioBuffer joined(const std::vector<Packet>& packets) {
  std::vector<AudioBuffer> parts;
  for (const Packet& packet : packets) parts.push_back(*packet.audio());
  return parts.empty() ? AudioBuffer() : concatenate(parts);
}

/// Everything that a node gives for audio in blocks, and at its end.
inline std::vector<Packet> stream(const std::string& type, const Object& parameters,
                                  const std::vector<AudioBuffer>& blocks) {
  Runner node(type, parameters);
  for (const AudioBuffer& block : blocks) node.push(item(block));
  node.flush();
  return node.take();
}

inline void expect_same_bits(const AudioBuffer& actual, const AudioBuffer& expected) {
  ASSERT_EQ(actual.format(), expected.format());
  ASSERT_EQ(actual.rate(), expected.rate());
  ASSERT_EQ(actual.channels(), expected.channels());
  ASSERT_EQ(actual.frames(), expected.frames());
  const std::size_t size = bytes_per_sample(actual.format());
  for (int c = 0; c < actual.channels(); ++c) {
    const auto plane = [&](const AudioBuffer& audio) {
      return static_cast<const std::byte*>(audio.data()) +
             static_cast<std::size_t>(c) * audio.channel_stride() * size;
    };
    ASSERT_EQ(std::memcmp(plane(actual), plane(expected), actual.frames() * size), 0)
        << "channel " << c;
  }
}

inline void expect_refused(const std::function<void()>& action, const std::string& text) {
  try {
    action();
    ADD_FAILURE() << "not refused: " << text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

/// An array of an embedding language.
class FakeArray final : public ForeignObject {
 public:
  explicit FakeArray(std::vector<double> values) : values_(std::move(values)) {}
  [[nodiscard]] std::string type_name() const override { return "an array"; }
  [[nodiscard]] Value to_value() const override {
    return Value::Array(values_.begin(), values_.end());
  }
  [[nodiscard]] ForeignPtr arithmetic(char op, double operand) const override {
    std::vector<double> results;
    for (const double x : values_) results.push_back(op == '*' ? x * operand : x + operand);
    return std::make_shared<FakeArray>(results);
  }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

/// Any other value of an embedding language.
class FakeObject final : public ForeignObject {
 public:
  explicit FakeObject(Value value) : value_(std::move(value)) {}
  [[nodiscard]] std::string type_name() const override { return "a thing"; }
  [[nodiscard]] Value to_value() const override { return value_; }
  [[nodiscard]] ForeignPtr arithmetic(char /*op*/, double /*operand*/) const override {
    return nullptr;
  }

 private:
  Value value_;
};

}  // namespace remotemedia::nodes::test

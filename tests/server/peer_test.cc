// A peer and its browser in simulated time.

#include "server/peer.h"

#include "server/peer_call.h"
#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <stdexcept>

namespace remotemedia::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::kCallRate;
using test::PeerCall;
using testing::SizeIs;

bool is_loud(const Packet& packet) {
  double sum = 0;
  for (const float x : packet.audio()->channel<float>(0)) sum += double{x} * x;
  return sum / static_cast<double>(packet.audio()->frames()) > 0.01;
}

void emit_tone(Emitter& out, double hz, Time length, Time timestamp, const Object& metadata = {}) {
  const auto frames = static_cast<std::size_t>(length.count() * kCallRate / 1'000'000'000);
  AudioBuffer tone = AudioBuffer::allocate_unset(SampleFormat::f32, 1, frames, kCallRate);
  for (std::size_t i = 0; i < frames; ++i) {
    tone.mutable_channel<float>(0)[i] = static_cast<float>(
        hz == 0 ? 0
                : 0.4 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kCallRate));
  }
  Packet packet;
  packet.payload = std::move(tone);
  packet.timestamp = timestamp;
  packet.metadata = metadata;
  out.emit(std::move(packet));
}

/// Level of one tone, 0 to 1.
double level_of(std::span<const float> heard, double hz) {
  double real = 0;
  double imaginary = 0;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const double phase = 2 * std::numbers::pi * hz * static_cast<double>(i) / kCallRate;
    real += heard[i] * std::cos(phase);
    imaginary += heard[i] * std::sin(phase);
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(heard.size());
}

std::span<const float> last(const std::vector<float>& heard, Time time) {
  const auto frames = static_cast<std::size_t>(time.count() * kCallRate / 1'000'000'000);
  return std::span(heard).last(frames);
}

constexpr double kOldAnswer = 1'000;
constexpr double kLateAnswer = 2'000;
constexpr double kNewAnswer = 700;

/// Answers at once and for 20 s. When it is interrupted it says so, still gives some more of what
/// came before, and answers again when the user is silent.
class TalkingNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    if (packet.sequence == 0) emit_tone(out, kOldAnswer, seconds(20), packet.timestamp);
    const bool speaks = is_loud(packet);
    if (speaks == spoke_) return;
    spoke_ = speaks;
    emit_tone(out, 0, milliseconds(20), packet.timestamp, Object{{"is_speech", speaks}});
    if (speaks) {
      emit_tone(out, kLateAnswer, seconds(5), packet.timestamp - milliseconds(100));
    } else {
      emit_tone(out, kNewAnswer, seconds(2), packet.timestamp);
    }
  }

 private:
  bool spoke_ = false;
};

PeerOptions barging_in(bool barge_in) {
  PeerOptions options = PeerCall::options();
  options.barge_in = barge_in;
  return options;
}

/// The user listens for two seconds, and begins to speak; until the page is told of it.
void interrupt(PeerCall& call) {
  call.run(seconds(2));
  ASSERT_GT(level_of(last(call.heard(), seconds(1)), kOldAnswer), 0.2);
  ASSERT_GT(call.peer().endpoint().statistics().queued, seconds(10));
  call.level = 0.5;
  call.run_until([&] { return !call.messages("vad").empty(); });
}

TEST(BargeIn, SpeechEndsWhatIsBeingPlayedAndWhatIsMadeLaterIsHeard) {
  const NodeRegistry registry = test::only<TalkingNode>("TalkingNode");
  PeerCall call(barging_in(true), test::one_node("TalkingNode", "{}", registry));
  interrupt(call);
  EXPECT_LE(call.peer().endpoint().statistics().queued, milliseconds(20));

  // What is on its way to the browser, and waits there, it still hears.
  call.run(call.browser().statistics().received.delay + milliseconds(40));
  call.run(milliseconds(500));
  const auto after = last(call.heard(), milliseconds(500));
  EXPECT_LT(level_of(after, kOldAnswer), 0.005);
  EXPECT_LT(level_of(after, kLateAnswer), 0.005);

  call.level = 0;
  call.run(seconds(2));
  EXPECT_GT(level_of(last(call.heard(), seconds(1)), kNewAnswer), 0.2);
}

TEST(BargeIn, WithoutItWhatIsBeingPlayedGoesOn) {
  const NodeRegistry registry = test::only<TalkingNode>("TalkingNode");
  PeerCall call(barging_in(false), test::one_node("TalkingNode", "{}", registry));
  interrupt(call);
  EXPECT_GT(call.peer().endpoint().statistics().queued, seconds(10));
  call.run(seconds(2));
  EXPECT_GT(level_of(last(call.heard(), seconds(1)), kOldAnswer), 0.2);
}

struct Visits {
  int count = 0;   ///< in which the graph was given audio
  int frames = 0;  ///< that it was given in them
};

/// Of the next two seconds.
Visits visits_of(PeerCall& call) {
  Visits visits;
  for (const Time end = call.now() + seconds(2); call.now() < end;) {
    const std::uint64_t before = call.peer().processing().count();
    call.run(milliseconds(1));
    const auto given = static_cast<int>(call.peer().processing().count() - before);
    visits.count += given > 0 ? 1 : 0;
    visits.frames += given;
  }
  return visits;
}

TEST(CrowdedPeer, IsGivenTwoFramesInOneVisitIfNobodyHearsIt) {
  PeerCall call(PeerCall::options(), test::one_node("PassThroughNode", "{}"), false);
  call.run(seconds(1));
  EXPECT_EQ(visits_of(call).count, 100);
  call.peer().set_crowded(true);
  const Visits crowded = visits_of(call);
  EXPECT_NEAR(crowded.frames, 100, 1);
  EXPECT_NEAR(crowded.count, 50, 1);
  call.peer().set_crowded(false);
  EXPECT_NEAR(visits_of(call).count, 100, 1);
}

TEST(CrowdedPeer, IsGivenEachFrameAtOnceIfItOrAListenerHearsIt) {
  PeerCall both_ways(PeerCall::options(), test::one_node("PassThroughNode", "{}"));
  PeerCall listened_to(PeerCall::options(), test::one_node("PassThroughNode", "{}"), false);
  listened_to.peer().add_listener(
      {.id = "l", .play = [](const SharedSamples&) {}, .cancel_audio = [] {}});
  for (PeerCall* call : {&both_ways, &listened_to}) {
    call->run(seconds(1));
    call->peer().set_crowded(true);
    EXPECT_EQ(visits_of(*call).count, 100);
  }
}

TEST(PeerMessages, APageIsToldWhatIsWrongWithItsOwn) {
  PeerCall call(PeerCall::options(), test::one_node("PassThroughNode", "{}"));
  const auto complaint_about = [&](const std::string& text, rtc::MessageKind kind) {
    const std::size_t before = call.messages("error").size();
    call.say(text, kind);
    call.run_until([&] { return call.messages("error").size() > before; });
    return text_of(call.messages("error").back(), "message");
  };
  using rtc::MessageKind;
  EXPECT_EQ(complaint_about("[]", MessageKind::text), "a message is no JSON object with a type");
  EXPECT_EQ(complaint_about(R"({"type":"x","id":18446744073709551616})", MessageKind::text),
            "a message: the number 18446744073709551616 is out of range (line 1)");
  EXPECT_EQ(complaint_about("{}", MessageKind::binary), "a message is binary, expected text");
  EXPECT_EQ(complaint_about(std::string(65'537, ' '), MessageKind::text),
            "a message has 65537 bytes, at most 65536");
  EXPECT_EQ(call.figure("dropped_messages"), 2);
}

TEST(PeerStatistics, TellTheLongestGapThatIsNoPauseOfWhoSpeaks) {
  const NodeRegistry registry = test::only<TalkingNode>("TalkingNode");
  PeerCall call(PeerCall::options(), test::one_node("TalkingNode", "{}", registry));
  for (const double level : {0.5, 0.0, 0.5}) {
    call.level = level;
    call.run(seconds(2));
  }
  EXPECT_EQ(call.figure("longest_gap_ms"), 0);

  call.outage = true;
  call.run(seconds(1));
  call.outage = false;
  call.run(seconds(1));
  EXPECT_NEAR(call.figure("longest_gap_ms"), 900, 50);  // after 100 ms that are concealed
}

/// Hears speech, and fails a little later.
class NervousNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    loud_ += is_loud(packet) ? 1 : 0;
    if (loud_ == 5) throw std::runtime_error("too loud");
    packet.metadata.set("is_speech", loud_ > 0);
    out.emit(std::move(packet));
  }

 private:
  int loud_ = 0;
};

class PeerRestart : public testing::Test {
 protected:
  static PeerOptions restarting() {
    PeerOptions options = PeerCall::options();
    options.on_failure = OnFailure::restart;
    return options;
  }
  /// The graph fails; another one is there after half a second.
  void fail_and_resume() {
    const std::size_t before = call_.failures();
    call_.level = 0.5;
    call_.run_until([&] { return call_.failures() > before; });
    call_.level = 0;
    call_.run(milliseconds(500));
    call_.peer().resume(call_.make_pipeline(), call_.now());
  }

  NodeRegistry registry_ = test::only<NervousNode>("NervousNode");
  PeerCall call_{restarting(), test::one_node("NervousNode", "{}", registry_)};
};

TEST_F(PeerRestart, TellsThePageGoesOnAndCountsWhatWasMissed) {
  call_.run(milliseconds(500));
  fail_and_resume();
  ASSERT_THAT(call_.messages("error"), SizeIs(1));
  EXPECT_FALSE(*call_.messages("error")[0].find("fatal")->as_bool());
  EXPECT_EQ(call_.figure("restarts"), 1);
  EXPECT_NEAR(call_.figure("missed_ms"), 500, 40);
  // Of speech that has begun the page hears the end.
  ASSERT_THAT(call_.messages("vad"), SizeIs(2));
  EXPECT_EQ(text_of(call_.messages("vad")[1], "event"), "end");

  call_.level = 0.05;
  call_.run(seconds(1));
  EXPECT_GT(level_of(last(call_.heard(), milliseconds(500)), 300), 0.03);
  EXPECT_NEAR(call_.figure("missed_ms"), 500, 40);
}

TEST_F(PeerRestart, TheBlockThatTheNodeFailedWithIsMissedToo) {
  call_.run(milliseconds(500));
  call_.level = 0.5;
  call_.run_until([&] { return call_.failures() > 0; });
  call_.peer().resume(call_.make_pipeline(), call_.now());
  EXPECT_EQ(call_.figure("missed_ms"), 20);
}

TEST_F(PeerRestart, TheFourthFailureWithinAMinuteEndsTheSession) {
  for (int i = 0; i < 3; ++i) fail_and_resume();
  EXPECT_THAT(call_.messages("error"), SizeIs(3));
  call_.level = 0.5;
  call_.run_until([&] { return call_.peer().ended(); });
  ASSERT_THAT(call_.messages("error"), SizeIs(4));
  EXPECT_TRUE(*call_.messages("error")[3].find("fatal")->as_bool());
  EXPECT_THAT(call_.peer().end_reason(), testing::HasSubstr("too loud"));
  EXPECT_EQ(call_.failures(), 3U);
}

TEST_F(PeerRestart, FailuresOfAnEarlierMinuteDoNotCount) {
  for (int i = 0; i < 3; ++i) fail_and_resume();
  call_.run(seconds(60));
  for (int i = 0; i < 3; ++i) fail_and_resume();
  EXPECT_FALSE(call_.peer().ended());
  EXPECT_EQ(call_.figure("restarts"), 6);
  for (const Object& error : call_.messages("error")) EXPECT_FALSE(*error.find("fatal")->as_bool());
}

}  // namespace
}  // namespace remotemedia::server

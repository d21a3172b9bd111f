#include "cli/report_text.h"

#include <gtest/gtest.h>

#include <string>

namespace remotemedia::cli::report {
namespace {

TEST(Escaped, LeavesNothingThatMarkupReads) {
  EXPECT_EQ(escaped("</title><script>alert('1 & \"2\"')</script>"),
            "&lt;/title&gt;&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;");
}

TEST(Escaped, KeepsTextInAllLanguages) {
  EXPECT_EQ(escaped("Gespräch 会議 🎤\n\tend"), "Gespräch 会議 🎤\n\tend");
}

TEST(Escaped, ReplacesControlCharacters) {
  EXPECT_EQ(escaped(std::string("a\0b\x1B[0m\x7F", 8)), "a�b�[0m�");
}

TEST(Escaped, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(escaped("\x80"), "�");                 // continues nothing
  EXPECT_EQ(escaped("\xC3"), "�");                 // cut short
  EXPECT_EQ(escaped("\xC3<"), "�&lt;");            // swallows no markup
  EXPECT_EQ(escaped("\xC0\xBC"), "��");            // '<' in two bytes
  EXPECT_EQ(escaped("\xE0\x80\xBC"), "���");       // and in three
  EXPECT_EQ(escaped("\xED\xA0\x80"), "���");       // half a surrogate pair
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), "����");  // beyond the last code point
  EXPECT_EQ(escaped("\xFF\xFE"), "��");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("aéé", 2), "a…");
}

TEST(DurationText, ReadsWellFromASampleToADay) {
  EXPECT_EQ(duration_text(0.0), "0 s");
  EXPECT_EQ(duration_text(1.0 / 16'000), "62.5 µs");
  EXPECT_EQ(duration_text(0.0123), "12.3 ms");
  EXPECT_EQ(duration_text(0.9994), "999 ms");
  EXPECT_EQ(duration_text(0.9996), "1.00 s");
  EXPECT_EQ(duration_text(7.1), "7.10 s");
  EXPECT_EQ(duration_text(59.996), "1:00 min");
  EXPECT_EQ(duration_text(245.4), "4:05 min");
  EXPECT_EQ(duration_text(3599.6), "1:00:00 h");
  EXPECT_EQ(duration_text(86'400.0), "24:00:00 h");
}

TEST(ClockText, CountsHoursAndMinutesOnlyWhereThereAreAny) {
  EXPECT_EQ(clock_text(7.25), "7.250");
  EXPECT_EQ(clock_text(59.9996), "1:00.000");
  EXPECT_EQ(clock_text(3661.5), "1:01:01.500");
}

TEST(Numbers, KeepTheDigitsThatMatter) {
  EXPECT_EQ(number_text(0.00421), "0.00421");
  EXPECT_EQ(number_text(238.4), "238");
  EXPECT_EQ(number_text(12'400.0), "12,400");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
  EXPECT_EQ(counted(1, "node"), "1 node");
  EXPECT_EQ(counted(1'000, "node"), "1,000 nodes");
  EXPECT_EQ(percent_text(0.0), "0 %");
  EXPECT_EQ(percent_text(0.0001), "<0.1 %");
  EXPECT_EQ(percent_text(0.034), "3.4 %");
  EXPECT_EQ(percent_text(0.616), "62 %");
  EXPECT_EQ(bytes_text(48U << 20U), "48 MiB");
  EXPECT_EQ(rate_text(44'100), "44.1 kHz");
  EXPECT_EQ(rate_text(11'025), "11.025 kHz");
}

TEST(LevelText, IsInDecibelsBelowFullScale) {
  EXPECT_EQ(level_text(1.0), "0.0 dBFS");
  EXPECT_EQ(level_text(0.5), "−6.0 dBFS");
  EXPECT_EQ(level_text(2.0), "6.0 dBFS");
  EXPECT_EQ(level_text(0.0), "silent");
}

}  // namespace
}  // namespace remotemedia::cli::report

#include "remotemedia/base/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace remotemedia {
namespace {

std::string text_of(double number) {
  std::string text;
  JsonText(text).value(number);
  return text;
}

double read(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

std::string example(int indent) {
  std::string text;
  JsonText out(text, indent);
  out.begin_object();
  out.name("none");
  out.begin_array();
  out.end_array();
  out.name("items");
  out.begin_array();
  out.value(true);
  out.null();
  out.value("a \"word\"");
  out.begin_object();
  out.end_object();
  out.begin_object();
  out.name("n");
  out.value(std::int64_t{-1});
  out.end_object();
  out.end_array();
  out.end_object();
  return text;
}

TEST(JsonText, PutsItsPiecesTogether) {
  EXPECT_EQ(example(-1), R"({"none":[],"items":[true,null,"a \"word\"",{},{"n":-1}]})");
  EXPECT_EQ(example(2), nlohmann::ordered_json::parse(example(-1)).dump(2));
}

TEST(JsonText, WritesNumbersAsTheLibraryDoes) {
  for (const double number : {0.0, -0.0, 1.0, -2.5, 0.1, 1e-4, 9.999e-5, 1e14,
                              999'999'999'999'999.0, 1e15, 1e-300, 123.456, 2'500'000.0}) {
    EXPECT_EQ(text_of(number), nlohmann::json(number).dump());
  }
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonText, WritesNumbersThatAreTheSameWhenRead) {
  for (double number = 1e-9; number < 1e20; number *= 1.0375) {
    ASSERT_EQ(read(text_of(number)), number);
    ASSERT_EQ(read(text_of(-number)), -number);
  }
  for (const double number :
       {std::nextafter(1e-4, 0.0), std::nextafter(1e15, 0.0),
        std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    ASSERT_EQ(read(text_of(number)), number);
  }
}

}  // namespace
}  // namespace remotemedia

#include "cli/report_spectrogram_image.h"

#include "cli/report_png.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

namespace remotemedia::cli::report {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr float kRangeDb = 70.0F;  // below the loudest point

// From nothing over light to dark: on a dark page the style inverts it.
std::vector<Color> level_palette() {
  struct Stop {
    double at;
    std::array<double, 4> color;
  };
  constexpr std::array<Stop, 5> kStops{{{0.0, {178, 216, 226, 0}},
                                        {0.3, {150, 203, 218, 150}},
                                        {0.55, {61, 143, 176, 235}},
                                        {0.8, {28, 84, 128, 255}},
                                        {1.0, {14, 30, 66, 255}}}};
  std::vector<Color> palette;
  for (int i = 0; i < 256; ++i) {
    const double level = i / 255.0;
    const auto* high = std::ranges::find_if(kStops, [&](const Stop& s) { return s.at >= level; });
    const Stop& b = *high;
    const Stop& a = high == kStops.begin() ? b : *(high - 1);
    const double part = b.at > a.at ? (level - a.at) / (b.at - a.at) : 0.0;
    Color color{};
    for (std::size_t k = 0; k < color.size(); ++k) {
      color[k] =
          static_cast<std::uint8_t>(std::lround(a.color[k] + part * (b.color[k] - a.color[k])));
    }
    palette.push_back(color);
  }
  return palette;
}

std::vector<std::uint8_t> level_pixels(const Spectrogram& spectrogram) {
  const std::size_t columns = spectrogram.columns();
  float loudest = 1e-10F;  // -100 dB: silence stays blank
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t band = 0; band < Spectrogram::kBands; ++band) {
      loudest = std::max(loudest, spectrogram.power(i, band));
    }
  }
  std::vector<std::uint8_t> pixels;
  pixels.reserve(columns * Spectrogram::kBands);
  for (std::size_t band = Spectrogram::kBands; band-- > 0;) {
    for (std::size_t i = 0; i < columns; ++i) {
      const float ratio = std::max(spectrogram.power(i, band) / loudest, 1e-12F);
      const float level = 1.0F + 10.0F * std::log10(ratio) / kRangeDb;
      pixels.push_back(
          static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(level, 0.0F, 1.0F))));
    }
  }
  return pixels;
}

}  // namespace

std::string spectrogram_row(const Timeline& timeline) {
  std::string html;
  Out out(html);
  Spectrogram spectrogram = *timeline.spectrogram();
  spectrogram.finish();
  const std::vector<std::uint8_t> pixels = level_pixels(spectrogram);
  // The last column reaches past the end.
  const double width =
      static_cast<double>(spectrogram.columns() * spectrogram.frames_per_column()) /
      static_cast<double>(timeline.frames());
  fmt::format_to(out, R"(<div class="spectrum">)");
  double above = 1.0;
  for (const int hz : {32'000, 16'000, 8'000, 4'000, 2'000, 1'000, 500, 200}) {
    const double height = spectrogram.height_of(hz);
    if (height > 0.97 || above - height < 0.13) continue;
    above = height;
    fmt::format_to(out, R"(<span class="y" style="top:{:.2f}%">{:g}{}</span>)",
                   100.0 * (1.0 - height), hz < 1000 ? hz : hz / 1000.0, hz < 1000 ? "" : "k");
  }
  fmt::format_to(out,
                 R"(<div class="image"><img alt="" src="{}" style="width:{:.4f}%"></div></div>)",
                 png_url(spectrogram.columns(), pixels, level_palette()), 100.0 * width);
  html += "\n";
  return html;
}

}  // namespace remotemedia::cli::report

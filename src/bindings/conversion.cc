#include "bindings/conversion.h"

#include "bindings/arrays.h"
#include "bindings/late_import.h"
#include "bindings/numpy_array.h"
#include "bindings/unlocked.h"
#include "bindings/values.h"
#include "remotemedia/base/log.h"
#include "remotemedia/dsp/format.h"

#include <nanobind/stl/string_view.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport python_check_conversion("remotemedia._arrays", "check_conversion");

struct Conversion {
  ElementType to;
  bool adds_noise = false;
  std::uint64_t first_frame = 0;  ///< of the noise
};

std::optional<ElementType> type_named(std::string_view name) {
  static constexpr struct {
    std::string_view name;
    ElementType type;
  } kTypes[] = {{"f32", ElementType::f32},
                {"i16", ElementType::i16},
                {"i32", ElementType::i32},
                {"f64", ElementType::f64}};
  for (const auto& known : kTypes) {
    if (name == known.name) return known.type;
  }
  return std::nullopt;
}

std::optional<ElementType> type_named(nb::handle name) {
  const std::optional<std::string_view> text = plain_text(name);
  return text ? type_named(*text) : std::nullopt;
}

Conversion checked_conversion(nb::handle target, nb::handle dither) {
  const std::optional<ElementType> type = type_named(target);
  if (type && dither.is(Py_False)) return {.to = *type};
  if (type == ElementType::i16 && dither.is(Py_True)) return {.to = *type, .adds_noise = true};
  const auto checked = nb::cast<nb::tuple>(python_check_conversion(target, dither));
  return {.to = *type_named(checked[0]), .adds_noise = nb::cast<bool>(checked[1])};
}

/// From `in` to `out`, both of `count` samples; gives how many were NaN or infinite.
using ConvertMemory = std::uint64_t (*)(const void* in, std::size_t count, void* out);

template <auto kConvert>
std::uint64_t convert_memory(const void* in, std::size_t count, void* out) {
  const auto call = [&]<typename Result, typename From, typename To>(
                        Result (*convert)(std::span<const From>, std::span<To>) noexcept) {
    const std::span from(static_cast<const From*>(in), count);
    const std::span to(static_cast<To*>(out), count);
    if constexpr (std::is_void_v<Result>) {
      convert(from, to);
      return std::uint64_t{0};
    } else {
      return convert(from, to);
    }
  };
  return call(kConvert);
}

ConvertMemory conversion_between(ElementType from, ElementType to) {
  // In the order of ElementType.
  static constexpr ConvertMemory kTable[4][4] = {
      {nullptr, convert_memory<dsp::f32_to_f64>, convert_memory<dsp::f32_to_i16>,
       convert_memory<dsp::f32_to_i32>},
      {convert_memory<dsp::f64_to_f32>, nullptr, convert_memory<dsp::f64_to_i16>,
       convert_memory<dsp::f64_to_i32>},
      {convert_memory<dsp::i16_to_f32>, convert_memory<dsp::i16_to_f64>, nullptr,
       convert_memory<dsp::i16_to_i32>},
      {convert_memory<dsp::i32_to_f32>, convert_memory<dsp::i32_to_f64>,
       convert_memory<dsp::i32_to_i16>, nullptr}};
  return kTable[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

struct Planes {
  ElementType type;
  const void* data;
  std::size_t channels;
  std::size_t frames;

  [[nodiscard]] std::size_t samples() const { return channels * frames; }
};

/// To int16. The noise is added in float32, whatever the samples are.
std::uint64_t add_noise(const Planes& in, std::int16_t* out, std::uint64_t first_frame) {
  std::unique_ptr<float[]> converted;
  const auto* floats = static_cast<const float*>(in.data);
  if (in.type != ElementType::f32) {
    converted = std::make_unique_for_overwrite<float[]>(in.samples());
    conversion_between(in.type, ElementType::f32)(in.data, in.samples(), converted.get());
    floats = converted.get();
  }
  const dsp::Dither dither;
  std::uint64_t cleaned = 0;
  for (std::size_t c = 0; c < in.channels; ++c) {
    const std::size_t begin = c * in.frames;
    cleaned += dither.f32_to_i16({floats + begin, in.frames}, {out + begin, in.frames}, first_frame,
                                 static_cast<int>(c));
  }
  return cleaned;
}

nb::object as_type(nb::object samples, const Conversion& wanted) {
  const ArrayLayout layout = layout_of(samples);
  if (layout.type == wanted.to) return samples;
  const Planes in = {.type = *layout.type,
                     .data = layout.data,
                     .channels = layout.channels(),
                     .frames = layout.frames()};
  const NewArray result = new_array(wanted.to, layout.shape);
  const std::uint64_t cleaned = unlocked(in.samples(), [&] {
    if (wanted.adds_noise) {
      return add_noise(in, static_cast<std::int16_t*>(result.data), wanted.first_frame);
    }
    return conversion_between(in.type, wanted.to)(in.data, in.samples(), result.data);
  });
  if (cleaned > 0) {
    log(LogLevel::warning,
        "convert_format: " + std::to_string(cleaned) + " samples were NaN or infinite");
  }
  return result.array;
}

}  // namespace

nb::object convert_format(nb::handle x, nb::handle target, nb::handle dither,
                          std::uint64_t first_frame) {
  Conversion wanted = checked_conversion(target, dither);
  wanted.first_frame = first_frame;
  return as_type(check_samples(x, true), wanted);
}

nb::object converted(nb::object samples, ElementType to) {
  return as_type(std::move(samples), {.to = to});
}

}  // namespace remotemedia::bindings

#include "bindings/arrays.h"

#include "bindings/late_import.h"
#include "bindings/numpy_array.h"
#include "bindings/python_access.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport python_check("remotemedia._arrays", "check_samples");

/// Marks a buffer that is a view of a Python array, and lets go of the array.
struct ReleaseArray {
  std::shared_ptr<MemoryAccount> account = {};  ///< that the memory is on; null if on none
  std::size_t bytes = 0;

  void operator()(const void* array) const noexcept {
    if (account) account->give_back(bytes);
    let_go(const_cast<PyObject*>(static_cast<const PyObject*>(array)));
  }
};

std::string dtype_and_shape(nb::handle array) {
  const nb::object dtype = array.attr("dtype").attr("str");  // with the byte order, e.g. ">f4"
  return "dtype " + to_text(dtype, "dtype") + " and shape " + shown(array.attr("shape"));
}

std::optional<SampleFormat> format_of(const ArrayLayout& layout) {
  return layout.type ? sample_format(*layout.type) : std::nullopt;
}

void check_layout(const ArrayLayout& layout, nb::handle array, std::string_view what) {
  if (!layout.has_audio_shape() || !format_of(layout) || !layout.is_contiguous) {
    refuse_type(std::string(what) + " has " + dtype_and_shape(array) +
                    ", expected C-contiguous float32, int16 or int32 of shape (channels, frames) "
                    "or (frames,), 1.." +
                    std::to_string(kMaxChannels) + " channels",
                "numpy.ascontiguousarray(x, dtype=numpy.float32)");
  }
}

/// The Python array whose memory this is; null if it is ours.
nb::handle borrowed_from(const AudioBuffer& audio) {
  if (std::get_deleter<ReleaseArray>(audio.owner()) == nullptr) return {};
  return const_cast<PyObject*>(static_cast<const PyObject*>(audio.owner().get()));
}

AudioBuffer view_of(const ArrayLayout& layout, std::shared_ptr<const void> owner, int rate) {
  AudioBuffer audio = AudioBuffer::borrow(std::move(owner), layout.data, *format_of(layout),
                                          static_cast<int>(layout.channels()), layout.frames(),
                                          layout.frames(), rate);
  audio.one_dimensional = layout.dimensions() == 1;
  return audio;
}

bool is_whole(const AudioBuffer& audio, nb::handle array) {
  const ArrayLayout layout = layout_of(array);
  // The array may have been given another shape or type since it was borrowed.
  return layout.dimensions() == (audio.one_dimensional ? 1 : 2) && layout.data == audio.data() &&
         format_of(layout) == audio.format() && layout.frames() == audio.frames() &&
         layout.channels() == static_cast<std::size_t>(audio.channels());
}

AudioBuffer copy_of(const AudioBuffer& audio) {
  AudioBuffer copy =
      AudioBuffer::allocate_unset(audio.format(), audio.channels(), audio.frames(), audio.rate());
  const std::size_t sample_bytes = bytes_per_sample(audio.format());
  auto* to = static_cast<std::byte*>(const_cast<void*>(copy.data()));
  const auto* from = static_cast<const std::byte*>(audio.data());
  for (int channel = 0; channel < audio.channels(); ++channel) {
    std::memcpy(to, from, audio.frames() * sample_bytes);
    to += audio.frames() * sample_bytes;
    from += audio.channel_stride() * sample_bytes;
  }
  return copy;
}

AudioBuffer contiguous(const AudioBuffer& audio) {
  const GilRelease unlocked;
  return copy_of(audio);
}

/// Keeps the memory of a buffer until the array over it is gone.
nb::capsule capsule_of(const AudioBuffer& audio) {
  using Owner = std::shared_ptr<const void>;
  auto owner = std::make_unique<Owner>(audio.owner());
  nb::capsule capsule(owner.get(), [](void* kept) noexcept { delete static_cast<Owner*>(kept); });
  static_cast<void>(owner.release());  // the capsule's now
  return capsule;
}

nb::object array_over(const AudioBuffer& audio, nb::handle owner, bool is_writable) {
  const std::size_t shape[] = {static_cast<std::size_t>(audio.channels()), audio.frames()};
  const bool flat = audio.one_dimensional && audio.channels() == 1;
  return make_array(element_type(audio.format()), std::span(shape).subspan(flat ? 1 : 0),
                    const_cast<void*>(audio.data()), owner, is_writable);
}

}  // namespace

nb::object check_samples(nb::handle x, bool keep_float64) {
  if (is_array(x, true)) {
    const ArrayLayout layout = layout_of(x);
    const bool is_kept = format_of(layout) || (keep_float64 && layout.type == ElementType::f64);
    if (is_kept && layout.is_contiguous && layout.has_audio_shape()) return nb::borrow(x);
  }
  using nb::literals::operator""_a;
  return python_check(x, "keep_float64"_a = keep_float64);
}

AudioBuffer borrow_array(nb::handle array, int rate, std::string_view what) {
  if (!is_array(array)) {
    refuse_type(std::string(what) + " is " + name_of_type(array) + " " + shown(array) +
                    ", expected a numpy array",
                "numpy.asarray(x, dtype=numpy.float32)");
  }
  const ArrayLayout layout = layout_of(array);
  check_layout(layout, array, what);
  return view_of(layout, {array.inc_ref().ptr(), ReleaseArray{}}, rate);
}

TakenAudio take_audio(nb::handle x, int rate) {
  nb::object array = check_samples(x);
  AudioBuffer audio = view_of(layout_of(array), nullptr, rate);
  return {std::move(array), std::move(audio)};
}

void charge_new_array(const AudioBuffer& result, const AudioBuffer* given,
                      const std::shared_ptr<MemoryAccount>& account) {
  auto* release = std::get_deleter<ReleaseArray>(result.owner());
  if (release == nullptr || !account || result.empty()) return;
  const auto* data = static_cast<const std::byte*>(result.data());
  if (given != nullptr && !given->empty()) {
    const std::size_t given_frames =
        static_cast<std::size_t>(given->channels() - 1) * given->channel_stride() + given->frames();
    const auto* begin = static_cast<const std::byte*>(given->data());
    const auto* end = begin + given_frames * bytes_per_sample(given->format());
    if (!std::less{}(data, begin) && std::less{}(data, end)) return;
  }
  release->account = account;
  release->bytes = result.frames() * static_cast<std::size_t>(result.channels()) *
                   bytes_per_sample(result.format());
  account->take(release->bytes);
}

nb::object to_numpy(const AudioBuffer& audio) {
  if (const nb::handle array = borrowed_from(audio); array.is_valid()) {
    if (is_whole(audio, array)) return nb::borrow(array);
    if (audio.channels() == 1 || audio.channel_stride() == audio.frames()) {
      return array_over(audio, array, false);
    }
  }
  if (audio.channels() > 1 && audio.channel_stride() != audio.frames()) {
    const AudioBuffer copy = contiguous(audio);
    return array_over(copy, capsule_of(copy), true);
  }
  return array_over(audio, capsule_of(audio), true);
}

AudioBuffer own_samples(const AudioBuffer& audio) {
  return borrowed_from(audio).is_valid() ? copy_of(audio) : audio;
}

}  // namespace remotemedia::bindings

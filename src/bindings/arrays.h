#pragma once

#include "remotemedia/base/audio_buffer.h"
#include "remotemedia/base/memory_account.h"

#include <nanobind/nanobind.h>

#include <memory>
#include <string_view>

namespace remotemedia::bindings {

/// The same array if kernels take it as it is, and otherwise what
/// `remotemedia._arrays.check_samples` says of it: a converted array, or its error.
nanobind::object check_samples(nanobind::handle x, bool keep_float64 = false);

/// The array's own memory as audio of shape (channels, frames) or (frames,), float32, int16 or
/// int32 and C-contiguous; type error otherwise. The buffer keeps the array alive, wherever its
/// last copy ends: the GIL is taken for that.
AudioBuffer borrow_array(nanobind::handle array, int rate, std::string_view what = "audio");

/// Audio that a call was given.
struct TakenAudio {
  nanobind::object array;
  AudioBuffer audio;  ///< a view, valid while the array lives
};
/// `check_samples`, and the array's memory as audio of that rate.
TakenAudio take_audio(nanobind::handle x, int rate);

/// Puts a borrowed array that a Python node has made on the node's account until it is gone: one
/// whose memory is not that of the audio `given` to the call, which may be null as the account may.
void charge_new_array(const AudioBuffer& result, const AudioBuffer* given,
                      const std::shared_ptr<MemoryAccount>& account);

/// Audio as an array, without a copy: the very array that was borrowed if the buffer is all of it,
/// else a view of that array (read-only, as it is the caller's) or of our memory (writable).
/// Only a buffer with several channels whose frames do not follow each other, as truncate() leaves
/// it, is copied, because a C-contiguous array is what every consumer takes without a copy of its
/// own.
nanobind::object to_numpy(const AudioBuffer& audio);

/// The same samples in memory that is no array's: a copy if it is one's. With or without the GIL.
AudioBuffer own_samples(const AudioBuffer& audio);

}  // namespace remotemedia::bindings

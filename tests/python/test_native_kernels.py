"""The native kernels against their NumPy twins: equal bits, lengths, shapes and decisions."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from native_graphs import native, noise
from remotemedia import _kernels_numpy as fallback
from remotemedia import audio
from remotemedia.exceptions import ConfigurationError, ItemTypeError, MediaIOError

pytestmark = pytest.mark.native_only

# End of the pass band of each quality, as a share of the lower Nyquist frequency.
QUALITIES = {"low": 0.80, "medium": 0.87, "high": 0.91, "very_high": 0.95}
RATES = [(44_100, 16_000), (48_000, 16_000), (16_000, 44_100), (44_101, 16_000), (8_000, 192_000)]


def extremes(dtype: Any) -> NDArray[Any]:
    if np.dtype(dtype).kind == "f":
        steps = np.arange(-3, 4, 0.25) / 32_768  # ties of int16 rounding
        large = [1.0, -1.0, 1.5, -1.5, 3e38, 1e-40, -0.0, np.nan, np.inf, -np.inf]
        return np.concatenate([steps, large, 1 - np.abs(steps)]).astype(dtype)
    limits = np.iinfo(dtype)
    near = np.arange(-70_000, 70_000, 8_192 + 1)
    values = np.concatenate([near, limits.min + np.arange(3), limits.max - np.arange(3)])
    return np.clip(values, limits.min, limits.max).astype(dtype)


def clips(dtype: Any) -> list[NDArray[Any]]:
    edge = extremes(dtype)
    return [edge, edge[np.newaxis], noise(3, 5_001, dtype=dtype), noise(0, dtype=dtype)]


@pytest.mark.parametrize("target", ["f32", "i16", "i32", "f64"])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32, np.float64])
def test_format_conversions_give_the_bits_of_the_fallback(dtype: Any, target: str) -> None:
    for clip in clips(dtype):
        actual = native().convert_format(clip, target, False)
        expected = fallback.convert_format(clip, target, False)
        assert actual.dtype == expected.dtype
        assert np.array_equal(actual, expected, equal_nan=expected.dtype.kind == "f")


@pytest.mark.parametrize("first_frame", [0, 1, 12_345, 2**32 - 7, 2**40])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32, np.float64])
def test_dither_gives_the_bits_of_the_fallback(dtype: Any, first_frame: int) -> None:
    for clip in clips(dtype):
        actual = native().convert_format(clip, "i16", True, first_frame)
        assert np.array_equal(actual, fallback.convert_format(clip, "i16", True, first_frame))


def test_dither_depends_on_the_place_in_the_stream_only() -> None:
    clip = noise(2, 1_000)
    whole = native().convert_format(clip, "i16", True, first_frame=50)
    later = native().convert_format(np.ascontiguousarray(clip[:, 300:]), "i16", True, 350)
    assert np.array_equal(whole[:, 300:], later)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
@pytest.mark.parametrize("shape", [(500,), (1, 500), (2, 501), (32, 7)])
def test_mixing_to_mono_gives_the_bits_of_the_fallback(dtype: Any, shape: tuple[int]) -> None:
    clip = noise(*shape, dtype=dtype)
    actual, expected = native().to_mono(clip), fallback.to_mono(clip)
    assert actual.shape == expected.shape
    assert actual.dtype == np.float32
    assert np.array_equal(actual, expected)


@pytest.mark.parametrize("channels", range(2, 33))
@pytest.mark.parametrize("scale", [1.0, 1e-40])  # also subnormal
def test_mixing_to_mono_gives_the_bits_of_the_mean_of_numpy(channels: int, scale: float) -> None:
    clip = (noise(channels, 1_001) * scale).astype(np.float32)
    expected = np.mean(clip, axis=0, keepdims=True)
    for kernels in (native(), fallback):
        assert np.array_equal(kernels.to_mono(clip), expected)


def test_the_mean_of_the_largest_floats_is_finite() -> None:
    clip = np.full((3, 100), np.finfo(np.float32).max)
    for kernels in (native(), fallback):
        assert np.array_equal(kernels.to_mono(clip), clip[:1])


def test_mono_of_float32_is_the_same_array_in_both_shapes() -> None:
    for clip in (noise(100), noise(1, 100)):
        assert native().to_mono(clip) is clip
        assert fallback.to_mono(clip) is clip


def tone(hz: float, rate: int, frames: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(frames) / rate)).astype(np.float32)


def difference_db(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    error = np.sqrt(np.mean((actual.astype(np.float64) - expected) ** 2))
    return float(20 * np.log10(error / np.sqrt(np.mean(expected.astype(np.float64) ** 2)) + 1e-12))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(("rate", "target"), RATES)
def test_resampling_differs_from_the_fallback_by_less_than_100_db(
    rate: int, target: int, quality: str
) -> None:
    edge = QUALITIES[quality] * min(rate, target) / 2
    frames = rate // 4 + 17
    clip = np.sum([tone(share * edge, rate, frames) for share in (0.05, 0.4, 0.7, 1)], axis=0)
    clip = np.stack([clip, clip[::-1]]).astype(np.float32) / 4
    actual = native().resample(clip, rate, target, quality, False)
    expected = fallback.resample(clip, rate, target, quality, False)
    assert actual.shape == expected.shape
    assert difference_db(actual, expected) < -100


@pytest.mark.parametrize(("rate", "target"), RATES)
def test_resampling_offline_differs_from_live_by_rounding_only(rate: int, target: int) -> None:
    clip = noise(2, rate + 17)
    live = native().resample(clip, rate, target, "high", False, mode="live")
    offline = native().resample(clip, rate, target, "high", False, mode="Offline")
    assert offline.shape == live.shape
    assert difference_db(offline, live) < -128
    assert np.array_equal(live, native().resample(clip, rate, target, "high", False))


@pytest.mark.parametrize("frames", [0, 1, 2, 441, 4_801])
@pytest.mark.parametrize(("rate", "target"), RATES)
def test_lengths_are_those_of_the_fallback(rate: int, target: int, frames: int) -> None:
    for shape in ((frames,), (1, frames), (2, frames)):
        for mono in (False, True):
            clip = np.zeros(shape, np.float32)
            for mode in ("live", "offline"):
                actual = native().resample(clip, rate, target, "high", mono, mode=mode)
                expected = fallback.resample(clip, rate, target, "high", mono, mode=mode)
                assert actual.shape == expected.shape
                assert actual.shape[-1] == -(-frames * target // rate)


def test_an_equal_rate_gives_a_copy() -> None:
    clip = noise(100)
    for kernels in (native(), fallback):
        result = kernels.resample(clip, 16_000, 16_000, "high", False)
        assert np.array_equal(result, clip)
        assert not np.shares_memory(result, clip)


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_integers_are_resampled_as_the_floats_they_mean(dtype: Any) -> None:
    clip = noise(2, 2_000, dtype=dtype)
    floats = native().convert_format(clip, "f32", False)
    actual = native().resample(clip, 44_100, 16_000, "high", False)
    assert np.array_equal(actual, native().resample(floats, 44_100, 16_000, "high", False))


def cut(clip: NDArray[Any], sizes: tuple[int, ...]) -> list[NDArray[Any]]:
    parts, start = [], 0
    for size in itertools.cycle(sizes):
        if start >= clip.shape[-1]:
            return parts
        parts.append(np.ascontiguousarray(clip[..., start : start + size]))
        start += size


@pytest.mark.parametrize("sizes", [(1, 7, 441, 0, 999), (160,), (5_000,)])
@pytest.mark.parametrize("shape", [(9_000,), (1, 9_000), (2, 9_000)])
def test_a_stream_gives_the_bits_of_the_whole_in_any_chunks(
    shape: tuple[int], sizes: tuple[int, ...]
) -> None:
    clip = noise(*shape)
    channels = 1 if clip.ndim == 1 else clip.shape[0]
    stream = native().Resampler(44_100, 16_000, channels, "high", False)
    twin = fallback.Resampler(44_100, 16_000, channels, "high", False)
    for _ in range(2):  # after flush() it is a new stream
        parts = []
        for part in cut(clip, sizes):
            parts.append(stream.process(part))
            assert parts[-1].shape == twin.process(part).shape
        parts.append(stream.flush())
        assert parts[-1].shape == twin.flush().shape
        assert stream.flush().shape == twin.flush().shape  # a stream of nothing
        whole = native().resample(clip, 44_100, 16_000, "high", False)
        assert np.array_equal(np.concatenate(parts, axis=-1), whole)


def test_a_stream_counts_what_it_cleaned_and_forgets_it_on_reset() -> None:
    clip = np.array([np.nan, 0.5, np.inf, -np.inf], np.float32)
    for kernels in (native(), fallback):
        stream = kernels.Resampler(48_000, 16_000, 1, "high", False)
        stream.process(clip)
        assert stream.cleaned_samples == 3
        stream.reset()
        assert stream.cleaned_samples == 0
        assert stream.flush().shape == (0,)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_stream_states_the_latency_of_the_fallback(quality: str) -> None:
    for rate, target in RATES:
        for mode in ("live", "offline"):
            expected = fallback.Resampler(rate, target, 1, quality, False, mode=mode).latency_frames
            stream = native().Resampler(rate, target, 1, quality, False, mode=mode)
            assert stream.latency_frames == expected


def test_a_stream_refuses_other_channels_than_it_was_made_for() -> None:
    stream = native().Resampler(48_000, 16_000, 2, "high", False)
    with pytest.raises(ItemTypeError, match="audio has 1 channels, expected 2"):
        stream.process(noise(100))


def speech_like(rate: int, seconds: float, seed: int) -> NDArray[np.float32]:
    """Noise that comes in syllables of changing level over a floor that rises and falls."""
    generator = np.random.default_rng(seed)
    frames = int(rate * seconds)
    time = np.arange(frames) / rate
    syllables = np.maximum(0, np.sin(2 * np.pi * 3.1 * time)) * (np.sin(2 * np.pi * 0.4 * time) > 0)
    level = 0.004 * 2 ** np.sin(2 * np.pi * 0.21 * time) + 0.2 * syllables
    return (level * generator.standard_normal(frames)).astype(np.float32)


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
@pytest.mark.parametrize("sizes", [(160,), (1, 700, 0, 33), (100_000,)])
def test_the_energy_vad_decides_as_the_fallback_does(
    aggressiveness: int, sizes: tuple[int, ...]
) -> None:
    for rate, duration_ms, threshold in [(16_000, 30, 0.02), (44_100, 10, 0.004), (8_000, 25, 0.1)]:
        clip = speech_like(rate, 6, aggressiveness)
        settings = (rate, duration_ms, threshold, aggressiveness)
        vads = native().EnergyVAD(*settings), fallback.EnergyVAD(*settings)
        decided: tuple[list[Any], list[Any]] = ([], [])
        for part in cut(clip, sizes):
            for vad, decisions in zip(vads, decided, strict=True):
                decisions.append(vad.process(part))
                assert decisions[-1].dtype == np.bool_
        ours, theirs = np.concatenate(decided[0]), np.concatenate(decided[1])
        assert np.array_equal(ours, theirs)
        assert len(ours) == len(clip) // (rate * duration_ms // 1000)
        assert 0 < np.count_nonzero(ours) < len(ours)


@pytest.mark.parametrize("sizes", [(160,), (1, 700, 0, 33), (100_000,)])
def test_the_energy_vad_gives_the_levels_that_the_fallback_gives(sizes: tuple[int, ...]) -> None:
    for rate, duration_ms, threshold in [(16_000, 20, 0.02), (44_100, 10, 0.004), (11_025, 7, 0.0)]:
        clip = speech_like(rate, 6, 9)
        clip[:rate] = 0
        settings = (rate, duration_ms, threshold, 2)
        vads = native().EnergyVAD(*settings), fallback.EnergyVAD(*settings)
        ours, theirs = (
            np.concatenate([vad.levels(part) for part in cut(clip, sizes)]) for vad in vads
        )
        assert ours.dtype == theirs.dtype == np.float32
        assert ours.shape == theirs.shape
        # The frames' energies have the same bits; log10 is the C library's in one, Python's in the
        # other, and may differ in its last bit.
        np.testing.assert_allclose(ours, theirs, rtol=2e-7, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
def test_the_energy_vad_averages_channels_and_cleans_as_the_fallback_does(dtype: Any) -> None:
    clip = noise(2, 16_000, dtype=dtype)
    if dtype == np.float32:
        clip[0, 700], clip[1, 900:910] = np.nan, np.inf
    vads = native().EnergyVAD(16_000, 30, 0.02, 1), fallback.EnergyVAD(16_000, 30, 0.02, 1)
    assert np.array_equal(*(vad.process(clip) for vad in vads))
    for vad in vads:
        vad.reset()
    assert np.array_equal(*(vad.process(clip[:, :500].copy()) for vad in vads))


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
def test_a_file_holds_what_was_written(tmp_path: Path, dtype: Any) -> None:
    clip = noise(2, 4_410, dtype=dtype)
    path = str(tmp_path / "clip.wav")
    native().write_audio(path, clip, 44_100)
    samples, rate = native().read_audio(path)
    expected = native().convert_format(clip, "f32", False)
    assert rate == 44_100
    assert samples.dtype == np.float32
    assert np.array_equal(samples, expected)
    assert samples.flags.writeable


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".mp3"])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_a_lossy_file_sounds_like_what_was_written(
    tmp_path: Path, kernels: Any, dtype: Any, suffix: str
) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    clip = np.stack([tone, -tone]).astype(np.float32)
    path = str(tmp_path / f"clip{suffix}")
    name = {np.float32: "f32", np.int16: "i16", np.int32: "i32"}[dtype]
    kernels().write_audio(path, fallback.convert_format(clip, name, False), 48_000)
    samples, _ = kernels().read_audio(path)
    assert np.abs(samples - clip)[:, 2_000:-2_000].max() < 0.05


@pytest.mark.parametrize("suffix", [".flac", ".opus", ".mp3"])
@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_a_file_that_cannot_be_empty_is_not_written(
    tmp_path: Path, kernels: Any, suffix: str
) -> None:
    with pytest.raises(MediaIOError, match=r"no audio came.*; write \.wav or \.ogg"):
        kernels().write_audio(str(tmp_path / f"clip{suffix}"), noise(1, 0), 8_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_the_name_of_a_file_may_be_any_bytes(tmp_path: Path, kernels: Any, suffix: str) -> None:
    path = str(tmp_path / (os.fsdecode(b"\xff") + suffix))
    kernels().write_audio(path, noise(100), 8_000)
    assert kernels().read_audio(path)[0].shape == (1, 100)
    Path(path).write_bytes(b"no audio")
    with pytest.raises(MediaIOError):
        kernels().read_audio(path)


@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_the_file_behind_a_link_is_replaced_and_a_pipe_never(tmp_path: Path, kernels: Any) -> None:
    link, pipe = tmp_path / "link.wav", tmp_path / "pipe.wav"
    link.symlink_to("behind.wav")
    os.mkfifo(pipe)
    kernels().write_audio(str(link), noise(100, dtype=np.int16), 8_000)
    with pytest.raises(MediaIOError, match="it is no regular file"):
        kernels().write_audio(str(pipe), noise(100, dtype=np.int16), 8_000)
    assert link.is_symlink()
    assert pipe.is_fifo()
    assert kernels().read_audio(str(tmp_path / "behind.wav"))[0].shape == (1, 100)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_a_pipe_is_not_waited_for(tmp_path: Path, kernels: Any) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(MediaIOError, match="it is no regular file"):
        kernels().read_audio(str(tmp_path / "pipe.wav"))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_a_truncated_file_is_never_a_short_one(tmp_path: Path, kernels: Any, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    native().write_audio(str(path), noise(2, 48_000), 48_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaIOError, match=r"truncated|damaged"):
        kernels().read_audio(str(path))


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize("kernels", [native, lambda: fallback])
def test_a_stream_whose_header_leaves_the_length_open_is_read_to_its_end(
    tmp_path: Path, kernels: Any, dtype: Any, size: int
) -> None:
    path = tmp_path / "stream.wav"
    native().write_audio(str(path), noise(2, 1_000, dtype=dtype), 8_000)
    expected, _ = native().read_audio(str(path))
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = size.to_bytes(4, "little")
    content[4:8] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert np.array_equal(kernels().read_audio(str(path))[0], expected)


def test_a_mono_array_is_written_as_one_channel(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.wav")
    native().write_audio(path, noise(100, dtype=np.int16), 8_000)
    samples, _ = native().read_audio(path)
    assert samples.shape == (1, 100)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m: m.resample(noise(9), 7_999, 16_000, "high", False), "rate is 7999"),
        (lambda m: m.resample(noise(9), 16_000, 16, "high", False), "target_rate is 16, expected"),
        (lambda m: m.resample(noise(9), 8_000, 16_000, "best", False), "quality is 'best'"),
        (
            lambda m: m.resample(noise(9), 8_000, 16_000, "low", False, mode="fast"),
            "mode is 'fast'",
        ),
        (lambda m: m.convert_format(noise(9), "i24", False), "target is 'i24'"),
        (lambda m: m.Resampler(8_000, 16_000, 33, "high", False), "channels is 33"),
        (lambda m: m.Resampler(8_000, 16_000, 1, "high", False, mode="fast"), "mode is 'fast'"),
        (lambda m: m.EnergyVAD(16_000, 4, 0.02, 1), "frame_duration_ms is 4"),
        (lambda m: m.EnergyVAD(16_000, 30, 2.0, 1), "threshold is 2"),
        (lambda m: m.EnergyVAD(16_000, 30, 0.02, 4), "aggressiveness is 4"),
    ],
)
def test_arguments_out_of_range_are_refused_with_their_value(call: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        call(native())


@pytest.mark.parametrize(
    "arguments",
    [
        (True, 16_000, "high", False),
        (7_999, 16_000, "high", False),
        (2**80, 16_000, "high", False),
        (48_000.0, 16_000, "high", False),
        (48_000, "16000", "high", False),
        (48_000, None, "high", False),
        (48_000, 16, "high", False),
        (48_000, 16_000, "best", False),
        (48_000, 16_000, "\udc80", False),
        (48_000, 16_000, None, False),
        (48_000, 16_000, "high", 1),
        (48_000, 16_000, "high", None),
    ],
)
def test_a_rate_change_is_refused_in_the_same_words(arguments: Any) -> None:
    told = []
    for kernels in (native(), fallback):
        with pytest.raises(ConfigurationError) as raised:
            kernels.resample(noise(9), *arguments)
        told.append((str(raised.value), raised.value.hint))
    assert told[0] == told[1]
    assert told[0][0].startswith("resample: ")


def test_a_rate_change_takes_the_numbers_of_numpy_and_names_in_any_case() -> None:
    clip = noise(2, 600)
    expected = native().resample(clip, 48_000, 16_000, "low", True)
    same = (np.int32(48_000), np.uint64(16_000), "LOW", np.True_)
    assert np.array_equal(native().resample(clip, *same), expected)
    assert fallback.resample(clip, *same).shape == expected.shape


@pytest.mark.parametrize(
    "call",
    [
        lambda kernels, x: kernels.convert_format(x, "i16", False),
        lambda kernels, x: kernels.to_mono(x),
        lambda kernels, x: kernels.resample(x, 8_000, 8_000, "low", False),
        lambda kernels, x: kernels.Resampler(8_000, 8_000, 1, "low", False).process(x),
        lambda kernels, x: kernels.EnergyVAD(8_000, 5, 0.02, 1).levels(x),
    ],
)
def test_kernels_take_and_refuse_the_arrays_that_the_check_does(call: Any) -> None:
    clip = noise(400)
    for same in (np.repeat(clip, 2)[::2], clip.astype(">f4"), clip.view(np.recarray)):
        assert np.array_equal(call(native(), same), call(native(), clip))
    assert call(native(), clip.astype(np.float64)).dtype == call(native(), clip).dtype
    wrong = [None, [0.5], clip.astype(np.float16), noise(33, 2), noise(1, 1, 1), clip.view("c8")]
    for array in wrong:
        told = []
        for kernels in (native(), fallback):
            with pytest.raises(ItemTypeError) as refused:
                call(kernels, array)
            told.append((str(refused.value), refused.value.hint))
        assert told[0] == told[1]


@pytest.mark.parametrize(
    ("target", "dither"),
    [
        ("i24", False),
        ("i16 ", True),
        (3, False),
        (None, False),
        ("\ud800", False),
        ("i16", 1),
        ("i16", None),
        ("f32", True),
        ("F64", True),
    ],
)
def test_a_wrong_conversion_is_refused_by_both_in_the_same_words(target: Any, dither: Any) -> None:
    told = []
    for kernels in (native(), fallback, audio):
        arguments = {"dither": dither} if kernels is audio else {}
        given = (noise(9), target) if kernels is audio else (noise(9), target, dither)
        with pytest.raises(ConfigurationError, match="convert_format: ") as refused:
            kernels.convert_format(*given, **arguments)
        told.append((str(refused.value), refused.value.hint))
    assert told[0] == told[1] == told[2]


def test_names_of_formats_may_be_written_in_any_case_and_as_a_kind_of_str() -> None:
    class Name(str):
        pass

    for kernels in (native(), fallback):
        for name in ("I16", Name("i16")):
            converted = kernels.convert_format(noise(9), name, np.False_)
            assert np.array_equal(converted, kernels.convert_format(noise(9), "i16", False))


def test_samples_that_were_cleaned_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    clip = np.array([np.nan, np.inf, 0.5], np.float32)
    assert native().convert_format(clip, "i16", False).tolist() == [0, 32_767, 16_384]
    [record] = caplog.records
    assert record.name == "remotemedia"
    assert record.levelname == "WARNING"
    assert record.getMessage() == "convert_format: 2 samples were NaN or infinite"


@pytest.mark.parametrize("forced", ["native", "python"])
def test_float64_is_converted_once_and_comes_back(
    forced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTEMEDIA_RUNTIME", forced)
    above_tie = np.nextafter(0.5, 1.0) / 32_768  # in float32 a tie, which would become 0
    clip = np.array([[above_tie, -1.0, 2.0], [np.nan, -np.inf, 1e300]])
    assert audio.convert_format(clip, "i16").tolist() == [
        [1, -32_768, 32_767],
        [0, -32_768, 32_767],
    ]
    assert audio.convert_format(clip, "F64") is clip
    floats = audio.convert_format(clip, "f32")
    assert floats.dtype == np.float32
    assert np.isinf(floats[1, 2])
    integers = noise(2, 1_001, dtype=np.int32)
    doubles = audio.convert_format(integers, "f64")
    assert doubles.dtype == np.float64
    assert np.array_equal(doubles, integers / 2.0**31)
    assert np.array_equal(audio.convert_format(doubles, "i32"), integers)
    flat = audio.convert_format(integers[0], "f64")
    assert flat.shape == (1_001,)
    dithered = audio.convert_format(doubles, "i16", dither=True)
    assert np.array_equal(dithered, audio.convert_format(doubles.astype("f4"), "i16", dither=True))

"""The fallback's resampler against closed forms and against soxr as an independent peer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from remotemedia import _kernels_numpy as kernels

QUALITIES = {"low": 0.80, "medium": 0.87, "high": 0.913, "very_high": 0.95}  # end of the pass band
RATIOS = [(44_100, 16_000), (48_000, 16_000), (16_000, 44_100), (44_101, 16_000), (96_000, 8_000)]


def tone(hz: float, rate: int, frames: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(frames) / rate)).astype(np.float32)


def middle(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    quarter = samples.shape[-1] // 4
    return samples[..., quarter:-quarter].astype(np.float64)


def difference_db(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    error = np.sqrt(np.mean((middle(actual) - middle(expected)) ** 2))
    return float(20 * np.log10(error / np.sqrt(np.mean(middle(expected) ** 2)) + 1e-12))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(("rate", "target"), RATIOS)
def test_a_tone_up_to_the_pass_edge_comes_out_in_time_and_at_its_level(
    rate: int, target: int, quality: str
) -> None:
    for share in (0.1, 0.5, QUALITIES[quality]):
        hz = share * min(rate, target) / 2
        out = kernels.resample(tone(hz, rate, rate // 2), rate, target, quality, False)
        # The sharp filter of high ripples by -104 dB; those of low and medium are made for 112 dB.
        limit_db = -101 if quality == "high" else -108
        assert difference_db(out, tone(hz, target, len(out))) < limit_db


@pytest.mark.parametrize("quality", QUALITIES)
def test_tones_that_the_target_rate_cannot_hold_vanish(quality: str) -> None:
    for hz in (8_000, 8_400, 12_000, 20_000):
        out = kernels.resample(tone(hz, 48_000, 24_000), 48_000, 16_000, quality, False)
        assert 20 * np.log10(np.max(np.abs(middle(out))) + 1e-12) < -100


def test_it_agrees_with_soxr_where_soxr_reaches_the_ratio_exactly() -> None:
    soxr = pytest.importorskip("soxr")
    rng = np.random.default_rng(5)
    hz = rng.uniform(100, 7_000, 20)
    clip = np.sum([tone(f, 48_000, 48_000) for f in hz], axis=0, dtype=np.float32) / 20
    expected = soxr.resample(clip, 48_000, 16_000, "HQ")
    out = kernels.resample(clip, 48_000, 16_000, "high", False)
    assert difference_db(out, expected) < -104


@pytest.mark.parametrize(("rate", "target"), RATIOS)
@pytest.mark.parametrize("sizes", [(160,), (1, 7, 441, 0, 999), (4_001,)])
def test_no_chunking_changes_a_bit(rate: int, target: int, sizes: tuple[int, ...]) -> None:
    clip = np.random.default_rng(1).uniform(-1, 1, (2, 9_000)).astype(np.float32)
    whole = kernels.resample(clip, rate, target, "high", False)
    stream = kernels.Resampler(rate, target, 2, "high", False)
    parts, start = [], 0
    for size in itertools.cycle(sizes):
        parts.append(stream.process(clip[:, start : start + size]))
        start += size
        if start >= clip.shape[1]:
            break
    parts.append(stream.flush())
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize(("rate", "target"), RATIOS)
@pytest.mark.parametrize("frames", [0, 1, 2, 161, 5_000])
def test_the_length_is_the_ceiling_of_the_ratio(rate: int, target: int, frames: int) -> None:
    out = kernels.resample(np.zeros(frames, np.float32), rate, target, "high", False)
    assert len(out) == -(-frames * target // rate)


def test_a_stream_holds_back_exactly_its_latency() -> None:
    stream = kernels.Resampler(48_000, 16_000, 1, "high", False)
    latency = stream.latency_frames
    assert stream.process(np.zeros(latency, np.float32)).size == 0
    assert stream.process(np.zeros(1, np.float32)).size == 1
    # 10 ms in, 10 ms out: no bursts
    assert {stream.process(np.zeros(480, np.float32)).size for _ in range(50)} == {160}


def test_mono_averages_the_channels_before_the_filter() -> None:
    left, right = tone(440, 48_000, 4_800), tone(1_000, 48_000, 4_800)
    mixed = kernels.resample(np.stack([left, right]), 48_000, 16_000, "high", True)
    alone = kernels.resample((left + right) / 2, 48_000, 16_000, "high", False)
    assert mixed.shape == (1, 1_600)
    assert np.allclose(mixed[0], alone, atol=1e-6)


def test_what_is_not_finite_is_replaced_and_counted() -> None:
    clip = np.full(4_800, np.nan, np.float32)
    clip[100], clip[200] = np.inf, -np.inf
    stream = kernels.Resampler(48_000, 16_000, 1, "high", False)
    out = np.concatenate([stream.process(clip), stream.flush()])
    assert np.all(np.isfinite(out))
    assert stream.cleaned_samples == 4_800

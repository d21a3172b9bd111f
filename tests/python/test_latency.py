"""The distribution of durations in the Python session."""

from __future__ import annotations

import math
import random

import pytest

from remotemedia._latency import LATENCY_BOUNDS_NS, LatencyHistogram, LatencySummary


def summary_of(*durations_ns: int) -> LatencySummary:
    histogram = LatencyHistogram()
    for duration in durations_ns:
        histogram.add(duration)
    return histogram.summary()


def test_without_durations_all_is_zero() -> None:
    summary = LatencyHistogram().summary()
    assert summary == LatencySummary()
    assert sum(summary.bucket_counts) == 0


def test_each_duration_comes_back_within_a_sixty_fourth() -> None:
    ns = 1
    while ns < 1 << 36:
        assert abs(summary_of(ns).p50_ns - ns) <= ns / 64
        ns += 1 + ns // 97


def test_what_is_out_of_range_is_held_at_the_ends() -> None:
    assert summary_of(-5).p50_ns == 0
    assert 67e9 < summary_of(10**15).p50_ns < 69e9


def test_quantiles_are_those_of_the_sorted_durations() -> None:
    dice = random.Random(7)
    durations = [int(dice.lognormvariate(11.0, 1.5)) for _ in range(5_000)]
    summary = summary_of(*durations)
    durations.sort()
    for found, share in (
        (summary.p50_ns, 0.5),
        (summary.p95_ns, 0.95),
        (summary.p99_ns, 0.99),
        (summary.p999_ns, 0.999),
    ):
        exact = durations[math.ceil(share * len(durations)) - 1]
        assert found == pytest.approx(exact, rel=1 / 64, abs=1)


def test_durations_are_counted_by_the_bounds_of_monitoring() -> None:
    counts = summary_of(1, 40_000, 60_000, 2_000_000, 2 * 10**9, 3 * 10**9).bucket_counts
    assert len(counts) == len(LATENCY_BOUNDS_NS) + 1
    assert (counts[0], counts[1], counts[5], counts[14], counts[15]) == (2, 1, 1, 1, 1)
    assert sum(counts) == 6


def test_merged_it_is_that_of_all_durations() -> None:
    one, two, both = LatencyHistogram(), LatencyHistogram(), LatencyHistogram()
    for i in range(1_000):
        (two if i % 3 else one).add(i * i)
        both.add(i * i)
    one.merge(two)
    assert one.count == 1_000
    assert one.summary() == both.summary()

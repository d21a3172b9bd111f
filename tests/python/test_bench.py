"""The benchmark's arithmetic: what it makes of scores, labels, times and numbers."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import numpy as np
import pytest

pytest.importorskip("scipy")
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import accuracy
import charts
import labelled_set
import page
import page_webrtc
import run
import timing
import webrtc_sessions
from goals import at_least, at_most, codec_share, evenness, format_kernels
from parts import PARTS, Bench


def figures(scores: list[float], labels: list[bool]) -> dict[str, float]:
    pool = accuracy.Pool()
    pool.add(np.array(scores), np.array(labels))
    return pool.figures()


def test_the_area_is_the_chance_that_speech_scores_higher_with_ties_as_half() -> None:
    random = np.random.default_rng(3)
    scores = random.integers(0, 6, 200).astype(float)  # many ties
    labels = random.random(200) < 0.2 + 0.1 * scores
    speech, rest = scores[labels], scores[~labels]
    higher = np.mean(speech[:, None] > rest) + 0.5 * np.mean(speech[:, None] == rest)
    assert figures(list(scores), list(labels))["auc"] == pytest.approx(higher)


ABOUT: Final = {"cpu": "Some CPU"}


def test_a_part_that_runs_alone_keeps_the_others_with_their_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, tmp_path, quick=False)
    path = tmp_path / "results.json"
    monkeypatch.setitem(PARTS, "speech", {"accuracy": lambda _: 1, "speech": lambda _: 2})
    old = {**run.earlier(path, ABOUT, quick=False), "dates": {"kernels": "2026-01-02"}}
    run.measure(["speech"], bench, {**old, "kernels": [7]})
    kept = run.earlier(path, ABOUT, quick=False)
    assert (kept["accuracy"], kept["speech"], kept["kernels"]) == (1, 2, [7])
    assert page.days({"speech": "2026-03-04", "kernels": "2026-01-02"}) == (
        "2026-03-04; kernels on 2026-01-02"
    )
    assert page.days(kept["dates"]).endswith("; kernels on 2026-01-02")
    assert page.days({"speech": "2026-03-04", "kernels": "2026-03-04"}) == "2026-03-04"


def test_a_run_that_is_cut_short_loses_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(_: Bench) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(PARTS, "formats", {"formats": lambda _: 3})
    monkeypatch.setitem(PARTS, "kernels", {"kernels": stops})
    path = tmp_path / "results.json"
    fresh = run.earlier(path, ABOUT, quick=False)
    with pytest.raises(KeyboardInterrupt):
        run.measure(["formats", "kernels"], Bench(tmp_path, tmp_path, quick=False), fresh)
    assert list(run.earlier(path, ABOUT, quick=False)["dates"]) == ["formats"]


def test_results_of_another_machine_or_kind_of_run_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    run.save(path, {**run.earlier(path, ABOUT, quick=False), "dates": {"kernels": "2026-01-02"}})
    assert run.earlier(path, ABOUT, quick=False)["dates"] != {}
    assert run.earlier(path, ABOUT, quick=True)["dates"] == {}
    assert run.earlier(path, {"cpu": "Another"}, quick=False)["dates"] == {}


def test_a_perfect_detector_and_a_blind_one() -> None:
    perfect = figures([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert perfect == {"auc": 1.0, "best_f1": 1.0, "tpr_at_5_fpr": 1.0}
    blind = figures([0.5] * 4, [False, False, True, True])
    assert blind["auc"] == pytest.approx(0.5)
    assert blind["best_f1"] == pytest.approx(2 / 3)
    assert blind["tpr_at_5_fpr"] == pytest.approx(0.05)


def test_the_area_of_yes_and_no_is_the_balanced_accuracy() -> None:
    says = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    labels = [True, True, True, False, False, False, False, False]
    assert figures(says, labels)["auc"] == pytest.approx((2 / 3 + 3 / 5) / 2)


def test_labels_that_are_all_alike_have_no_curve() -> None:
    with pytest.raises(ValueError, match="all alike"):
        figures([0.1, 0.2], [True, True])


def test_a_frame_has_the_label_of_its_centre() -> None:
    labels = accuracy.labels_at_centres([[0.030, 0.050]], 5, 320)  # centres at 10, 30, 50, ... ms
    assert labels.tolist() == [False, True, False, False, False]


def test_labels_span_short_gaps_and_leave_out_clicks() -> None:
    rate = labelled_set.RATE
    voice = np.zeros(2 * rate)
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(rate) / rate)
    voice[4_800:8_000] = tone[:3_200]  # 0.30 s .. 0.50 s
    voice[8_800:12_800] = tone[:4_000]  # after a gap of 50 ms, until 0.80 s
    voice[24_000:24_160] = tone[:160]  # a click of 10 ms
    labels = labelled_set.label(voice, 40.0)
    assert labelled_set.runs(labels) == [(30, 80)]


def test_noise_has_the_ratio_that_its_file_is_named_after() -> None:
    labels = np.array([False] * 50 + [True] * 50)
    samples = np.zeros(100 * labelled_set.FRAME)
    samples[8_000:] = 0.1 * np.sin(np.arange(8_000))
    clip = labelled_set.Clip("test", [], samples, labels)
    noise = np.random.default_rng(4).standard_normal(len(samples))
    added = labelled_set.mix(clip, noise, 10.0) - samples
    ratio_db = 10 * np.log10(np.mean(samples[8_000:] ** 2) / np.mean(added**2))
    assert ratio_db == pytest.approx(10.0)


def test_ratios_are_of_rounds_in_which_both_ran() -> None:
    assert timing.times_faster([10.0, None, 40.0, 90.0], [5.0, 1.0, 10.0, None]) == 3.0
    assert timing.median([3.0, None, 1.0]) == 2.0
    assert timing.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(0.5)


def test_calls_take_turns() -> None:
    order: list[str] = []

    def work(name: str) -> None:
        order.append(name)
        sum(range(100_000))  # longer than what is repeated for one reading of the clock

    times = timing.interleave({"a": lambda: work("a"), "b": lambda: work("b")}, 3)
    assert "".join(order[-6:]) == "ababab"
    assert [len(own) for own in times.values()] == [3, 3]


def test_a_goal_without_a_figure_is_neither_met_nor_missed() -> None:
    assert at_least("a", "b", None, 1.0).met is None
    assert at_least("a", "b", 1.0, 1.0).met is True
    assert at_most("a", "b", 1.01, 1.0).met is False
    assert at_least("a", "b", 1.26, 1.3).measured == "1.26x"
    assert at_most("a", "b", 1.5e-6, 1e-5, "").measured == "1.5e-06"


def test_a_goal_beyond_what_memory_allows_is_missed_and_says_so() -> None:
    kernel = {"name": "i16 -> f64", "memory": "L2", "ratio": 0.65, "limit": 0.66}
    within = {**kernel, "name": "i16 -> i32", "limit": 0.95}
    verdicts = format_kernels({"format_kernels": [kernel, within]})
    assert [v.measured for v in verdicts] == ["0.65x (limit 0.66x)", "0.65x"]
    assert [v.met for v in verdicts] == [False, False]


def test_uneven_blocks_are_missed_and_say_how_even_the_machine_was() -> None:
    ours = {"p50_us": [2.0, 2.0, 9.0], "p99_us": [2.8, 2.8, 2.9]}
    loop = {"p50_us": [1.0], "p99_us": [1.5]}
    verdict = evenness("a", "job", ours, loop)
    assert verdict.measured == "1.4x (constant work 1.5x)"
    assert verdict.met is False
    assert evenness("a", "job", ours, None).measured == "1.4x"


@pytest.mark.parametrize(
    "svg",
    [
        charts.bars("t", "n", [("a <b>", 0.01, "0.01x"), ("c", 10.0, "10x")], "a"),
        charts.scatter("t", "n", "dB", [("a", 0.5, 20.0), ("b", 2.0, 130.0)], "a"),
        charts.ranges("t", "n", [("a", 1.0, 2.0, 3.0)], "a"),
        charts.curves("t", "n", [("a", [(0.0, 0.0), (1.0, 1.0)])], [("b", 0.5, 0.5)]),
        charts.stacks("t", "n", [("a", [("x", 1.0), ("y", 2.0)])]),
    ],
)
def test_a_chart_is_a_document_whose_shapes_lie_inside_it(svg: str) -> None:
    root = ET.fromstring(svg)
    width, height = (float(value) for value in root.attrib["viewBox"].split()[2:])
    assert "prefers-color-scheme: dark" in svg
    for shape in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            assert 0 <= float(shape.attrib.get(name, 0)) <= width
        for name in ("y", "y1", "y2", "cy"):
            assert 0 <= float(shape.attrib.get(name, 0)) <= height


def test_a_logarithmic_axis_has_equal_steps_for_equal_ratios() -> None:
    axis = charts.LogAxis(0.1, 1000.0, 0.0, 400.0)
    assert [round(axis.at(tick)) for tick in axis.ticks()] == [0, 100, 200, 300, 400]


def test_sessions_fill_a_core_by_what_one_takes_of_it() -> None:
    entry = {"core_share": [0.1, 0.02, 0.025]}
    assert page_webrtc.sessions_per_core(entry) == pytest.approx(40)
    # 50 packets a second of 100 us are half a percent of a core.
    cost = {"decode_us": [20.0, 10.0, 30.0], "encode_us": [80.0]}
    assert page_webrtc.codec_sessions(cost) == pytest.approx(200)


def test_the_share_of_the_codec_holds_when_the_machine_is_slow_for_some_rounds() -> None:
    # Half of the server's time in each round, whose times double, and once a third.
    ours = {"core_share": [0.01, 0.02, 0.02, 0.01, 0.015]}
    alone = {
        "decode_us": [20.0, 40.0, 40.0, 20.0, 20.0],
        "encode_us": [80.0, 160.0, 160.0, 80.0, 80.0],
    }
    assert codec_share(ours, alone) == pytest.approx(0.5)


SESSIONS = {
    "memory": {"sessions": 200, "session_kib": 343.4},
    "ten_sessions": {
        "processing_p99_us": 297.0,
        "first_audio_ms": {"p50": 58.0},
        "echo_delay_ms": {"p50": 86.0},
    },
    # 3.1 s of 100 s, 365 of 500.
    "lossy": {
        "lost_share": 0.0985,
        "seconds": 100.0,
        "concealed_ms": 3100,
        "longest_gap_ms": 17.5,
        "recovered": 365,
        "lost": 500,
    },
    "soak": {"sessions": 10_000, "slope_kib_per_session": 0.0123},
}


def test_the_page_shows_what_a_session_takes_and_gives() -> None:
    page = page_webrtc.webrtc_sessions({"webrtc_sessions": SESSIONS})
    assert "| memory of a session, 200 open | 343 KiB |" in page
    assert "concealed, longest gap | 3.1 %, 18 ms |" in page
    assert "| 73% |" in page


def test_the_tables_of_the_server_page_are_written_between_their_marks() -> None:
    def entry(share: float, *delay_ms: float) -> dict[str, object]:
        delay = dict(zip(("p50", "p99"), delay_ms, strict=True)) if delay_ms else None
        return {"core_share": [share], "echo_delay_ms": delay}

    modes = {
        "echo": {"remotemedia": entry(0.01, 85.2, 86.0), "aiortc": entry(0.1, 167.0, 168.4)},
        "echo, same Opus": {"remotemedia": entry(0.008), "aiortc": entry(0.05)},
        "receive-only": {"remotemedia": entry(0.002), "aiortc": entry(0.02)},
    }
    results = {"webrtc_servers": {"modes": modes}, "webrtc_sessions": SESSIONS}
    begin, end = page_webrtc.TABLES_BEGIN, page_webrtc.TABLES_END
    page = page_webrtc.with_tables(f"Before.\n{begin}old\n{end}After.\n", results)
    assert page.startswith(f"Before.\n{begin}\n|  | ours | aiortc |\n|---|---:|---:|\n")
    assert f" | 85 / 86 ms | 167 / 168 ms |\n\n{page_webrtc.OF_OURS}\n|  | measured |\n" in page
    assert page.endswith(f"| 73% |\n\n{end}After.\n")
    assert "energy VAD | 500 | 50 |" in page
    assert "goes back | 100 | 10 |" in page
    assert "our Opus settings | 125 | 20 |" in page
    assert page_webrtc.with_tables(page, results) == page
    with pytest.raises(ValueError, match=r"expected .*, tables and"):
        page_webrtc.with_tables(f"Before.\n{begin}old\n", results)


def test_processing_time_is_the_difference_of_two_pages_of_metrics() -> None:
    def text(*counts: int) -> str:
        limits = ("0.0001", "0.001", "+Inf")
        name = "remotemedia_server_processing_seconds_bucket"
        pairs = zip(limits, counts, strict=True)
        return "\n".join(f'{name}{{le="{limit}"}} {count}' for limit, count in pairs)

    # 100 more: 98 up to 100 us, 2 up to 1 ms; the 99th is in the middle of those.
    found = webrtc_sessions.processing_p99_us(text(5, 5, 5), text(103, 105, 105))
    assert found == pytest.approx(550.0)


def test_the_page_shows_servers_with_and_without_ours() -> None:
    delay = {"count": 4, "p50": 58.0, "p99": 97.0, "max": 97.0}
    shared = {"sessions": 6, "returned": 0.999, "gaps_over_60_ms": 3, "echo_delay_ms": delay}
    theirs = {**shared, "core_share": [0.1, 0.1]}
    found = {
        "seconds": 15.0,
        "rounds": 2,
        "modes": {"echo": {"aiortc": theirs}, "receive-only": {}},
        "opus": {
            "64000": {"library": "lib", "decode_us": [20.0], "encode_us": [180.0], "pesq": 4.3}
        },
        "live_opus": {"decode_us": [20.0, 30.0], "encode_us": [225.0, 225.0]},
        "versions": {"aiortc": "1"},
    }
    page = page_webrtc.webrtc_servers({"webrtc_servers": found})
    assert "| echo, aiortc | 6 | 10.00 % | 0 % | 10 |  | 58 / 97 ms | 99.9% | 3 |" in page
    assert "| 64 kbit/s | 20 us | 180 us | 100 | 4.30 |" in page
    assert "| 64 kbit/s, live | 25 us | 225 us | 80 |  |" in page
    found["modes"]["echo"]["remotemedia"] = {**shared, "core_share": [0.02, 0.02]}
    page = page_webrtc.webrtc_servers({"webrtc_servers": found})
    assert "| echo, aiortc | 6 | 10.00 % | 0 % | 10 | 5.00x | 58 / 97 ms | 99.9% | 3 |" in page

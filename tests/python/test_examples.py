"""The example programs run as shipped, and what they print is true."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "native_runtime"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
TONE_LEVEL_DB = -9.03  # RMS of a sine at half of full scale: 20 log10(0.5 / sqrt 2)


def run_example(name: str, *arguments: str, runtime: str | None = None) -> str:
    environment = dict(os.environ)
    if runtime is not None:
        environment["REMOTEMEDIA_RUNTIME"] = runtime
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def speech_segments(printed: str) -> list[tuple[float, float]]:
    rows = re.findall(r"speech (\S+) s \.\. (\S+) s", printed)
    return [(float(start), float(end)) for start, end in rows]


@pytest.fixture(params=[None, "python"], ids=["as_installed", "forced_python"])
def runtime(request: pytest.FixtureRequest) -> str | None:
    value: str | None = request.param
    return value


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second of a stereo tone at 22,050 Hz between two seconds of silence."""
    rate = 22_050
    tone = np.zeros(3 * rate)
    tone[rate : 2 * rate] = 0.4 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    stereo = np.repeat((tone * 32767).astype("<i2"), 2)
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(stereo.tobytes())
    return path


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_example_takes_a_file(name: str, recording: Path) -> None:
    assert run_example(name, str(recording)).strip()


def test_resampling_example_keeps_length_and_level(runtime: str | None) -> None:
    printed = run_example("13_audio_resample_native.py", runtime=runtime)
    rows = re.findall(r"ran=(\w+) .*frames=(\d+)->(\d+) level=\S+->(\S+) dB", printed)
    assert len(rows) == 8  # four qualities, two hints
    for ran_on, frames, out_frames, level_db in rows:
        assert int(out_frames) == -(-int(frames) * 16_000 // 48_000)
        assert float(level_db) == pytest.approx(TONE_LEVEL_DB, abs=0.1)
        assert ran_on in (("python",) if runtime == "python" else ("native", "python"))


def test_format_example_loses_no_int16_value(runtime: str | None) -> None:
    printed = run_example("14_audio_format_native.py", runtime=runtime)
    assert printed.count("65536 of 65536 values unchanged") == 2
    assert printed.count("runtimes agree bit for bit: True") == 3
    clamped = re.findall(r"dtype=int16 min=(-?\d+) max=(\d+)", printed)
    assert set(clamped) == {("-32768", "32767")}


def test_pipeline_example_finds_the_two_voiced_passages(runtime: str | None) -> None:
    printed = run_example("15_full_audio_pipeline.py", runtime=runtime)
    segments = speech_segments(printed)
    assert "out: int16 (1, 80000) at 16000 Hz" in printed
    assert len(segments) == 2
    for found, voiced in zip(segments, ((0.6, 1.8), (2.7, 4.2)), strict=True):
        assert found == pytest.approx(voiced, abs=0.06)  # two frames of 30 ms


def test_pipeline_example_times_a_file_in_its_own_seconds(recording: Path) -> None:
    printed = run_example("15_full_audio_pipeline.py", str(recording))
    segments = speech_segments(printed)
    assert len(segments) == 1
    assert segments[0] == pytest.approx((1.0, 2.0), abs=0.06)


def test_benchmark_example_compares_equal_work(runtime: str | None) -> None:
    name = "12_audio_preprocessing_benchmark.py"
    printed = json.loads(run_example(name, "--json", "--repeats", "2", runtime=runtime))
    assert (printed["seconds"], printed["rate"]) == (10.0, 44_100)
    result = printed["results"]["energy"]
    assert result["agreement"]["same_vad_answers"] == 1.0
    assert result["agreement"]["largest_int16_step"] <= 1.0
    assert result["agreement"]["resample_difference_db"] < -60
    for side in ("native", "python"):
        assert set(result[side]["stages_ms"]) == {"resample", "vad", "format"}
        assert result[side]["median_ms"] > 0
        assert result[side]["peak_mib"] > 10  # an interpreter with NumPy alone is more
        # The resampled clip and its int16 copy have to be somewhere.
        assert result[side]["work_mib"] > 0.5
    assert result["pipeline"]["times_faster"] > 0


def test_benchmark_example_explains_itself() -> None:
    assert "--repeats" in run_example("12_audio_preprocessing_benchmark.py", "--help")

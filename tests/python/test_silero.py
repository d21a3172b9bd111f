"""`audio.SileroVAD` and `SileroVADNode`: against ONNX Runtime, and native against the fallback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import ConfigurationError, MediaIOError, Pipeline, RemoteMediaError, audio
from remotemedia._models import SILERO_VAD, model_folders, read_model, require_model
from remotemedia._onnx import branch_constants
from remotemedia._segmenter import SpeechSegmenter
from remotemedia.nodes import AudioResampleNode, SileroVADNode, VADTriggeredBuffer
from signals import chunks, noise
from silero_speech import MODELS, maker, recordings, speech

TOLERANCE = 1e-5  # of a probability


@pytest.fixture(params=["as it is", "python"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with the kernels that the environment gives, and with the fallback's."""
    if request.param == "python":
        monkeypatch.setenv("REMOTEMEDIA_RUNTIME", "python")


# --- probabilities


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("index", range(10))
def test_probabilities_are_those_of_onnx_runtime_on_speech(index: int) -> None:
    recording = recordings()[index]
    actual = audio.SileroVAD(recording.rate).process(recording.samples)
    assert actual.dtype == np.float32
    assert actual.shape == recording.probabilities.shape
    assert np.abs(actual - recording.probabilities).max() <= TOLERANCE
    assert recording.probabilities.max() > 0.99
    assert recording.probabilities.min() < 0.05


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_probabilities_are_those_of_onnx_runtime_here_and_now(rate: int) -> None:
    pytest.importorskip("onnxruntime")
    x = speech(rate)
    hiss = noise(x.shape, seed=5, amplitude=0.05)
    reference = maker().Reference()
    for signal in (x, x + hiss, 0.01 * x, hiss, np.zeros_like(x)):
        expected = reference.probabilities(signal, rate)
        assert np.abs(audio.SileroVAD(rate).process(signal) - expected).max() <= TOLERANCE


@pytest.mark.native_only
@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_native_and_fallback_agree(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = speech(rate)
    native = audio.SileroVAD(rate).process(x)
    monkeypatch.setenv("REMOTEMEDIA_RUNTIME", "python")
    assert np.abs(audio.SileroVAD(rate).process(x) - native).max() <= TOLERANCE


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("frames", [1, 7, 160, 441, 4_096])
def test_chunks_do_not_change_a_bit(frames: int) -> None:
    x = speech()[: 700 if frames == 1 else 20_000]
    whole = audio.SileroVAD().process(x)
    vad = audio.SileroVAD()
    assert vad.process(x[:0]).shape == (0,)
    assert np.array_equal(np.concatenate([vad.process(part) for part in chunks(x, frames)]), whole)


@pytest.mark.usefixtures("either")
def test_many_detectors_in_one_call_get_what_each_gets_alone() -> None:
    x = speech()
    rng = np.random.default_rng(3)
    together = [audio.SileroVAD() for _ in range(11)]
    alone = [audio.SileroVAD() for _ in range(11)]
    for _ in range(4):
        parts = [x[at : at + rng.integers(0, 1_500)] for at in rng.integers(0, 300_000, 11)]
        results = audio.SileroVAD.process_many(together, parts)
        for vad, part, result in zip(alone, parts, results, strict=True):
            assert np.array_equal(vad.process(part), result)
    assert audio.SileroVAD.process_many([], []) == []


@pytest.mark.native_only
def test_many_detectors_may_be_of_both_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    native = audio.SileroVAD()
    monkeypatch.setenv("REMOTEMEDIA_RUNTIME", "python")
    detectors = [native, audio.SileroVAD(8_000), audio.SileroVAD()]
    x = speech()[:5_120]
    results = audio.SileroVAD.process_many(detectors, [x, x, x])
    assert [len(result) for result in results] == [10, 20, 10]
    assert np.abs(results[0] - results[2]).max() <= TOLERANCE


@pytest.mark.usefixtures("either")
def test_all_forms_of_audio_are_taken() -> None:
    x = speech()[:8_192]
    expected = audio.SileroVAD().process(x)
    integers = np.round(x * 32768).astype(np.int16)
    for form in (x[np.newaxis], x.astype(np.float64), integers, np.stack([x, x]), x[::-1][::-1]):
        assert np.array_equal(audio.SileroVAD().process(form), expected)


@pytest.mark.usefixtures("either")
def test_a_partial_window_is_completed_with_zeros_by_flush() -> None:
    x = speech()[20_000:21_000]
    vad = audio.SileroVAD()
    vad.process(x)
    last = vad.flush()
    assert vad.flush().shape == (0,)
    padded = np.pad(x, (0, 24))
    assert np.array_equal(vad.process(padded)[1:], last)
    vad.reset()
    assert np.array_equal(vad.process(padded)[1:], last)


@pytest.mark.usefixtures("either")
def test_samples_that_are_no_numbers_are_cleaned_and_counted() -> None:
    x = speech()[:4_096].copy()
    clean = x.copy()
    for at, value, stand_in in ((9, np.nan, 0), (700, np.inf, 1), (900, -np.inf, -1)):
        x[at], clean[at] = value, stand_in
    x[3_000], clean[3_000] = -1e30, -65536
    vad = audio.SileroVAD()
    assert np.array_equal(vad.process(x), audio.SileroVAD().process(clean))
    assert vad.cleaned_samples == 4


@pytest.mark.usefixtures("either")
def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="rate is 44100, expected 16000 or 8000 Hz"):
        audio.SileroVAD(44_100)
    vad = audio.SileroVAD()
    assert vad.window_length == 512
    assert audio.SileroVAD(8_000).window_length == 256
    with pytest.raises(ConfigurationError, match="number of chunks is 0, expected 1"):
        audio.SileroVAD.process_many([vad], [])
    with pytest.raises(ConfigurationError, match="expected each once"):
        audio.SileroVAD.process_many([vad, vad], [noise(4, 1), noise(4, 1)])
    with pytest.raises(TypeError, match="chunk is a list"):
        audio.SileroVAD.process_many([vad], [[0.0]])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected a numpy array"):
        vad.process("x")  # type: ignore[arg-type]


# --- the model's file


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("size", [0, 1_000_000, -1])
def test_another_file_is_refused_with_both_hashes(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray((MODELS / SILERO_VAD.name).read_bytes())
    data[-1] ^= 1
    (tmp_path / SILERO_VAD.name).write_bytes(data if size < 0 else data[:size])
    monkeypatch.setenv("REMOTEMEDIA_MODELS", str(tmp_path))
    with pytest.raises(MediaIOError) as refused:
        audio.SileroVAD()
    text = str(refused.value)
    assert str(tmp_path / SILERO_VAD.name) in text
    assert f"of its {len(data) if size < 0 else size} bytes) is " in text
    assert f"expected {SILERO_VAD.sha256}" in text
    assert "silero-vad 6.2.1" in refused.value.hint


def test_a_missing_file_is_asked_for_by_all_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTEMEDIA_MODELS", str(tmp_path))
    folders = model_folders()
    assert folders[0] == tmp_path
    assert folders[1].parts[-2:] == ("remotemedia", "models")
    with pytest.raises(MediaIOError, match=f"not in '{tmp_path}', '{tmp_path / 'b'}'; copy "):
        require_model(SILERO_VAD, [tmp_path, tmp_path / "b"])
    with pytest.raises(MediaIOError, match="No such file"):
        read_model(SILERO_VAD, tmp_path / "none")


def test_bytes_that_are_no_model_are_refused() -> None:
    for data in (b"", b"\x3a\x05abc", b"\x0b", (MODELS / SILERO_VAD.name).read_bytes()[:5_000]):
        with pytest.raises(RemoteMediaError, match="ONNX model is "):
            branch_constants(data, "then_branch")


# --- the node


def _details(result: Any) -> dict[str, Any]:
    details: dict[str, Any] = result[2]
    return details


def test_the_node_gives_probabilities_segments_and_events(use_rust: bool) -> None:
    x = speech()
    result = Pipeline([SileroVADNode()]).run_sync((x, 16_000), use_rust=use_rust)
    assert np.array_equal(result[0], x)
    found = _details(result)
    expected = audio.SileroVAD()
    whole = np.concatenate([expected.process(x), expected.flush()])
    assert np.abs(np.array(found["speech_probabilities"]) - whole).max() <= TOLERANCE
    assert found["total_frames"] == len(whole)
    events = found["speech_events"]
    assert [event["event"] for event in events] == ["start", "end"] * 5
    times = [event["time_s"] for event in events]
    assert times == sorted(times)
    assert [times[i : i + 2] for i in range(0, 10, 2)] == found["speech_segments"]
    assert found["analysed_until_s"] == pytest.approx(len(x) / 16_000)


@pytest.mark.native_only
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threshold": 0.8, "min_speech_duration_ms": 0, "min_silence_duration_ms": 0},
        {"threshold": 0.2, "speech_pad_ms": 400, "min_silence_duration_ms": 32},
        {"sample_rate": 16_000, "min_speech_duration_ms": 2_000},
    ],
)
@pytest.mark.parametrize("frames", [160, 5_000])
def test_the_node_says_the_same_in_both_runtimes(settings: dict[str, Any], frames: int) -> None:
    x = np.concatenate([speech()[:100_000], np.zeros(8_000, np.float32), speech()[200_000:240_000]])
    items = [(part, 16_000) for part in chunks(x, frames)]
    pipeline = Pipeline([SileroVADNode(**settings)])

    async def stream() -> Any:
        for item in items:
            yield item

    both = [pipeline.run_sync(stream(), use_rust=use) for use in (True, False)]
    native, python = ([_details(result) for result in results] for results in both)
    assert len(native) == len(python) == len(items) + 1
    for one, other in zip(native, python, strict=True):
        close = np.abs(
            np.array(one.pop("speech_probabilities")) - np.array(other.pop("speech_probabilities"))
        )
        assert close.size == 0 or close.max() <= TOLERANCE
        assert one == other


def test_a_whole_clip_says_what_its_blocks_say(use_rust: bool, tmp_path: Path) -> None:
    x = speech()[:60_000]
    audio.write(tmp_path / "speech.wav", x, 16_000)
    pipeline = Pipeline([SileroVADNode()])
    clip = _details(pipeline.run_sync((x, 16_000), use_rust=use_rust))
    file = _details(pipeline.run_sync(tmp_path / "speech.wav", use_rust=use_rust))
    assert file["speech_events"] == clip["speech_events"]
    assert file["speech_segments"] == clip["speech_segments"]
    assert file["speech_probabilities"] == clip["speech_probabilities"]
    assert clip["speech_events"][-1]["time_s"] == pytest.approx(60_000 / 16_000)


def test_the_node_marks_utterances_behind_a_resampler(use_rust: bool) -> None:
    x = audio.resample(speech(), 16_000, 48_000)
    pipeline = Pipeline(
        [
            AudioResampleNode(16_000),
            SileroVADNode(),
            VADTriggeredBuffer(min_speech_duration_s=0.5, silence_duration_s=0.3),
        ]
    )
    utterances = pipeline.run_sync((x, 48_000), use_rust=use_rust)
    assert len(utterances) == 5
    assert all(set(_details(utterance)) == {"start_s", "end_s"} for utterance in utterances)


def test_audio_of_another_rate_is_refused_with_the_way_out(use_rust: bool) -> None:
    pipeline = Pipeline([SileroVADNode()])
    with pytest.raises(
        RemoteMediaError, match=r"44100, expected 16000 or 8000 Hz; put an AudioResampleNode\("
    ):
        pipeline.run_sync((noise(100, 1), 44_100), use_rust=use_rust)


def test_parameters_out_of_range_are_refused() -> None:
    for settings, message in (
        ({"threshold": 1.5}, "threshold is 1.5, expected 0..1"),
        ({"speech_pad_ms": -1}, "speech_pad_ms is -1"),
        ({"sample_rate": 12_000}, "sample_rate is 12000, expected 16000 or 8000 Hz"),
        ({"sample_rate": 48_000}, "sample_rate is 48000"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            SileroVADNode(**settings)


# --- the segmenter of the fallback


def _offline(p: list[float], length: int, window: int, settings: tuple[Any, ...]) -> list[int]:
    """Starts and ends by their definition, from all probabilities at once."""
    rate, threshold, *durations = settings
    min_speech, min_silence, pad = (rate * ms // 1000 for ms in durations)
    lower = max(threshold - 0.15, 0.01)
    segments = []
    begin = pause = None
    for i, probability in enumerate(p):
        if probability >= threshold:
            begin, pause = (i * window if begin is None else begin), None
        elif probability < lower and begin is not None:
            pause = i * window if pause is None else pause
            if i * window - pause >= min_silence:
                segments.append((begin, pause))
                begin = pause = None
    if begin is not None:
        segments.append((begin, length))
    segments = [s for s in segments if s[1] - s[0] > min_speech]
    bounds = [bound for segment in segments for bound in segment]
    if not bounds:
        return []
    gaps = [2 * bounds[0]] + [b - a for a, b in zip(bounds[1::2], bounds[2::2], strict=False)]
    gaps.append(2 * (length - bounds[-1]))
    pads = [min(pad, gap // 2) for gap in gaps]
    return [
        bound - pads[i // 2] if i % 2 == 0 else bound + pads[i // 2 + 1]
        for i, bound in enumerate(bounds)
    ]


def test_segments_are_those_that_all_probabilities_together_give() -> None:
    rng = np.random.default_rng(9)
    count = 0
    for _ in range(400):
        settings = (16_000, rng.integers(1, 8) / 8, *(int(ms) for ms in rng.integers(0, 300, 3)))
        levels = np.repeat(rng.random(20), rng.integers(1, 9, 20))
        p = np.clip(levels + rng.uniform(-0.2, 0.2, levels.size), 0, 1).astype(np.float32)
        p = np.where(np.abs(p - settings[1] + 0.15) < 1e-3, 0, p)  # no ties by rounding
        last = int(rng.integers(1, 513))
        segmenter = SpeechSegmenter(*settings)
        events = [
            event
            for i, value in enumerate(p.tolist())
            for event in segmenter.push(value, last if i + 1 == p.size else 512)
        ]
        events += segmenter.finish()
        assert [e.kind for e in events] == ["start", "end"] * (len(events) // 2)
        length = (p.size - 1) * 512 + last
        assert [e.sample for e in events] == _offline(p.tolist(), length, 512, settings)
        count += len(events) // 2
    assert count > 300

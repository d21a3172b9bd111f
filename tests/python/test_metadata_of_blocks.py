"""What a detector found is counted once, however its audio is cut and whatever comes behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import Pipeline, audio
from remotemedia.nodes.audio import (
    AudioBuffer,
    AudioResampleNode,
    FormatConverterNode,
    VADNode,
    VADTriggeredBuffer,
)

RATE = 16_000
COUNTED = ("speech_frames", "total_frames")


@pytest.fixture(params=["auto", "python"])
def hint(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def clip() -> np.ndarray[Any, np.dtype[np.float32]]:
    """A second of silence, 1.5 s of a tone, and a bit more silence."""
    samples = np.zeros((1, 43_200), np.float32)
    samples[0, RATE : RATE + 24_000] = 0.3 * np.sin(np.arange(24_000) * 0.2)
    return samples


def vad_in_front(hint: str) -> Pipeline:
    return Pipeline(
        [
            VADNode(runtime_hint=hint),
            AudioResampleNode(target_sample_rate=48_000, runtime_hint=hint),
            FormatConverterNode(target_format="i16", runtime_hint=hint),
        ]
    )


@pytest.mark.parametrize("size", [40, 1_600, 43_200])
def test_chunks_count_what_the_whole_clip_counts(hint: str, size: int) -> None:
    samples = clip()
    whole = vad_in_front(hint).run_sync((samples, RATE))[2]
    chunks = iter([(samples[:, i : i + size], RATE) for i in range(0, samples.shape[1], size)])
    results = vad_in_front(hint).run_sync(chunks)
    metadata = [result[2] for result in (results if isinstance(results, list) else [results])]
    assert {key: sum(block[key] for block in metadata) for key in COUNTED} == {
        key: whole[key] for key in COUNTED
    }
    seconds = sum(end - start for block in metadata for start, end in block["speech_segments"])
    assert seconds == pytest.approx(whole["speech_frames"] * 0.03)


def test_a_file_gives_the_metadata_of_the_whole_clip(hint: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    audio.write(path, clip(), RATE)
    from_file = vad_in_front(hint).run_sync(path)
    whole = vad_in_front(hint).run_sync((clip(), RATE))
    assert from_file[2] == whole[2]
    assert np.array_equal(from_file[0], whole[0])


@pytest.mark.parametrize("chunk", [40, 1_251, 200_000])
def test_chunks_across_clips_keep_what_the_detector_said(hint: str, chunk: int) -> None:
    def utterances(*between: AudioBuffer) -> list[tuple[float, float]]:
        nodes = [
            VADNode(runtime_hint=hint),
            *between,
            VADTriggeredBuffer(runtime_hint=hint, pre_speech_buffer_s=0.25),
        ]
        results = Pipeline(nodes).run_sync([(clip(), RATE)] * 3)
        return [(metadata["start_s"], metadata["end_s"]) for _, _, metadata in results]

    expected = utterances()
    assert len(expected) == 3
    assert utterances(AudioBuffer(chunk, runtime_hint=hint)) == expected
